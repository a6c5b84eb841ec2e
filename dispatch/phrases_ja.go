package dispatch

import (
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
)

var japanese = phrases{
	lang: "ja", tag: "ja-JP",
	severities: map[alert.Severity]string{
		alert.Critical: "重大", alert.Major: "エラー", alert.Warning: "警告", alert.Notice: "情報", alert.Unknown: "重大度不明",
	},
	keys: map[callout.Action]string{
		callout.Accept:       "引き受けるときは、%sを押してください",
		callout.Pass:         "引き受けられないときは、%s",
		callout.Again:        "もう一度聞くときは、%s",
		callout.CallEveryone: "全員を呼び出すときは、%s",
		callout.Snooze:       "引き受けて三十分待つときは、%s",
		callout.LeaveWord:    "申し送りを残すときは、%s",
		callout.Close:        "もう終わったときは、%s",
	},
	checkKeys: map[callout.Action]string{
		callout.Accept:    "対応中のときは、%sを押してください",
		callout.Pass:      "手放すときは、%s",
		callout.Snooze:    "三十分待つときは、%s",
		callout.LeaveWord: "申し送りを残すときは、%s",
		callout.Close:     "もう終わったときは、%s",
		callout.Again:     "もう一度聞くときは、%s",
	},
	join: "。", names: "、", namesMore: "%s、ほか%d人",

	plain:       "監視システムからの通報です。内容は画面で確認してください。",
	unread:      "読み取れない内容が届きました。画面で確認してください",
	unreadN:     "読み取れない内容が%d件届きました。画面で確認してください",
	unreadWords: "%s。読み取れた言葉は、%s",
	bundle:      "通報が%d件あります。最初の通報です。",
	hangUp:      "引き受けるときは、このまま電話を切ってください。",
	proof:       "確認のため、%sを押してください。",
	handOver:    "%sさんから、この通報の引き継ぎです。",
	handed:      "この通報の引き継ぎです。",
	wordFrom:    "%sさんからの申し送りです。",
	wordIs:      "申し送りがあります。",
	drill:       "訓練。これは訓練です。",
	drilled:     "以上、訓練でした。",

	accepted:    "引き受けを記録しました。よろしくお願いします。",
	acceptedN:   "%d件の引き受けを記録しました。よろしくお願いします。",
	leaveWord:   "あとの人への申し送りを残すときは、%sを押してください。",
	passed:      "わかりました。次の人に連絡します。",
	notYet:      "まだ記録できていません。そのままお待ちください。",
	closed:      "終わったことを記録しました。ありがとうございました。",
	snoozed:     "記録しました。%d分後に、もう一度確認の電話をします。",
	everyone:    "%d人を呼び出します。よろしければ、もう一度%sを押してください。",
	everyoneNow: "%d人を呼び出しています。",
	everyoneNo:  "呼び出せる人は、もういません。",
	speakNow:    "発信音のあとに、十秒以内でお話しください。",
	wordKept:    "申し送りを預かりました。ほかの人は、これを最初に聞きます。ありがとうございました。",
	wordLost:    "何も聞こえませんでした。",

	check:   "引き受けていただいた通報の確認です。%s。いまも対応中ですか。",
	checkN:  "引き受けていただいた%d件の通報の確認です。最初の通報は、%s。いまも対応中ですか。",
	stillOn: "対応中と記録しました。よろしくお願いします。",
	givesUp: "記録しました。次の人に連絡します。",

	taken:      "この通報は、%sさんが引き受けました。ありがとうございました。",
	takenBy:    "この通報は、ほかの人が引き受けました。ありがとうございました。",
	resolved:   "この通報は、%d時%d分に復旧しました。失礼します。",
	stopped:    "この呼び出しは、中止されました。失礼します。",
	superseded: "折り返しのお電話をいただいていますので、この電話を終わります。失礼します。",
	gaveWay:    "実際の通報がありましたので、訓練を終わります。失礼します。",
	realAlert:  "訓練を終わります。ここからは、実際の通報です。",
	goodbye:    "この通報の連絡は終わりました。失礼します。",

	joinFirst:   "会議には、まだだれもいません。",
	joinWith:    "会議にいる人は、%s。",
	joinAbout:   "通報の内容は、%s。",
	joinMissing: "まだいない人は、%s。",
	joinNow:     "抜けるときは、こめじるしを押してください。",
	leftMenu:    "まだいない%d人をもう一度呼び出すときは、3を押してください。会議に戻るときは、1。終わるときは、電話を切ってください。",
	leftNobody:  "会議に戻るときは、1を押してください。終わるときは、電話を切ってください。",
	rejoin:      "会議に戻ります。",
	joinOffer:   "会議に参加するときは、1を押してください。",
	joined:      "%sさんが参加しました。",

	machine:     "キーを押す必要はありません。",
	machineBack: "折り返し、%sへお電話ください。",

	pin:         "暗証番号を入力して、最後にシャープを押してください。",
	pinNeeded:   "電話番号だけでは、操作できません。",
	pinWrong:    "暗証番号が違います。",
	pinOver:     "暗証番号が違います。失礼します。",
	nothing:     "いま、お伝えする通報はありません。",
	haltMenu:    "すべての呼び出しを三十分止めるときは、0を押してください。",
	haltSure:    "すべての呼び出しを三十分止めます。よろしければ、もう一度0を押してください。",
	halted:      "記録しました。三十分のあいだ、だれにも電話をかけません。",
	code:        "確認コードのお知らせです。コードは、%s。",
	unavailable: "いまは操作できません。おかけ直しください。",
}
