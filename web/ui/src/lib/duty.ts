// Presence in words. Pure.
import { remark } from './details';
import { clock, day, sameDay } from './time';
import type { Device, Lang, Reason } from './types';

/** Chromium 156 on Linux, from a User-Agent; what is not known stays as it is, cut short. */
export function agent(text: string | undefined): string {
  if (!text) return '';
  const browser = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(text.replace(/Chrome\/[\d.]+ (?=.*(Edg|OPR)\/)/, ''));
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', Firefox: 'Firefox', Chrome: 'Chrome', Version: 'Safari' };
  const system = /iPhone|iPad|Android|Windows|Mac OS X|CrOS|Linux/.exec(text)?.[0].replace('Mac OS X', 'macOS').replace('CrOS', 'ChromeOS');
  if (browser && text.startsWith('Mozilla/')) return [`${names[browser[1]!]} ${browser[2]}`, system].filter(Boolean).join(' · ');
  return text.length > 40 ? text.slice(0, 39) + '…' : text;
}

/** since 21:40 / 21:40 から; with the day if it was another one. */
export function since(iso: string, now: number, lang: Lang, zone?: string): string {
  const today = sameDay(iso, new Date(now).toISOString(), zone);
  const at = (today ? '' : day(iso, lang, zone) + ' ') + clock(iso, zone).slice(0, 5);
  return lang === 'ja' ? `${at} から` : `since ${at}`;
}

/** 2 tabs / タブ 2 つ; one needs no number. */
export function count(devices: Device[], lang: Lang): string {
  const n = devices.length;
  if (n < 2) return '';
  const tabs = devices[0]!.kind === 'browser';
  if (lang === 'ja') return tabs ? `タブ ${n} つ` : `${n} 台`;
  return tabs ? `${n} tabs` : `${n} phones`;
}

/** Since when somebody has been there without a break: the one that has been there longest. */
export function longest(devices: Device[]): string {
  return devices.map((d) => d.since).toSorted()[0] ?? '';
}

const reasons = {
  'no-browser': { en: 'no browser on duty', ja: 'ブラウザが待受していません' },
  'no-phone': { en: 'no phone registered', ja: '電話機が登録されていません' },
  'line-down': { en: 'the trunk is down', ja: '回線が使えません' },
};

/** Why a contact cannot be reached; what the documents forbid is told in the server's words, where there are no others. */
export function reason(r: Reason, lang: Lang): { text: string; lang: Lang } {
  return r.code === 'never' ? remark(r.text, lang, (id) => id) : { text: reasons[r.code][lang], lang };
}
