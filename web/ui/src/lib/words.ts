// The console's own words, in both languages; the field's words are those of docs/glossary.md.
import type { Both, Lang, NameOf, Plan, Step, Warning } from './types';
import { called } from './sentences';
import { binWords } from './words.bins';
import { dutyWords } from './words.duty';

export const words = {
  ...binWords,
  ...dutyWords,
  alerts: { en: 'Alerts', ja: 'アラート' },
  setup: { en: 'Setup', ja: '設定' },
  skip: { en: 'Skip to the alert', ja: 'アラートの内容へ' },
  untaken: { en: 'not taken', ja: '件が未引受' },
  back: { en: 'All alerts', ja: 'アラート一覧' },
  connected: { en: 'live', ja: '接続中' },
  connecting: { en: 'connecting…', ja: '接続しています…' },
  lost: { en: 'offline', ja: '切断' },
  noAlerts: { en: 'No alert yet', ja: 'アラートはまだありません' },
  noAlertsHint: { en: 'Send a test alert and hear your phone ring, or point your monitoring at one of the addresses in Setup.', ja: 'テストアラートを送って電話が鳴ることを確かめるか、「設定」にある URL を監視システムに登録してください。' },
  older: { en: 'Load older ones', ja: '以前のものを表示' },
  choose: { en: 'Choose an alert', ja: 'アラートを選んでください' },
  detailLost: { en: 'The rest cannot be read: kaden cannot be reached. It is tried again.', ja: 'kaden に接続できないため、詳細を読み込めません。再接続しています。' },
  simulated: { en: 'a simulated phone: nothing rings', ja: '模擬電話（実際には鳴りません）' },
  notFound: { en: 'There is no such alert', ja: 'このアラートはありません' },
  decide: { en: 'What to do', ja: 'このアラートの操作' },
  take: { en: 'I take it', ja: '引き受ける' },
  stop: { en: 'Stop calling', ja: '呼出を止める' },
  over: { en: 'It is over', ja: '復旧した' },
  overReally: { en: 'Is it really over? Nobody is called for this alert any more, unless its source sends it again.', ja: '本当に復旧しましたか？ 送信元が再び知らせるまで、このアラートではもうだれも呼ばれません。' },
  overYes: { en: 'Yes, it is over', ja: '復旧した' },
  giveBack: { en: 'Give it back', ja: '引受をやめる' },
  giveBackReally: { en: 'Give it back? Nobody has it then, and the plan rings the next person at once.', ja: '引受をやめますか？ だれも引き受けていない状態に戻り、すぐに次の人を呼びます。' },
  giveBackYes: { en: 'Yes, call the next person', ja: 'やめて次の人を呼ぶ' },
  handOver: { en: 'Hand over…', ja: '引き継ぐ…' },
  handOverTo: { en: 'To whom? They are rung now; if they do not take it, the plan goes on.', ja: 'だれに引き継ぎますか？ すぐに電話をかけます。引き受けられないときは架電計画の続きを呼びます。' },
  handOverGo: { en: 'Call them now', ja: '電話をかける' },
  chooseSomebody: { en: 'choose somebody', ja: '選んでください' },
  snooze: { en: 'Snooze…', ja: 'スヌーズ…' },
  snoozeHow: { en: 'It stays taken. For how long does kaden not ask whether you are still on it?', ja: '引受はそのままです。「まだ対応中か」の確認の電話を、どのくらい止めますか？' },
  summon: { en: 'Call everybody now', ja: '全員をいま呼び出す' },
  summonMissing: { en: 'Call the missing now', ja: '未応答の人をいま呼び出す' },
  summonReally: { en: 'Everybody who has not answered is rung now, all at once:', ja: 'まだ応答していない人を、いま一斉に呼び出します：' },
  summonAll: { en: 'everybody of the plan', ja: '架電計画の全員' },
  summonYes: { en: 'Yes, ring them', ja: '呼び出す' },
  copyLink: { en: 'Copy a link for somebody', ja: 'だれかに送るリンクをコピー' },
  linkHint: { en: 'Whoever has it can take this alert, or say that it is over, without signing in.', ja: 'このリンクを知っている人は、サインインせずに引受と復旧の操作ができます。' },
  inConference: { en: 'In the conference', ja: '会議通話の参加者' },
  responded: { en: 'Answered', ja: '応答済み' },
  missingPeople: { en: 'Not answered yet', ja: 'まだ応答していない人' },
  checkAt: { en: 'Asked whether they are still on it at', ja: 'まだ対応中かの確認' },
  snoozedUntil: { en: 'Left alone with it until', ja: 'スヌーズ中（この時刻まで）' },
  whyNobody: { en: 'Why was nobody called?', ja: 'なぜだれも呼ばれていないのか' },
  wordOf: { en: 'Left for whoever comes after, by', ja: '申し送り：' },
  drill: { en: 'drill', ja: '訓練' },
  calledUs: { en: 'called us', ja: '本人からの着信' },
  forCheck: { en: 'still on it?', ja: '対応中かの確認' },
  forHandOver: { en: 'hand-over', ja: '引き継ぎ' },
  soundsLike: { en: 'sounds like', ja: '応答したのは' },

  hold: { en: 'Stop all calls', ja: '発信停止' },
  holdTitle: { en: 'Stop all calls', ja: 'すべての発信を止める' },
  holdWarning: { en: 'Nobody is rung for any alert while this holds. Alerts are still taken in, and calling goes on by itself afterwards. For a storm of calls gone wrong, not for an alert you have taken.', ja: '停止中は、どのアラートでもだれも呼ばれません。アラートの受付は続き、時間が来れば呼び出しは自動で再開します。呼び出しが暴走したときのためのもので、引き受けたアラートには要りません。' },
  holdFor: { en: 'For', ja: '時間' },
  holdWhy: { en: 'Why, for the others', ja: '理由（ほかの人に見えます）' },
  holdGo: { en: 'Stop all calls now', ja: 'いますぐ止める' },
  holds: { en: 'Nobody is rung', ja: '発信停止中。だれも呼ばれません' },
  holdsUntil: { en: 'until', ja: '再開' },
  lift: { en: 'Let calls out again', ja: '発信を再開する' },

  peopleHint: { en: 'People are documents: kaden export, change, kaden apply. Prove each number once: a call reads out a code.', ja: '人は文書で管理します（kaden export で書き出し、kaden apply で反映）。番号は一度、確認の電話で確かめてください。' },
  ringsTogether: { en: 'rings at the same time as the one above', ja: '上の連絡先と同時に鳴ります' },
  never: { en: 'never proven', ja: '未確認' },
  proven: { en: 'proven', ja: '確認済み' },
  provenDnd: { en: 'rings through do-not-disturb', ja: 'おやすみモード中でも鳴ることを確認済み' },
  provenSecond: { en: 'only at the second call', ja: '2 回目の電話で応答' },
  prove: { en: 'Prove it by a call…', ja: '電話で確かめる…' },
  proveHow: { en: 'kaden calls this number and reads out a code. Type the code here.', ja: 'この番号に電話をかけ、確認コードを読み上げます。聞いたコードをここに入力してください。' },
  dnd: { en: 'Do-not-disturb is on, to prove that a night’s call gets through', ja: 'おやすみモードにしてある（夜中の電話が鳴ることを確かめる）' },
  dndHow: { en: 'Turn it on first. kaden then calls twice within three minutes, as it does at night: most phones let the second call through. If neither rings, save kaden’s contact card on that phone and let this one contact through.', ja: '先に電話機をおやすみモードにしてください。夜と同じように 3 分以内に 2 回かけます（多くの電話機は 2 回目を鳴らします）。どちらも鳴らなければ、下の連絡先カードを電話機に登録し、その連絡先だけ鳴るように設定してください。' },
  proveGo: { en: 'Call now', ja: '電話をかける' },
  proveRinging: { en: 'The phone rings. Which code was read out?', ja: '電話をかけています。読み上げられたコードは？' },
  code: { en: 'Code', ja: '確認コード' },
  proveDone: { en: 'That is the code', ja: '送信' },
  proveAgain: { en: 'Call once more', ja: 'もう一度かける' },
  card: { en: 'kaden’s own numbers', ja: 'kaden の番号（連絡先カード）' },
  cardHint: { en: 'Scan this with each phone that kaden calls, and let this one contact through do-not-disturb (favourite, emergency bypass). It holds every number kaden may call from.', ja: 'kaden から電話を受ける電話機で読み取って連絡先に登録し、おやすみモードでも鳴るように設定してください（よく使う連絡先、緊急時の許可など）。発信に使うすべての番号が入っています。' },
  cardCode: { en: 'QR code of the contact', ja: '連絡先の QR コード' },
  cardFile: { en: 'Download the contact', ja: '連絡先をダウンロード' },
  cardNone: { en: 'kaden has no number of its own yet: from: of a trunk or a plan names it, or a number: document.', ja: 'kaden の番号がまだありません。回線か架電計画の from:、または number: の文書に書いてください。' },

  newPlan: { en: 'Find the right plan', ja: '架電計画を作る' },
  newPlanHint: { en: 'A few questions lead to a plan. Nothing is changed: it is for kaden apply.', ja: 'いくつかの質問に答えると架電計画ができます。ここでは何も変更しません。kaden apply で反映してください。' },
  usualAnswer: { en: 'Usual', ja: '通常' },
  next: { en: 'Next', ja: '次へ' },
  change: { en: 'Change', ja: '変更' },
  planReady: { en: 'The plan', ja: 'できた架電計画' },
  copyPlan: { en: 'Copy the plan', ja: '架電計画をコピー' },
  startOver: { en: 'Begin anew', ja: '最初から' },
  drillGo: { en: 'Drill…', ja: '訓練…' },
  drillTitle: { en: 'Drill', ja: '訓練' },
  drillWarning: { en: 'This rings the real phones of this plan’s people. They hear that it is a drill, first and last. Real alerts go before it.', ja: 'この架電計画の人に実際に電話をかけます。最初と最後に訓練であることを伝えます。本物のアラートが優先されます。' },
  drillStart: { en: 'Begin the drill', ja: '訓練を始める' },
  drillForce: { en: 'Wake them all the same', ja: 'それでも始める' },
  stopReally: { en: 'Stop for good? Nobody else is called for this alert, and nobody has taken it.', ja: '本当に止めますか？ このアラートではもうだれも呼ばれません。引き受けた人もいないままになります。' },
  stopYes: { en: 'Yes, stop calling', ja: '止める' },
  cancel: { en: 'Cancel', ja: 'キャンセル' },
  iAm: { en: 'I am', ja: '私は' },
  iAmNobody: { en: 'not said', ja: '名乗らない' },
  onTheLine: { en: 'On the line now', ja: 'いま呼び出している人' },
  people: { en: 'People', ja: '人' },
  attempts: { en: 'Calls so far', ja: 'これまでの呼び出し' },
  allCalls: { en: 'Show all calls', ja: 'すべて表示' },
  timeline: { en: 'Timeline', ja: '経過' },
  earlier: { en: 'Earlier events are not shown', ja: 'これより前の経過は省略しています' },
  fromSource: { en: 'From', ja: '送信元' },
  occurred: { en: 'Occurred', ja: '発生' },
  nextAt: { en: 'Goes on at', ja: '次の動き' },
  plan: { en: 'Plan', ja: '架電計画' },
  unread: { en: 'Parts of this alert could not be read', ja: 'このアラートには読み取れない部分がありました' },
  more: { en: 'What the source said', ja: '送信元からの内容' },
  rang: { en: 'rang', ja: '呼出' },
  talked: { en: 'talked', ja: '通話' },
  talkedIn: { en: 'Talked', ja: '通話時間' },
  key: { en: 'key', ja: 'キー' },
  inQueue: { en: 'waiting for a line, place', ja: '回線待ち 待ち順' },
  rode: { en: 'told in another call', ja: '別の通話で伝達' },
  ladder: { en: 'signalling', ja: 'シグナリング' },
  sound: { en: 'sound:', ja: '音声' },
  test: { en: 'test', ja: 'テスト' },
  sendTest: { en: 'Send a test alert', ja: 'テストアラートを送る' },
  testTitle: { en: 'Send a test alert', ja: 'テストアラート' },
  testWarning: { en: 'This rings real phones, like any alert.', ja: '本物のアラートと同じく、実際に電話が鳴ります。' },
  testSays: { en: 'What is said', ja: '読み上げる文' },
  testDefault: { en: 'Test alert from kaden. Nothing is wrong.', ja: 'kaden からのテストアラートです。障害ではありません。' },
  severity: { en: 'Severity', ja: '重大度' },
  testGrace: { en: 'A warning waits a minute before the first ring.', ja: '警告は、最初の呼び出しまで 1 分待ちます。' },
  testGo: { en: 'Ring now', ja: '鳴らす' },
  working: { en: 'One moment…', ja: 'お待ちください…' },
  whereAlerts: { en: 'Where alerts come in', ja: 'アラートの受付 URL' },
  whereHint: { en: 'Post alerts here. The key in the address is a secret: whoever has it can ring your phones.', ja: 'ここへアラートを POST してください。URL に含まれるキーは秘密です。知っている人はだれでも電話を鳴らせます。' },
  copy: { en: 'Copy the URL', ja: 'URL をコピー' },
  copyCurl: { en: 'Copy the command', ja: 'コマンドをコピー' },
  copied: { en: 'Copied', ja: 'コピーしました' },
  plans: { en: 'Plans', ja: '架電計画' },
  usual: { en: 'the usual one', ja: '既定' },
  groups: { en: 'Groups', ja: 'グループ' },
  speech: { en: 'Speech', ja: '音声' },
  usage: { en: 'What calls cost this month', ja: '今月の通話料金' },
  budget: { en: 'Budget', ja: '予算' },
  usedUp: { en: 'It is used up', ja: '使い切りました' },
  budgetStops: { en: 'Warnings ring no telephone; what is graver still does.', ja: '警告では電話を鳴らしません。より重大なものと重大度不明のものは鳴らします。' },
  unknownCalls: { en: 'calls of unknown cost', ja: '料金不明の通話' },
  unknownCost: { en: 'unknown', ja: '不明' },
  byDay: { en: 'Day', ja: '日' },
  byPerson: { en: 'Person', ja: '人' },
  byTrunk: { en: 'Trunk', ja: '回線' },
  cost: { en: 'Cost', ja: '料金' },
  inAll: { en: 'In all', ja: '合計' },
  noKey: { en: 'others', ja: 'その他' },
  noUsage: { en: 'No call has cost anything yet', ja: '料金のかかった通話はまだありません' },
  trunks: { en: 'Trunks', ja: '回線' },
  trunkUnknown: { en: 'Not known yet: no call has gone over it so far, and nothing asks it by itself. To ask it:', ja: 'まだわかりません。起動後にこの回線の通話はなく、定期的な確認もしていません。確かめるには：' },
  noTrunk: { en: 'No trunk: only SIP phones and simulated ones can be called.', ja: '回線がありません。SIP 電話機と模擬電話だけを呼び出せます。' },
  signedOnBy: { en: 'Registered by node', ja: '登録しているノード：' },
  present: { en: 'ready', ja: '利用可' },
  phones: { en: 'SIP phones', ja: 'SIP 電話機' },
  registered: { en: 'registered', ja: '登録中' },
  notRegistered: { en: 'not registered', ja: '未登録' },
  phoneSettings: { en: 'Settings for the phone', ja: '電話機に入れる設定' },
  phoneCode: { en: 'The settings as a QR code', ja: '設定の QR コード' },
  missing: { en: 'missing', ja: 'なし' },
  canCall: { en: 'can be called', ja: '呼び出せます' },
  cannotCall: { en: 'cannot be called', ja: '呼び出せません' },
  none: { en: 'None yet', ja: 'まだありません' },
  applyHint: { en: 'People, plans, trunks and sources are YAML documents: change them with', ja: '人・架電計画・回線・送信元は YAML の文書です。次のコマンドで変更します：' },
  allWell: { en: 'Nothing is wrong', ja: '問題は見つかりません' },
  signIn: { en: 'Sign in', ja: 'サインイン' },
  signInHint: { en: 'Open the login link that kaden prints when it starts. Or paste that link or the token; the token is in the file “token” in the data directory.', ja: 'kaden の起動時に表示されるログインリンクを開いてください。リンクまたはトークンを貼り付けることもできます。トークンはデータディレクトリの「token」ファイルにあります。' },
  expired: { en: 'This login link was used already, or is older than 15 minutes. “kaden login” prints a new one.', ja: 'このログインリンクは使用済みか、15 分を過ぎています。「kaden login」で新しいリンクを表示できます。' },
  unavailable: { en: 'kaden could not sign you in: its database does not answer. Try again.', ja: 'データベースが応答しないため、サインインできませんでした。もう一度お試しください。' },
  token: { en: 'Token or login link', ja: 'トークンまたはログインリンク' },
  signOut: { en: 'Sign out', ja: 'サインアウト' },
  lostSince: { en: 'Not connected to kaden. What you see is from', ja: 'kaden に接続できません。表示は次の時点のものです：' },
  neverHeard: { en: 'Not connected to kaden.', ja: 'kaden に接続できません。' },
  retrying: { en: 'Trying again…', ja: '再接続しています…' },
  theme: { en: 'Dark or light', ja: '明暗の切替' },
  failed: { en: 'That did not work', ja: '失敗しました' },
  noAnswer: { en: 'kaden does not answer. Whether it was done is not known: look again before you repeat it.', ja: 'kaden が応答しません。実行されたかどうか分かりません。もう一度行う前に確かめてください。' },

  calls: { en: 'Calls', ja: '通話数' },

  phone: { en: 'Phone', ja: '電話' },
  offDuty: { en: 'Off duty', ja: '待受していません' },
  onDuty: { en: 'On duty: this browser rings', ja: '待受中（このブラウザが鳴ります）' },
  dutyLost: { en: 'Not connected: this browser does not ring', ja: '切断中（このブラウザは鳴りません）' },
  goOnDuty: { en: 'Go on duty', ja: '待受を始める' },
  goOffDuty: { en: 'Go off duty', ja: '待受をやめる' },
  dutyHint: { en: 'The browser asks for the microphone now, so that it does not when an alert comes.', ja: 'アラートのときに慌てないよう、いまマイクの使用許可を求めます。' },
  keepOpen: { en: 'Keep this tab open and the machine awake. A closed lid rings nowhere: have another phone among your contacts as well.', ja: 'このタブを開いたまま、パソコンをスリープさせないでください。ふたを閉じると鳴りません。ほかの電話も連絡先に入れておいてください。' },
  notListed: { en: 'No plan rings this browser yet: it is not among your contacts. Add this line to them (kaden export, change, kaden apply):', ja: 'この連絡先はまだ登録されていないため、架電計画では鳴りません。kaden export で書き出し、自分の contacts: に次の行を足して、kaden apply で反映してください：' },
  rings: { en: 'Incoming call', ja: '着信' },
  accept: { en: 'Answer', ja: '応答' },
  reject: { en: 'Decline', ja: '拒否' },
  hangUp: { en: 'Hang up', ja: '切る' },
  mute: { en: 'Mute', ja: 'ミュート' },
  unmute: { en: 'Unmute', ja: 'ミュート解除' },
  talking: { en: 'On the line', ja: '通話中' },
  broken: { en: 'The connection is being restored…', ja: '接続を回復しています…' },
  keypad: { en: 'Keypad', ja: 'ダイヤルキー' },
  you: { en: 'You', ja: '自分' },
  they: { en: 'Them', ja: '相手' },
  devices: { en: 'Microphone and speaker', ja: 'マイクとスピーカー' },
  microphone: { en: 'Microphone', ja: 'マイク' },
  speaker: { en: 'Speaker', ja: 'スピーカー' },
  tryMicrophone: { en: 'Try the microphone', ja: 'マイクを試す' },
  noPermission: { en: 'The browser does not let this page use the microphone. Allow it with the sign beside the address, then try again.', ja: 'ブラウザがマイクの使用を許可していません。アドレス欄の横のアイコンから許可して、もう一度お試しください。' },
  noMicrophone: { en: 'There is no microphone, or another program holds it. Plug one in or close that program, then try again.', ja: 'マイクがないか、ほかのアプリが使用中です。マイクを接続するか、そのアプリを閉じて、もう一度お試しください。' },
  insecure: { en: 'Browsers give out the microphone over https and on localhost alone. Open kaden at such an address (kaden serve --https).', ja: 'マイクは https か localhost で開いたページでしか使えません。kaden をそのような URL で開いてください（kaden serve --https）。' },
  noSound: { en: 'The call has no way for its sound: this network lets nothing through to kaden’s port for browsers (10000 unless set otherwise, UDP or TCP).', ja: '音声の通信ができません。kaden のブラウザ用ポート（既定は 10000、UDP または TCP）がネットワークで塞がれています。' },
  noLine: { en: 'kaden cannot be reached at the moment. The browser goes on trying.', ja: 'kaden に接続できません。再接続を試みています。' },
  noSession: { en: 'kaden no longer knows this browser. Sign in again, then go on duty.', ja: 'サインインが無効になりました。サインインし直してから、待受を始めてください。' },
  version: { en: 'Version', ja: 'バージョン' },
} satisfies Record<string, Both>;

