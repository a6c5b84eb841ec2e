// The machine's remarks are English; the common ones are said in Japanese as well. One that is not known
// here stays as it is: it is a detail, and the sentence above it says what happened.
import type { Lang, NameOf } from './types';

type Remark = [RegExp, (m: RegExpExecArray, nameOf: NameOf) => string];

/** 90s, 2m, 1h30m as Japanese writes them, spaced as everywhere else in the console. */
function duration(s: string): string {
  return s.replace(/(\d+(?:\.\d+)?)(h|m|s)/g, (_, n: string, u: string) => `${n} ${{ h: '時間', m: '分', s: '秒' }[u as 'h' | 'm' | 's']} `).trim();
}

const orders: Record<string, string> = { together: '一斉', 'one after another': '順次', 'in turn, round robin': '輪番' };
const ends: Record<string, string> = {
  'is busy or declined': 'は話し中か拒否',
  'did not answer': 'は応答なし',
  'rejected the call': 'は着信拒否',
  'cannot be reached': 'につながらず',
  'has a number that does not exist': 'の番号は使われていない',
  'has a machine answering': 'の電話は機械が応答',
  'answered and pressed no key': 'は応答したが確認なし',
  passed: 'は見送り',
  'was cut off when kaden stopped': 'との通話は再起動で中断',
  'was not called: our own fault': 'を呼べず（こちら側の障害）',
  'was no longer called': 'への呼び出しは中止',
  'listens without pressing a key': 'は聞いているがキーを押していない',
};
const who = Object.keys(ends).join('|');

/** Steps that no plan writes. */
const besides: Record<string, string> = { check: '継続確認', 'hand-over': '引き継ぎ', 'last resort': '最後の手段', everybody: '全員の呼び出し' };

