// How a line to the telephone network, or an SMSC, stands: in a word, and why. Pure.
import type { Tone } from './standing';
import type { Both, SMSC, Trunk } from './types';

export interface Line {
  tone: Tone;
  word: Both;
  /** In the server's words; undefined where there is nothing to say. */
  why?: string;
}

const standings: Record<NonNullable<Trunk['standing']>['state'], { tone: Tone; word: Both }> = {
  registered: { tone: 'well', word: { en: 'registered', ja: '登録済み' } },
  answering: { tone: 'well', word: { en: 'answers', ja: '応答あり' } },
  waiting: { tone: 'rest', word: { en: 'being asked', ja: '確認中' } },
  refused: { tone: 'alarm', word: { en: 'does not let us in', ja: '接続を拒否されています' } },
  silent: { tone: 'alarm', word: { en: 'does not answer', ja: '応答がありません' } },
};

const states: Record<Trunk['state'], { tone: Tone; word: Both }> = {
  well: { tone: 'well', word: { en: 'in order', ja: '正常' } },
  unknown: { tone: 'rest', word: { en: 'not tried yet', ja: '未確認' } },
  due: { tone: 'calling', word: { en: 'failed lately', ja: '直近の通話に失敗' } },
  resting: { tone: 'alarm', word: { en: 'resting', ja: '休止中' } },
};

/** What its carrier says of it goes before what calls have come to; what calls have come to before all is well. */
export function lineOf(k: Trunk): Line {
  const said = k.standing && standings[k.standing.state];
  if (said && (said.tone !== 'well' || k.state === 'well' || k.state === 'unknown')) return { ...said, why: k.standing?.why || k.why || undefined };
  return { ...states[k.state], why: k.why || undefined };
}

/** An SMSC; one that nothing is known of is being asked. */
export function smscOf(c: SMSC): Line {
  const state = c.standing?.state ?? 'waiting';
  const said = standings[state];
  return { ...(state === 'registered' ? { tone: said.tone, word: { en: 'connected', ja: '接続済み' } } : said), why: c.standing?.why || undefined };
}
