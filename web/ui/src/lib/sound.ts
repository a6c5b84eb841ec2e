// How the sound of a call fared on its way, in one line.
import type { Attempt, Lang } from './types';

const percent = (n: number, of: number) => {
  const p = of > 0 ? (100 * n) / of : 0;
  return p === 0 || p >= 10 ? p.toFixed(0) : p.toFixed(1);
};

/** What was lost each way, how unevenly it came, and how long it took; '' where nothing is known. */
export function fared(a: Attempt, lang: Lang): string {
  const s = a.sound;
  if (!s) return '';
  const here = percent(s.lost, s.heard + s.lost);
  const there = s.far ? percent(s.far.lost, s.sent) : undefined;
  const trip = s.far?.roundTrip;
  if (lang === 'ja') {
    const lost = there === undefined ? `受信損失 ${here}%` : `損失 受信 ${here}%・送信 ${there}%`;
    return [lost, `揺らぎ ${s.jitter.toFixed(0)} ms`, ...(trip ? [`往復 ${trip.toFixed(0)} ms`] : [])].join('、');
  }
  const lost = there === undefined ? `${here} % lost` : `${here} % lost here, ${there} % there`;
  return [lost, `jitter ${s.jitter.toFixed(0)} ms`, ...(trip ? [`round trip ${trip.toFixed(0)} ms`] : [])].join(', ');
}
