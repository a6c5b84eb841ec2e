// The words of who is on duty, and of calls that the console's phone makes; see words.ts.
import type { Both } from './types';

export const dutyWords = {
  dutyHere: { en: 'on duty', ja: '待受中' },
  dutyNobody: { en: 'not on duty now', ja: 'いまは待受していません' },
  dutyUnknown: { en: 'Who is on duty is not known at the moment', ja: '待受の状態を取得できません' },
  dutyOthers: { en: 'Also there, in nobody’s contacts', ja: '連絡先にない端末' },
  dutyBrowser: { en: 'browser', ja: 'ブラウザ' },
  dutyPhone: { en: 'SIP phone', ja: 'SIP 電話機' },
  absent: { en: 'Cannot be reached right now', ja: 'いま連絡がつきません' },
  absentHint: { en: 'These people are in a plan. An alert of this moment would pass over them.', ja: '架電計画に入っている人です。いまアラートが来ても、この人たちは呼び出せません。' },
  absentNone: { en: 'Everybody in the plans can be reached', ja: '架電計画の全員に連絡がつきます' },
  absentNoContact: { en: 'no contact at all', ja: '連絡先がありません' },
  settingsFor: { en: 'Settings for the phone', ja: '電話機に入れる設定' },
  close: { en: 'Close', ja: '閉じる' },

  callSomebody: { en: 'Call somebody', ja: '電話をかける' },
  callNumber: { en: 'Number', ja: '電話番号' },
  callGo: { en: 'Call', ja: '発信' },
  callErase: { en: 'Erase the last digit', ja: '1 文字消す' },
  callPeople: { en: 'People', ja: '人' },
  callHint: { en: 'The same rules hold as for every call of kaden: no emergency numbers, premium-rate and foreign ones only where a trunk allows them.', ja: 'kaden のほかの通話と同じ規則に従います。緊急通報はできません。有料番号と国際電話は、回線の設定で許可されている場合だけかけられます。' },
  calling: { en: 'Calling…', ja: '発信しています…' },
  callRings: { en: 'It rings', ja: '呼び出しています' },
  callBusy: { en: 'Busy, or declined.', ja: '話し中か、拒否されました。' },
  callNoAnswer: { en: 'Nobody answered.', ja: '応答がありませんでした。' },
  callNotThere: { en: 'It could not be reached.', ja: 'つながりませんでした。' },
  callNotAllowed: { en: 'This is not called.', ja: 'この宛先にはかけられません。' },
  callIam: { en: 'Say who you are first.', ja: '先に「私は」で自分を選んでください。' },
} satisfies Record<string, Both>;
