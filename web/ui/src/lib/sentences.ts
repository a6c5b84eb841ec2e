// What happened, in plain words: one sentence for each kind of timeline/timeline.go, in both languages.
// A test reads that file and fails when a kind has no sentence here.
import { remark } from './details';
import type { Both, Event, Lang, NameOf } from './types';

/** What machine detection took the one who answered for. */
function soundsLike(cause: string | undefined): Both {
  if (cause === 'human') return { en: 'a person', ja: '人' };
  if (cause === 'fax') return { en: 'a fax', ja: 'ファクス' };
  if (cause?.startsWith('machine')) return { en: 'a machine', ja: '機械（留守番電話など）' };
  return { en: 'not known', ja: '不明' };
}

type Sentence = { en: (e: Event, who: string) => string; ja: (e: Event, who: string) => string; detail?: false };

/** The kinds whose text is already in the sentence, or in the title, are marked detail: false. */
export const sentences: Record<string, Sentence> = {
  'alert.stored': { en: () => 'Alert taken in', ja: () => 'アラートを受け付けました', detail: false },
  'alert.repeated': { en: () => 'The same alert came again', ja: () => '同じアラートが再び届きました' },
  'alert.raised': { en: () => 'It got worse', ja: () => '重大度が上がりました' },
  'alert.ignored': { en: () => 'Stored; nobody is called for it', ja: () => '記録のみ。だれも呼びません' },
  'alert.acknowledged': { en: (_, w) => `${w} took the alert`, ja: (_, w) => `${w}が引き受けました` },
  'alert.exhausted': { en: () => 'The plan is at its end, and nobody took it', ja: () => '架電計画が終わりましたが、だれも引き受けていません' },
  'alert.resolved': {
    en: (e, w) => (e.person ? `${w} says that it is over` : 'Resolved: its source says it is over'),
    ja: (e, w) => (e.person ? `${w}が復旧を知らせました` : '復旧しました（送信元からの知らせ）'),
    detail: false,
  },

  'callout.started': { en: (e) => `Calling began with the plan ${e.text ?? ''}`.trim(), ja: (e) => `架電計画 ${e.text ?? ''} で呼び出しを始めました`, detail: false },
  'callout.waiting': { en: () => 'Waiting', ja: () => '待っています' },
  'callout.step': { en: () => 'A step of the plan began', ja: () => '架電計画の段を始めました' },
  'callout.resumed': { en: () => 'Calling goes on', ja: () => '呼び出しを再開しました' },
  'callout.stalled': { en: () => 'Held up by our own fault; nobody lost a turn', ja: () => 'こちら側の障害で止まっています。だれの順番も失われていません' },
  'callout.unreached': { en: (_, w) => `${w} has no way to be reached`, ja: (_, w) => `${w}には連絡できる手段がありません` },
  'callout.otherwise': { en: () => 'Nobody took it; the plan’s last resort was used', ja: () => '応答者がいないため、不応答時の手順に移りました' },

  'callout.checking': {
    en: (e, w) => (e.cause === 'unreachable' ? 'There is nobody to call about it: it stays taken, and is not asked about again' : `${w} is asked whether they are still on it`),
    ja: (e, w) => (e.cause === 'unreachable' ? '確認の電話をかける相手がいないため、引受のままとし、もう確認しません' : `まだ対応中かどうか、${w}に確認しています`),
    detail: false,
  },
  'callout.lapsed': { en: (_, w) => `${w} did not answer that: nobody has it any more, calling goes on`, ja: (_, w) => `${w}から返事がないため引受を取り消し、呼び出しを続けます`, detail: false },
  'callout.snoozed': { en: (_, w) => `${w} wants to be left alone with it for a while`, ja: (_, w) => `${w}がスヌーズしました（しばらく確認の電話をしません）` },
  'callout.hand-over': { en: (_, w) => `${w} hands it over`, ja: (_, w) => `${w}が引き継ぎを頼みました` },
  'callout.summoned': { en: (_, w) => `${w} calls everybody in who has not answered`, ja: (_, w) => `${w}が、まだ応答していない全員を呼び出しました`, detail: false },
  'callout.halted': { en: () => 'The kill switch holds: nobody is rung', ja: () => '発信停止中です。だれも呼びません' },
  'callout.spoke': { en: (_, w) => `${w} left a word for whoever comes after`, ja: (_, w) => `${w}が申し送りを吹き込みました`, detail: false },
  'callout.alive': { en: (_, w) => `${w} is still on it`, ja: (_, w) => `${w}は対応を続けています` },

  'attempt.dialing': { en: (_, w) => `Calling ${w}`, ja: (_, w) => `${w}に発信中` },
  'attempt.ringing': { en: (_, w) => `${w}’s phone rings`, ja: (_, w) => `${w}の電話が鳴っています` },
  'attempt.answered': { en: (_, w) => `${w}’s phone was answered`, ja: (_, w) => `${w}の電話がつながりました` },
  'attempt.digit': { en: (e, w) => `${w} pressed ${e.digit ?? '?'}`, ja: (e, w) => `${w}が ${e.digit ?? '?'} を押しました` },
  'attempt.confirmed': { en: (_, w) => `${w} confirmed`, ja: (_, w) => `${w}が応答確認をしました` },
  'attempt.passed': { en: (_, w) => `${w} passed: somebody else, please`, ja: (_, w) => `${w}は見送りました（次の人へ）` },
  'attempt.busy': { en: (_, w) => `${w}’s line is busy, or the call was declined`, ja: (_, w) => `${w}は話し中、または着信を拒否しました` },
  'attempt.no-answer': { en: (_, w) => `${w} did not answer`, ja: (_, w) => `${w}は応答しませんでした` },
  'attempt.rejected': { en: (_, w) => `${w} rejected the call`, ja: (_, w) => `${w}が着信を拒否しました` },
  'attempt.unreachable': { en: (_, w) => `${w} could not be reached`, ja: (_, w) => `${w}につながりませんでした` },
  'attempt.invalid': { en: (_, w) => `${w}’s number does not exist`, ja: (_, w) => `${w}の番号は使われていません` },
  'attempt.machine': { en: (_, w) => `A machine answered for ${w}`, ja: (_, w) => `${w}の電話に機械（留守番電話など）が応答しました` },
  'attempt.not-confirmed': { en: (_, w) => `${w}’s phone was answered, but nobody pressed a key`, ja: (_, w) => `${w}の電話はつながりましたが、応答確認がありません` },
  'attempt.canceled': { en: (_, w) => `The call to ${w} was stopped`, ja: (_, w) => `${w}への呼び出しを止めました` },
  'attempt.lost': { en: (_, w) => `kaden was restarted during the call to ${w}`, ja: (_, w) => `${w}との通話中に kaden が再起動しました` },
  'attempt.fault': { en: (_, w) => `Our own fault: ${w} could not be called; no turn is lost`, ja: (_, w) => `こちら側の障害で${w}を呼べませんでした（順番は失われません）` },
  'attempt.bundled': { en: (_, w) => `${w} hears it in the call that is under way`, ja: (_, w) => `進行中の通話で${w}に伝えます（相乗り）`, detail: false },
  'attempt.detected': {
    en: (e, w) => (e.cause === 'human' ? `It sounds as if a person answered for ${w}` : e.cause === 'unknown' ? `Whether ${w} or a machine answered cannot be told` : `It sounds as if a machine answered for ${w}`),
    ja: (e, w) => (e.cause === 'human' ? `${w}の電話に出たのは人のようです` : e.cause === 'unknown' ? `${w}の電話に出たのが人か機械か分かりません` : `${w}の電話に出たのは機械のようです`),
  },
  'attempt.called-back': { en: (_, w) => `${w} called us`, ja: (_, w) => `${w}から電話がありました`, detail: false },
  'attempt.joined': { en: (_, w) => `${w} is in the conference`, ja: (_, w) => `${w}が会議通話に入りました`, detail: false },
  'attempt.left': { en: (_, w) => `${w} left the conference`, ja: (_, w) => `${w}が会議通話から抜けました`, detail: false },

  'caller.waiting': { en: () => 'Somebody has called the hotline and waits on the line', ja: () => 'ホットラインに電話があり、相手がお待ちです' },
  'caller.joined': { en: () => 'The caller is in the conference', ja: () => '電話をかけてきた人が会議通話に入りました' },
  'caller.left': { en: () => 'The caller is not on the line any more', ja: () => '電話をかけてきた人は、もう電話口にいません' },

  'call.queued': { en: () => 'Call queued', ja: () => '通話を受け付けました' },
  'call.initiated': { en: () => 'Call dialled', ja: () => '発信しました' },
  'call.ringing': { en: () => 'Ringing', ja: () => '呼び出し中です' },
  'call.in-progress': { en: () => 'Answered', ja: () => 'つながりました' },
  'call.digit': { en: (e) => `Key ${e.digit ?? '?'} pressed`, ja: (e) => `${e.digit ?? '?'} が押されました` },
  'call.detected': { en: (e) => `Detection says: ${soundsLike(e.cause).en}`, ja: (e) => `応答したのは${soundsLike(e.cause).ja}のようです` },
  'call.double-ring': { en: () => 'The phone may have rung twice', ja: () => '電話が二度鳴った可能性があります' },
  'call.forwarded': {
    en: (e) => (e.cause === 'moved' ? 'Sent on to another number, which is called' : e.cause === 'not-followed' ? 'Sent on to another number, which is not called' : 'Forwarded to another telephone'),
    ja: (e) => (e.cause === 'moved' ? '転送先の番号を呼び出します' : e.cause === 'not-followed' ? '転送先の番号には掛けません' : '別の電話に転送されました'),
  },
  'call.played': {
    en: (e) => `The line plays ${linePlays[e.cause ?? '']?.en ?? e.cause ?? '?'}`,
    ja: (e) => `回線から${linePlays[e.cause ?? '']?.ja ?? e.cause ?? '？'}が聞こえます`,
  },
  'call.heard': { en: () => 'First sound of the other side', ja: () => '相手の最初の音' },
  'call.charged': { en: () => 'What it cost', ja: () => 'この通話の料金です' },
  'call.ended': { en: () => 'Call ended', ja: () => '通話が終わりました' },

  'notice.raised': {
    en: (e, w) => (e.cause === 'stopped' ? `${w} stopped the calls` : e.cause === 'halted' ? 'The kill switch' : e.cause === 'budget' ? 'The budget' : 'Notice'),
    ja: (e, w) => (e.cause === 'stopped' ? `${w}が呼び出しを止めました` : e.cause === 'halted' ? '発信停止' : e.cause === 'budget' ? '予算のお知らせ' : 'お知らせ'),
  },
};