export type Word = keyof typeof words;

const warningTexts: Record<Warning['code'], (about: string) => Both> = {
  'no-engine': () => ({ en: 'Nothing here can speak: nobody is called for an alert', ja: '音声エンジンがありません。アラートが来ても、だれにも電話できません' }),
  'no-language': (l) => ({ en: `Nothing here speaks “${l}”, which people or plans want`, ja: `「${l}」を話せる音声エンジンがありません（人または架電計画が必要としています）` }),
  'no-people': () => ({ en: 'There is nobody to call', ja: '呼び出せる人が登録されていません' }),
  'nobody-reachable': () => ({ en: 'Nobody can be reached by telephone', ja: '電話で連絡できる人がいません' }),
  'person-unreachable': (p) => ({ en: `${p} cannot be called`, ja: `${p}を呼び出せません` }),
  'no-plan': (p) => ({ en: `There is no plan “${p}”: alerts without a plan ring everybody`, ja: `架電計画「${p}」がありません。計画のないアラートは全員を呼び出します` }),
  'no-source': () => ({ en: 'There is no source: no alert can come in', ja: '送信元がありません。アラートを受け付けられません' }),
  held: () => ({ en: 'The kill switch holds: nobody is rung', ja: '発信停止中です。だれも呼ばれません' }),
  budget: (b) => ({ en: `The month’s budget “${b}” is used up: warnings ring no telephone`, ja: `今月の予算「${b}」を使い切りました。警告では電話を鳴らしません` }),
  'line-down': (t) => ({ en: `The trunk “${t}” is down`, ja: `回線「${t}」が使えません` }),
  'smsc-down': (c) => ({ en: `The SMSC “${c}” is down: short messages wait`, ja: `SMSC「${c}」が使えません。ショートメッセージは送信待ちです` }),
  'plan-deserted': (p) => ({ en: `Nobody of the plan “${p}” can be reached right now: nobody is on duty`, ja: `架電計画「${p}」の人は、いまだれにも連絡がつきません（待受なし）` }),
  'not-ready': () => ({ en: 'kaden cannot record anything: its database does not answer', ja: 'データベースが応答せず、記録できません' }),
};

