package main

import (
	"cmp"
	"os"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/intake"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message/smpp"
	"github.com/kaden-project/kaden/notice"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/upstream"
)

// books are what the rooms say in Japanese; they meet here.
var books = []problem.Book{
	account.Japanese, alert.Japanese, intake.Japanese, api.Japanese, call.Japanese, callout.Japanese, dispatch.Japanese, sipleg.Japanese, manifest.Japanese, notice.Japanese, number.Japanese,
	oncall.Japanese, yamldoc.Japanese, speech.Japanese, smpp.Japanese, store.Japanese, tariff.Japanese, trunk.Japanese, twiml.Japanese, upstream.Japanese, inJapanese,
}

// terminal is the language of whoever reads the terminal, ja or en, as LC_ALL, LC_MESSAGES and LANG say.
func terminal() string {
	if lang := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")); lang == "ja" || strings.HasPrefix(lang, "ja_") || strings.HasPrefix(lang, "ja.") {
		return "ja"
	}
	return "en"
}

// reading says what a command says in a language; nil leaves it in English.
func reading(language string) *problem.Reader {
	if language != "ja" {
		return nil
	}
	return problem.NewReader(books...)
}

// labels are the words before what was looked at, and the levels of problems.
var labels = map[string]string{
	"error": "エラー", "warning": "警告",
	"settings": "設定", "data directory": "データ", "key": "鍵", "disk": "ディスク", "server": "サーバー", "database": "データベース",
	"dictionary": "読み方辞書", "speech": "音声", "browsers": "ブラウザ", "trunks": "回線", "trunk": "回線", "public address": "公開アドレス",
	"call": "通話", "calls": "最近の通話", "clock": "時計", "smsc": "SMSC", "way": "経路", "messages": "ショートメッセージ", "account": "アカウント", "registration": "登録", "credentials": "認証情報", "balance": "残高",
	"from": "発信者番号", "countries": "国", "callbacks": "コールバック",
}

// inJapanese is what the command line says of what it looked at; see problem.Book.
var inJapanese = problem.Book{
	"can be read":                                                 "読み取れます",
	"%s is made at the first start":                               "%s は最初の起動時に作られます",
	"%s is a file; --data names another place":                    "%s はファイルです。--data で別の場所を指定してください",
	"%s; mount it for writing, or name another place with --data": "%s。書き込めるようにマウントするか、--data で別の場所を指定してください",
	"%s; the user that runs kaden must own it":                    "%s。kaden を動かすユーザーの所有にしてください",
	"readable by its owner alone":                                 "所有者だけが読めます",
	"%d MB free":                                                  "空き %s MB",
	"only %d MB free; alerts cannot be stored on a full disk":     "空きが %s MB しかありません。ディスクがいっぱいになるとアラートを記録できません",
	"runs at %s":                            "%s で動いています",
	"%s answers":                            "%s は応答しています",
	"%s is free":                            "%s は空いています",
	"%s is in use, by the server that runs": "%s は動作中のサーバーが使っています",
	"%s is in use by another program; stop it, or name another address with %s": "%s はほかのプログラムが使っています。それを止めるか、%s で別のアドレスを指定してください",
	"%s; name another address with %s":                                          "%s。%s で別のアドレスを指定してください",
	"%s; %s and %s must be one certificate and its key":                         "%s。%s と %s は対になる証明書と鍵にしてください",
	"%s has been out of date since %s; renew it":                                "%s は %s に期限が切れています。更新してください",
	"%s ends on %s; renew it":                                                   "%s は %s に期限が切れます。更新してください",
	"%s lasts until %s":                                                         "%s は %s まで有効です",
	"sip.advertise is %s, and carriers see %s: sound would go to the wrong place; mend the settings": "sip.advertise は %s ですが、事業者からは %s に見えます。音声が届かないため、設定を直してください",
	"carriers see us at %s":      "事業者からは %s に見えます",
	"%q is no telephone number":  "「%s」は電話番号ではありません",
	"write --call 090-1234-5678": "--call 090-1234-5678 のように書いてください",
	"it was answered: the line carries calls; whether the sentence was heard, only who answered can say": "応答がありました。この回線で通話できます。読み上げが聞こえたかは、出た人に確かめてください",
	"it takes too long to tell":                                                                                                      "時間がかかり、結果が分かりません",
	"it rang and was not answered (%s): the line carries calls":                                                                      "呼び出しましたが応答がありません（%s）。この回線で通話できます",
	"the look at the server above says more; kaden why shows the signalling":                                                         "上の「サーバー」の結果を見てください。シグナリングは kaden why で確認できます",
	"a test call says whether it works again: kaden trunk check %s --call NUMBER":                                                    "直ったかどうかは試しの通話で分かります：kaden trunk check %s --call 番号",
	"nobody is known to keep it right (timedatectl shows; apt-get install systemd-timesyncd); on-call hours and tokens depend on it": "時刻を合わせている仕組みが見当たりません（timedatectl で確認、apt-get install systemd-timesyncd で導入）。当番の時間帯やトークンに影響します",
	"is kept right":                       "合わせられています",
	"trunk %s is being set up; try again": "回線 %s を準備しています。もう一度お試しください",
	"without a public URL the sound of a call does not come here": "公開 URL がないため、通話の音声がここに届きません",

	"nothing was changed": "何も変更していません",
	"stored":              "呼び出し中", "acknowledged": "引受済み", "exhausted": "応答者なし", "resolved": "復旧", "ignored": "記録のみ",
	"no-answer": "応答なし", "not-confirmed": "応答確認なし", "confirmed": "応答確認", "passed": "見送り", "fault": "こちら側の障害",
	"no alert has come in yet; kaden serve prints a curl that sends one":                         "アラートはまだ届いていません。kaden serve が、送るための curl を表示します",
	"%s: no plan in it; a plan begins with plan: and its name":                                   "%s：架電計画がありません。plan: と名前から始めてください",
	"the server does not know this token; KADEN_AUTH_TOKEN or --data name the right one":         "サーバーがこのトークンを認めません。KADEN_AUTH_TOKEN か --data で正しいものを指定してください",
	`nothing answers at %s; is "kaden serve" running? (--server or KADEN_URL names another)`:     "%s から応答がありません。kaden serve は動いていますか（別のサーバーは --server か KADEN_URL で指定）",
	"no token for %s: set KADEN_AUTH_TOKEN, or point --data at the server's data directory (%s)": "%s のトークンがありません。KADEN_AUTH_TOKEN を設定するか、--data でサーバーのデータディレクトリを指定してください（%s）",
	"%s is empty; a document begins with its kind and name, such as person: sato":                "%s が空です。文書は person: sato のように種類と名前から始めてください",
	"an SMSC carries short messages and no calls":                                                "SMSC が扱うのはショートメッセージだけで、通話はできません",
}