const remarks: Remark[] = [
  [/^step (\d+), round (\d+): (\d+) (?:person|people), (together|one after another|in turn, round robin)(, everyone is asked)?$/,
    (m) => `第 ${m[1]} 段・${m[2]} 巡目：${m[3]} 人、${orders[m[4]!]}${m[5] ? '、全員に確認' : ''}`],
  [/^(check|hand-over|last resort|everybody), round (\d+): (\d+) (?:person|people), (together|one after another|in turn, round robin)(, everyone is asked)?$/,
    (m) => `${besides[m[1]!]}・${m[2]} 巡目：${m[3]} 人、${orders[m[4]!]}`],
  [/^for up to (\S+?)(?:, method (\d+) of (\d+)( together)?)?(?:: (.*))?$/,
    (m, n) => `最長 ${duration(m[1]!)}${m[2] ? `・連絡先 ${m[2]}/${m[3]}` : ''}${m[4] ? '（同時に鳴らす）' : ''}${m[5] ? `（${inJapanese(m[5], n)}）` : ''}`],
  [/^step (\d+) begins$/, (m) => `第 ${m[1]} 段の始まり`],
  [/^round (\d+)$/, (m) => `${m[1]} 巡目`],
  [/^the alert is stored$/, () => 'アラートを受け付けたため'],
  [/^the wait is over$/, () => '待ち時間が終わったため'],
  [/^again after a busy line$/, () => '話し中だったため、もう一度'],
  [/^again after our own fault$/, () => 'こちら側の障害のあと、もう一度'],
  [/^everybody passed$/, () => '全員が見送ったため'],
  [/^the plan begins again$/, () => '架電計画を最初から繰り返します'],
  [new RegExp(`^(\\S+) (${who})$`), (m, n) => `${n(m[1]!)}${ends[m[2]!]}`],
  [/^rest of (\S+) before round (\d+)$/, (m) => `${m[2]} 巡目まで ${duration(m[1]!)}の休み`],
  [/^rest of (\S+) before the plan begins again, (\d+) of (\d+)$/, (m) => `架電計画の繰り返し（${m[2]}/${m[3]}）まで ${duration(m[1]!)}の休み`],
  [/^grace of (\S+) before the first ring$/, (m) => `最初の呼び出しまで ${duration(m[1]!)}の猶予`],
  [/^step (\d+): wait of (\S+)$/, (m) => `第 ${m[1]} 段：${duration(m[2]!)}待ち`],
  [/^step (\d+): its time is over, nobody of it is rung any more$/, (m) => `第 ${m[1]} 段の時間が終わり、この段の人はもう呼びません`],
  [/^the deadline of (\S+) is over: nobody is rung any more$/, (m) => `期限の ${duration(m[1]!)}が過ぎたため、もうだれも呼びません`],
  [/^the voicemail of (\S+) answered after (\d+) s: ring: (\d+)s$/,
    (m) => `${m[1]} の留守番電話が ${m[2]} 秒で応答しました。連絡先に ring: ${m[3]}s と書くと、その前に切れます`],
  [/^the voicemail of (\S+) answered after (\d+) s: no ring time is short enough/,
    (m) => `${m[1]} の留守番電話が ${m[2]} 秒で応答しました。呼び出し時間では避けられません。電源が切れているか、応答までの秒数を延ばす必要があります`],
  [/^somebody else waits for this line$/, () => 'この回線をほかの人への発信が待っていたため'],
  [/^a tone in the sound: counts when it is heard twice$/, () => '音声のなかの押し音：二回聞こえたら有効'],
  [/^rang for (\S+)$/, (m) => `${duration(m[1]!)}間呼び出し`],
  [/^fires for the (\d+)\. time$/, (m) => `${m[1]} 回目の発生`],
  [/^the (\d+)\. that could not be read: (.*)$/, (m) => `読み取れない内容（${m[1]} 件目）：${m[2]}`],
  [/^(\S+) can be read again$/, (m) => `${m[1]} から読み取れる内容が届きました`],
  [/^fires again after it was resolved; the call-out resumes at its place$/, () => '復旧後に再び発生。中断したところから再開します'],
  [/^fires again$/, () => '再び発生'],
  [/^(\d+) of (\d+) confirmed$/, (m) => `${m[2]} 人中 ${m[1]} 人が応答確認`],
  [/^is on another phone$/, () => '本人が別の電話に出ています'],
  [/^has decided on another phone$/, () => '本人が別の電話で返事をしました'],
  [/^is told in the call that is under way$/, () => '進行中の通話で伝えます'],
  [/^stops ringing$/, () => '呼び出しを止めました'],
  [/^was listening, and is told so$/, () => '通話中のため、その旨を伝えています'],
  [/^nobody took it$/, () => 'だれも引き受けませんでした'],
  [/^nothing was heard of this call any more$/, () => 'この通話から何も知らせがなくなりました'],
  [/^no trunk to the telephone network is set up$/, () => '電話網への回線が設定されていません'],
  [/^hung up$/, () => '相手が切りました'],
  [/^taken$/, () => '引き受けた人がいるため'],
  [/^accept$/, () => '引受'],
  [/^pass$/, () => '見送り'],
  [/^repeat$/, () => 'もう一度聞く'],
  [/^has no meaning here$/, () => 'このキーに割り当てはありません'],
  [/^before the answer: ignored$/, () => '応答前のため無視しました'],
  [/^information; nobody is rung for it$/, () => '情報のため、だれも呼びません'],
  [/^resolves something that is not open$/, () => '発生中のアラートがない復旧の知らせ'],
  [/^kaden was restarted within the call$/, () => '通話中に kaden が再起動しました'],
  [/^called (\d+) times within the hour; the next person is rung$/, (m) => `1 時間に ${m[1]} 回呼んだため、次の人を呼びます`],
  [/^nobody is rung for (\S+)$/, (m) => `${duration(m[1]!)}のあいだ、だれも呼びません`],
  [/^Nobody was called: nobody of plan "(.+)" can be called: .*$/, (m) => `架電計画「${m[1]}」には呼び出せる人がいません`],
  [/^Nobody was called: (\S+) took it before anybody was rung\.$/, (m, n) => `呼び出す前に${n(m[1]!)}が引き受けました`],
  [/^Nobody was called: (\S+) stopped the call-out\.$/, (m, n) => `${n(m[1]!)}が呼び出しを止めました`],
  [/^Nobody was called: it was over at (\S+)\.$/, (m) => `${m[1]} に復旧したため、だれも呼びませんでした`],
  [/^Nobody was called: it was over at (\S+), within the grace of (\S+) before the first ring\.$/, (m) => `最初の呼び出しまでの猶予 ${duration(m[2]!)}のうち、${m[1]} に復旧しました`],
  [/^Nobody was called: the kill switch held\..*$/, () => '発信停止中だったため、だれも呼びませんでした'],
  [/^Nobody was called: everybody had been called too often within the hour\.$/, () => '全員が 1 時間の呼び出し回数の上限に達していました'],
  [/^Nobody was called: none of them can be reached\.$/, () => '連絡できる人がいません'],
  [/^Nobody was called: information; nobody is rung for it\.$/, () => '情報のため、だれも呼びません'],
  [/^Nobody was called: there is no call-out for this alert\.$/, () => 'このアラートには架電がありません'],
  [/^Nobody has been called yet: grace of (\S+) before the first ring\.$/, (m) => `最初の呼び出しまで ${duration(m[1]!)}の猶予中です`],
  [/^Nobody has been called yet\.$/, () => 'まだだれも呼んでいません'],
  [/^unknown over (\S+): .*$/, (m) => `不明（回線 ${m[1]}）`],
  [/^(\S+ [A-Z]{3}) over (\S+): nobody answered$/, (m) => `${m[1]}（回線 ${m[2]}・応答なし）`],
  [/^(\S+ [A-Z]{3}) over (\S+): (\S+) talked(?:, (\d+) × (\S+))?$/, (m) => `${m[1]}（回線 ${m[2]}・通話 ${duration(m[3]!)}${m[4] ? `、${m[4]} × ${duration(m[5]!)}` : ''}）`],
  [/^(?:Nobody was called: )?telephones are not rung for this warning: the month's budget is used up: (\S+) of (\S+ [A-Z]{3}) of budget "(.+)"; it would ring if it were critical\.?$/,
    (m) => `警告のため電話を鳴らしません：今月の予算「${m[3]}」${m[2]} を使い切りました（使用額 ${m[1]}）。重大なアラートであれば鳴らします`],
  [/^not called for a warning: the month's budget is used up: (\S+) of (\S+ [A-Z]{3}) of budget "(.+)"$/, (m) => `警告では呼びません：今月の予算「${m[3]}」${m[2]} を使い切りました（使用額 ${m[1]}）`],
  [/^(\d+) % of the month's budget is reached: (\S+) of (\S+ [A-Z]{3}) of budget "([^"]+)"(.*)$/,
    (m) => `今月の予算「${m[4]}」の ${m[1]} % に達しました（${m[2]} / ${m[3]}）${m[5]!.includes('warnings ring no telephone') ? '。これより警告では電話を鳴らしません' : ''}${m[5]!.includes('REST API') ? '。REST API からの発信は断ります' : ''}`],
  [/^people are called again\b.*$/, () => '発信を再開しました'],
  [/^nobody is called until (\S+): stopped by (\S+?)(?:: (.*))?$/, (m, n) => `${m[1]} まで、だれも呼びません（${n(m[2]!)}${m[3] ? `：${m[3]}` : ''}）`],
  [/^people may be rung again$/, () => '発信を再開します'],
  [/^left alone with it for (\S+)$/, (m) => `${duration(m[1]!)}`],
  [/^gives it to (\S+)$/, (m, n) => `引き継ぐ相手：${n(m[1]!)}`],
  [/^(\S+) hands it over$/, (m, n) => `${n(m[1]!)}が引き継ぎを頼んだため`],
  [/^still on it\?$/, () => 'まだ対応中かの確認'],
  [/^released by (\S+)$/, (m, n) => `${n(m[1]!)}が引受をやめました`],
  [/^lapsed: (\S+) did not answer$/, (m, n) => `${n(m[1]!)}から返事がないため`],
  [/^not taken over by (\S+)$/, (m, n) => `${n(m[1]!)}が引き継がなかったため`],
  [/^it is handed over$/, () => '引き継ぎのため'],
  [/^everybody is wanted$/, () => '全員を呼び出すため'],
  [/^a second call, through do-not-disturb$/, () => 'おやすみモードを通すための 2 回目'],
  [/^fires again, and again: rings through$/, () => '何度も再発しているため、呼び出します'],
  [/^fires again, rings nobody: it was \S+$/, () => '再び発生。以前と同じく、だれも呼びません'],
  [/^too late: the call was being ended$/, () => '切断中のため間に合いませんでした'],
  [/^could not be called in this round: our own fault$/, () => 'こちら側の障害で、この巡では呼べませんでした'],
  [/^nobody took it: from now on everybody of the default contacts is called every (\S+)$/, (m) => `だれも引き受けないため、これより既定の連絡先の全員を ${duration(m[1]!)}ごとに呼びます`],
  [/^there is nobody to call: it stays taken, and is not asked again$/, () => '電話をかける相手がいないため、引受のままとし、もう確認しません'],
  [/^gave way to a real alert$/, () => '本物のアラートを優先しました'],
  [/^hung up before anything was told$/, () => '用件を伝える前に切れました'],
  [/^pressed a key$/, () => 'キーを押しました'],
  [/^the call is ended$/, () => '通話を終えます'],
  [/^hears the message after the beep$/, () => '発信音のあとに伝言を残します'],
  [/^the next person is rung as well$/, () => '次の人も呼びます'],
  [/^speak$/, () => '申し送り'],
  [/^snooze$/, () => 'スヌーズ'],
  [/^resolve$/, () => '復旧した'],
  [/^call-everyone$/, () => '全員を呼び出す'],
  [/^listening time is over$/, () => '時間内にキーが押されませんでした'],
  [/^ring time is over(?: \(SIP \d+\))?$/, () => '呼び出し時間が終わりました'],
  [/^lets go of it$/, () => '引受をやめました'],
  [/^(\S+) is on duty in no browser(?: \(SIP \d+\))?$/, (m, n) => `${n(m[1]!)}を待受しているブラウザがありません`],
  [/^no phone of that user is registered here(?: \(SIP \d+\))?$/, () => '登録中の電話機がありません'],
  [/^(\S+) keeps the turn, again in (\S+?)(?:: (.*))?$/, (m, n) => `${n(m[1]!)}の順番のまま、${duration(m[2]!)}後にもう一度${m[3] ? `（${inJapanese(m[3], n)}）` : ''}`],
  [/^(?:step (\d+)|(check|hand-over|last resort|everybody)) has been held up by our own fault for (\S+)$/,
    (m) => `${m[1] ? `第 ${m[1]} 段` : besides[m[2]!]}がこちら側の障害で ${duration(m[3]!)}止まっています`],
  [/^nobody took a critical alert, and of the default contacts nobody can be called; looked again in (\S+)$/,
    (m) => `重大なアラートをだれも引き受けず、既定の連絡先にも呼び出せる人がいません。${duration(m[1]!)}後に確かめ直します`],
  [/^the call-out was stopped$/, () => '呼び出しを止めました'],
  [/^its call-out was put aside$/, () => 'この架電は取りやめになりました'],
  [/^kaden was restarted; the call that is under way goes on$/, () => 'kaden が再起動しました。進行中の通話は続いています'],
  [/^this line answers by itself: a key is asked for$/, () => 'この回線は自動で応答するため、キーを押してもらいます'],
  [/^for a (?:free channel|line)(?: on .+)?, place (\d+) in the queue$/, (m) => `回線待ち（${m[1]} 番目）`],

  // Lines.
  [/^(trunk|SMSC) (.+?) cannot be used: (.*)$/, (m) => `${lines[m[1]!]}「${m[2]}」が使えません（${m[3]}）`],
  [/^(trunk|SMSC) (.+) can be used again$/, (m) => `${lines[m[1]!]}「${m[2]}」がまた使えるようになりました`],
  [/^trunk (.+?) is down: (.*)$/, (m) => `回線「${m[1]}」が使えません（${m[2]}）`],
  [/^trunk (.+) works again$/, (m) => `回線「${m[1]}」がまた使えるようになりました`],

  // A hotline.
  [/^hung up after a talk with (.+)$/, (m, n) => `${m[1]!.split(', ').map(n).join('、')}との通話のあと、電話を切りました`],
  [/^(hung up|was told that .+), after (\S+?); (?:to be called back: (.+)|showed no number)$/,
    (m) => `${toldCaller[m[1]!] ?? '電話が切れました'}（${duration(m[2]!)}）。${m[3] ? `折り返し先：${m[3]}` : '番号非通知'}`],
  [/^has called again$/, () => '同じ人から、もう一度電話がありました'],
  [/^the caller (?:has called|wants somebody) again$/, () => '電話をかけてきた人が、もう一度呼び出しを求めたため'],
  [/^kaden was restarted: a caller who was still on the line was cut off$/, () => 'kaden が再起動し、通話が切れました'],
  [/^talks with another caller$/, () => '別の人と通話中です'],

  // Why a contact cannot be called.
  [/^there is no trunk to the telephone network$/, () => '電話網への回線がありません'],
  [/^(\S+): addresses cannot be called from here$/, (m) => `${m[1]}: の宛先はここからは呼び出せません`],
  [/^emergency numbers \(.*\) are never dialled$/, () => '緊急通報の番号（110・118・119 など）には発信しません'],
  [/^special numbers \(.*\) are never dialled$/, () => '特番（1XY、00XY）には発信しません'],
];

/** What can be down. */
const lines: Record<string, string> = { trunk: '回線', SMSC: 'SMSC' };

/** Why a caller of a hotline is not on the line any more. */
const toldCaller: Record<string, string> = {
  'hung up': '電話を切りました',
  'was told that somebody has it': '担当者が確認したことを伝えました',
  'was told that nobody could be reached': 'だれにもつながらなかったことを伝えました',
  'was told that nobody is called any more': '呼び出しが終わったことを伝えました',
};

function inJapanese(text: string, nameOf: NameOf): string {
  for (const [pattern, say] of remarks) {
    const m = pattern.exec(text);
    if (m) return say(m, nameOf);
  }
  return text;
}

/** The language of what the server says: it answers in the console's, but some of it is another program's. */
export const tongue = (text: string): Lang => (/[\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Han}]/u.test(text) ? 'ja' : 'en');

/** A remark in the reader's language where it is known, else as the machine wrote it. */
export function remark(text: string, lang: Lang, nameOf: NameOf): { text: string; lang: Lang } {
  if (/^(no-answer|busy)$/.test(text)) return { text: '', lang }; // the sentence has said it
  if (lang === 'en' || text === '') return { text, lang: 'en' };
  const said = inJapanese(text, nameOf);
  return { text: said, lang: tongue(said) };
}
