// Times as people read them at night. All functions are pure; the moment comes from the caller.
import type { Lang } from './types';

const locale = { en: 'en-GB', ja: 'ja-JP' } as const;

/** 03:12:08, in the reader's own time zone. */
export function clock(iso: string, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: zone,
  }).format(new Date(iso));
}

/** Sat 22 Nov / 11月22日(土). */
export function day(iso: string, lang: Lang, zone?: string): string {
  return new Intl.DateTimeFormat(locale[lang], { weekday: 'short', day: 'numeric', month: 'short', timeZone: zone }).format(new Date(iso));
}

/** JST, GMT+1: by which clock the times of a page are. */
export function zone(iso: string, lang: Lang, zone?: string): string {
  const parts = new Intl.DateTimeFormat(locale[lang], { timeZoneName: 'short', timeZone: zone }).formatToParts(new Date(iso));
  return parts.find((p) => p.type === 'timeZoneName')?.value ?? '';
}

/** 03:12:08 JST: a time that stands alone, and says by which clock it is. */
export function clockZone(iso: string, lang: Lang, where?: string): string {
  return `${clock(iso, where)} ${zone(iso, lang, where)}`;
}

/** True when both moments are on the same day of the reader's calendar. */
export function sameDay(a: string, b: string, zone?: string): boolean {
  return day(a, 'en', zone) === day(b, 'en', zone) && Math.abs(Date.parse(a) - Date.parse(b)) < 48 * 3600_000;
}

/** Whole seconds from one moment to another, never less than 0: clocks of two machines differ a little. */
export function secondsBetween(from: string | number, to: string | number): number {
  const ms = (t: string | number) => (typeof t === 'number' ? t : Date.parse(t));
  return Math.max(0, Math.floor((ms(to) - ms(from)) / 1000));
}

/** 12 s, 1:05, 2:10:00: a length of time that is being counted. */
export function span(seconds: number, lang: Lang): string {
  if (seconds < 60) return lang === 'ja' ? `${seconds} 秒` : `${seconds} s`;
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  return h > 0 ? `${h}:${two(m)}:${two(seconds % 60)}` : `${m}:${two(seconds % 60)}`;
}

/** just now, 5 min ago, 3 h ago, 2 days ago. */
export function ago(iso: string, now: number, lang: Lang): string {
  const s = secondsBetween(iso, now);
  const [n, unit] = s < 60 ? [0, 'now'] as const
    : s < 3600 ? [Math.floor(s / 60), 'min'] as const
    : s < 86400 ? [Math.floor(s / 3600), 'h'] as const
    : [Math.floor(s / 86400), 'day'] as const;
  if (unit === 'now') return lang === 'ja' ? 'たった今' : 'just now';
  if (lang === 'ja') return `${n} ${{ min: '分', h: '時間', day: '日' }[unit]}前`;
  return `${n} ${unit === 'day' && n > 1 ? 'days' : unit} ago`;
}

/** How far the server's clock is ahead of this one, in ms. Its Date header has whole seconds, so less than two is nothing. */
export function skew(date: string | null, asked: number, answered: number): number {
  const server = date ? Date.parse(date) : NaN;
  if (Number.isNaN(server)) return 0;
  const off = server + 500 - (asked + answered) / 2;
  return Math.abs(off) < 2000 ? 0 : Math.round(off);
}
