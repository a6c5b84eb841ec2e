// How an alert stands, said big: the one thing somebody wants to know at 3 a.m.
import type { Alert, Attempt, Both, Lang, NameOf, Why } from './types';
import { called } from './sentences';

/** The colour of a state. Never the only sign of it: the words and the mark say the same. */
export type Tone = 'calling' | 'alarm' | 'taken' | 'well' | 'rest';

export interface Standing {
  tone: Tone;
  /** One or two words, for the list. */
  word: string;
  /** A whole sentence, for the head of the page. */
  says: string;
  /** Whether somebody may still be called for it. */
  open: boolean;
}

/** The first two by name: the list below has them all, and a headline that grows pushes the buttons away. */
export function several(who: string[], lang: Lang): string {
  const more = who.length - 2;
  const two = who.slice(0, 2).join(lang === 'ja' ? '、' : ', ');
  return more <= 0 ? two : lang === 'ja' ? `${two}ほか ${more} 人` : `${two} and ${more} more`;
}

export function standing(a: Alert & { why?: Why }, lang: Lang, nameOf: NameOf): Standing {
  const pick = (b: Both) => b[lang];
  const who = called(a.by, lang, nameOf);
  if (a.stopped && a.status !== 'resolved') { // kept as that person's, and taken by nobody
    return { tone: 'rest', word: pick({ en: 'Stopped', ja: '停止' }), says: pick({ en: a.by ? `${who} stopped it; nobody has taken it` : 'Stopped; nobody has taken it', ja: a.by ? `${who}が停止しました（引受なし）` : '停止しました（引受なし）' }), open: false };
  }
  switch (a.status) {
    case 'acknowledged':
      return { tone: 'taken', word: pick({ en: 'Taken', ja: '引受済み' }), says: pick({ en: `${who} took it`, ja: `${who}が引き受けました` }), open: false };
    case 'resolved':
      return { tone: 'well', word: pick({ en: 'Resolved', ja: '復旧' }), says: pick({ en: 'Resolved', ja: '復旧しました' }), open: false };
    case 'ignored':
      return { tone: 'rest', word: pick({ en: 'Stored only', ja: '記録のみ' }), says: pick({ en: 'Stored; nobody is called for it', ja: '記録のみ。だれも呼びません' }), open: false };
    case 'exhausted':
      if (a.why) return { tone: 'alarm', word: pick({ en: 'Nobody called', ja: '呼び出しなし' }), says: pick({ en: 'Nobody could be called', ja: 'だれも呼び出せませんでした' }), open: true };
      return { tone: 'alarm', word: pick({ en: 'Nobody answered', ja: '応答者なし' }), says: pick({ en: 'Everybody was called. Nobody took it.', ja: '全員を呼びましたが、だれも引き受けていません' }), open: true };
  }
  const names = (status: string) => several(a.now.filter((r) => r.status === status).map((r) => called(r.person, lang, nameOf)), lang);
  const listening = names('answered');
  if (listening) {
    return { tone: 'calling', word: pick({ en: 'On the phone', ja: '通話中' }), says: pick({ en: `On the phone with ${listening}`, ja: `${listening}と通話中` }), open: true };
  }
  const ringing = names('ringing');
  if (ringing) {
    return { tone: 'calling', word: pick({ en: 'Ringing', ja: '呼出中' }), says: pick({ en: `Ringing ${ringing}`, ja: `${ringing}を呼び出しています` }), open: true };
  }
  const dialing = names('dialing');
  if (dialing) {
    return { tone: 'calling', word: pick({ en: 'Calling', ja: '発信中' }), says: pick({ en: `Calling ${dialing}`, ja: `${dialing}に発信しています` }), open: true };
  }
  return { tone: 'calling', word: pick({ en: 'Waiting', ja: '待機中' }), says: pick({ en: 'Nobody has taken it yet', ja: 'まだだれも引き受けていません' }), open: true };
}

/** How an attempt stands or ended. */
export const outcomes: Record<Attempt['status'], Both & { tone: Tone }> = {
  dialing: { en: 'calling', ja: '発信中', tone: 'calling' },
  ringing: { en: 'ringing', ja: '呼出中', tone: 'calling' },
  answered: { en: 'on the phone', ja: '通話中', tone: 'calling' },
  confirmed: { en: 'confirmed', ja: '応答確認', tone: 'taken' },
  passed: { en: 'passed', ja: '見送り', tone: 'rest' },
  busy: { en: 'busy or declined', ja: '話し中か拒否', tone: 'rest' },
  'no-answer': { en: 'no answer', ja: '応答なし', tone: 'rest' },
  rejected: { en: 'rejected', ja: '着信拒否', tone: 'rest' },
  unreachable: { en: 'not reached', ja: 'つながらず', tone: 'rest' },
  invalid: { en: 'no such number', ja: '番号なし', tone: 'alarm' },
  machine: { en: 'machine answered', ja: '機械が応答', tone: 'rest' },
  'not-confirmed': { en: 'answered, no key', ja: '応答、確認なし', tone: 'rest' },
  canceled: { en: 'stopped', ja: '停止', tone: 'rest' },
  lost: { en: 'lost in a restart', ja: '再起動で中断', tone: 'alarm' },
  fault: { en: 'our own fault', ja: 'こちらの障害', tone: 'alarm' },
};

export const severities: Record<Alert['severity'], Both> = {
  critical: { en: 'critical', ja: '重大' },
  error: { en: 'error', ja: '障害' },
  warning: { en: 'warning', ja: '警告' },
  info: { en: 'information', ja: '情報' },
  unknown: { en: 'unknown severity', ja: '重大度不明' },
};

/** Why a call ended, where that says more than how it ended. */
const causes: Record<string, Both> = {
  taken: { en: 'somebody took it', ja: 'だれかが引き受けたため' },
  resolved: { en: 'resolved', ja: '復旧したため' },
  deadline: { en: 'the time was over', ja: '期限のため' },
  stopped: { en: 'stopped by hand', ja: '手動で停止' },
  'hung-up': { en: 'hung up', ja: '相手が切断' },
  congested: { en: 'the network is full', ja: '回線混雑' },
  proof: { en: 'pressed the digit that was spoken', ja: '読み上げた数字を押した' },
  hangup: { en: 'hung up after the message: a weak sign', ja: '聞き終えて切断（弱い確認）' },
  halted: { en: 'the kill switch', ja: '発信停止' },
  machine: { en: 'a machine answered', ja: '機械が応答' },
  elsewhere: { en: 'on another phone of theirs', ja: '本人が別の電話に出たため' },
  'call-back': { en: 'the person called us', ja: '本人から着信' },
  'media-lost': { en: 'the sound was lost', ja: '音声が途絶' },
};

/** What detection takes the one who answered for; '' if it was not asked, or does not know. */
export function answeredBy(a: Attempt, lang: Lang): string {
  const by = a.answeredBy ?? '';
  if (by === 'human') return lang === 'ja' ? '人のようです' : 'a person';
  if (by.startsWith('machine')) return lang === 'ja' ? '機械のようです' : 'a machine';
  return by === 'fax' ? (lang === 'ja' ? 'ファクス' : 'a fax') : '';
}

/** Those that only repeat the outcome. */
const idle = new Set(['ring-time', 'listened', 'completed', 'canceled', 'invalid-number', 'key', 'none']);

export function cause(a: Attempt, lang: Lang): string {
  if (!a.cause || a.cause === a.status || idle.has(a.cause)) return '';
  return causes[a.cause]?.[lang] ?? a.cause;
}
