// What this browser's reader prefers: kept in this browser alone.
import type { Lang } from './types';
import { words, type Word } from './words';

function kept(key: string): string | null {
  try {
    return localStorage.getItem('kaden.' + key);
  } catch {
    return null; // storage is forbidden here
  }
}

function keep(key: string, value: string) {
  try {
    localStorage.setItem('kaden.' + key, value);
  } catch {
    // it holds for this visit then
  }
}

type Theme = 'system' | 'light' | 'dark';

class Prefs {
  lang = $state<Lang>('en');
  theme = $state<Theme>('system');
  /** The person who sits here, by id; '' if not said. */
  me = $state('');

  constructor() {
    const l = kept('lang');
    this.lang = l === 'ja' || l === 'en' ? l : navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
    const t = kept('theme');
    this.theme = t === 'light' || t === 'dark' ? t : 'system';
    this.me = kept('me') ?? '';
    this.show();
  }

  speak(l: Lang) {
    this.lang = l;
    keep('lang', l);
    this.show();
  }

  /** Turns what is seen now into its opposite. */
  turn() {
    const dark = this.theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : this.theme === 'dark';
    this.theme = dark ? 'light' : 'dark';
    keep('theme', this.theme);
    this.show();
  }

  iAm(id: string) {
    this.me = id;
    keep('me', id);
  }

  private show() {
    document.documentElement.lang = this.lang;
    if (this.theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

export const prefs = new Prefs();

/** A word in the reader's language. */
export const t = (w: Word): string => words[w][prefs.lang];