/** A warning in words, with the person's name; its hint is the server's, in the same language. */
export function warningText(w: Warning, lang: Lang, nameOf: NameOf): string {
  const about = w.code === 'person-unreachable' ? called(w.about, lang, nameOf) : (w.about ?? '');
  return warningTexts[w.code]?.(about)[lang] ?? w.text;
}

/** A step of a plan as a sentence. */
export function stepText(s: Step, lang: Lang, nameOf: NameOf): string {
  const minutes = (n: number) => (n % 60 === 0 && n >= 60 ? (lang === 'ja' ? `${n / 60} 分` : `${n / 60} min`) : lang === 'ja' ? `${n} 秒` : `${n} s`);
  if (!s.call?.length) return lang === 'ja' ? `${minutes(s.wait ?? 0)}待つ` : `wait ${minutes(s.wait ?? 0)}`;
  const ref = (id: string) => (/^(@|on-call:)/.test(id) ? id : called(id, lang, nameOf));
  const who = s.call.map(ref).join(lang === 'ja' ? '、' : ', ');
  const gap = /[\w-]$/.test(who) ? ' ' : '';
  const order: Record<NonNullable<Step['order']>, Both> = {
    together: { en: 'all at once', ja: '一斉' },
    'in-turn': { en: 'in turn', ja: '順次' },
    'round-robin': { en: 'round robin', ja: '輪番' },
  };
  const several = s.call.length > 1 || who.startsWith('@');
  const how = several ? order[s.order ?? 'together'][lang] : '';
  const need = s.need === 'everyone' ? (lang === 'ja' ? '全員が応答するまで' : 'until everybody answered') : lang === 'ja' ? 'だれかが引き受けるまで' : 'until one takes it';
  const rounds = s.rounds === -1 ? (lang === 'ja' ? '何巡でも' : 'again and again') : (s.rounds ?? 1) > 1 ? (lang === 'ja' ? `${s.rounds} 巡` : `${s.rounds} rounds`) : '';
  const ring = minutes(s.ring ?? 20);
  return lang === 'ja'
    ? [`${who}${gap}を呼ぶ`, how, `1 回 ${ring}`, rounds, need].filter(Boolean).join('・')
    : [`ring ${who}`, how, several ? `${ring} each` : ring, rounds, need].filter(Boolean).join(', ');
}

/** Lengths of time to choose from: for a snooze, for the kill switch. */
export function minutesText(n: number, lang: Lang): string {
  if (n % 60 === 0) return lang === 'ja' ? `${n / 60} 時間` : `${n / 60} h`;
  return lang === 'ja' ? `${n} 分` : `${n} min`;
}

/** How often an alert came again. */
export function repeatText(n: number, lang: Lang): string {
  if (lang === 'ja') return `再通知 ${n} 回`;
  return n === 1 ? 'came again once' : `came again ${n} times`;
}

export function planText(p: Plan, lang: Lang, nameOf: NameOf): string[] {
  return p.steps.map((s) => stepText(s, lang, nameOf));
}