/** What a line plays before an answer, or in the place of one. */
const linePlays: Record<string, Both> = {
  ringback: { en: 'ringback', ja: '呼出音' },
  busy: { en: 'a busy tone', ja: '話中音' },
  congestion: { en: 'the tone of a full network', ja: '輻輳（混雑）音' },
  'information-tones': { en: 'the network’s information tones', ja: '案内前の三連音' },
  announcement: { en: 'an announcement', ja: 'アナウンス' },
  music: { en: 'music', ja: '音楽' },
  silence: { en: 'nothing', ja: '無音' },
  noise: { en: 'noise', ja: '雑音' },
  fax: { en: 'a fax', ja: 'ファクス' },
};

const somebody: Both = { en: 'somebody', ja: 'だれか' };
const doors: Record<string, Both> = {
  console: { en: 'Somebody at the console', ja: 'コンソールの操作者' },
  api: { en: 'A program', ja: 'API のプログラム' },
  'a real alert': { en: 'A real alert', ja: '本物のアラート' },
  link: { en: 'Somebody with the link', ja: 'リンクを開いた人' },
};

/** A person's name as it stands in a sentence; さん for people in Japanese. */
export function called(id: string | undefined, lang: Lang, nameOf: NameOf): string {
  if (!id) return somebody[lang];
  const door = doors[id];
  if (door) return door[lang];
  const name = nameOf(id);
  if (lang === 'en') return name;
  return /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}ー]$/u.test(name) ? `${name}さん` : `${name} さん`;
}

/** The sentence of an event, and what else was said about it. Unknown kinds of a newer server show themselves. */
export function sentence(e: Event, lang: Lang, nameOf: NameOf): { text: string; detail: string; detailLang: Lang } {
  const s = sentences[e.kind];
  if (!s) return { text: e.kind, detail: e.text ?? '', detailLang: 'en' };
  const said = s.detail === false || e.cause === 'stopped' ? { text: '', lang } : remark(e.text ?? '', lang, nameOf);
  return { text: s[lang](e, called(e.person, lang, nameOf)), detail: said.text, detailLang: said.lang };
}

/** Whether an event should be read out by a screen reader: turns of the story, not each ring. */
export function worthSaying(e: Event): boolean {
  return /^(alert\.|caller\.|attempt\.(answered|confirmed|passed|fault|joined|left|called-back)|callout\.(stalled|otherwise|lapsed|hand-over|summoned|halted|spoke)|notice\.)/.test(e.kind);
}
