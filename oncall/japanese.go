package oncall

// Japanese is what is said of people and groups, in Japanese; see problem.Book.
var Japanese = map[string]string{
	"%s is listed twice":                                                  "%s が二度書かれています",
	"the first place counts":                                              "先に書かれた位置で扱います",
	"a person needs a way to be reached":                                  "人には連絡先が必要です",
	"%s cannot be a contact: %s":                                          "%s は連絡先にできません：%s",
	"%s is not dialled for a contact":                                     "連絡先の %s は発信に使いません",
	"a trunk's prefix: says whether the number is shown":                  "番号の通知・非通知は、回線の prefix: で指定します",
	"a PIN has four to ten digits":                                        "暗証番号は 4 ～ 10 桁の数字です",
	"is the same digit again and again: the first that anybody tries":     "同じ数字の繰り返しは、まっさきに試されます",
	"%q is no language":                                                   "「%s」は言語ではありません",
	"write ja-JP or en-US":                                                "ja-JP、en-US のように書いてください",
	"rotations do not exist here yet":                                     "当番表はまだ使えません",
	"name people or another group":                                        "人か別のグループを書いてください",
	"name people or a group":                                              "人かグループを書いてください",
	"nobody is in this group":                                             "このグループには人がいません",
	"who is on duty for %q is not known: rotations do not exist here yet": "「%s」の当番が分かりません（当番表はまだ使えません）",
	"there is no person %q":                                               "「%s」という人はいません",
	"group %s contains itself":                                            "グループ %s が自分自身を含んでいます",
	"there is no group %s":                                                "グループ %s がありません",
	"nobody is in group %s":                                               "グループ %s には人がいません",
	"%s (through %s)":                                                     "%s（経路：%s）",

	"a list of contacts that ring at the same time is empty":                      "同時に鳴らす連絡先のリストが空です",
	"one contact rings alone, in a list of its own or not":                        "連絡先が 1 つだけなら、内側のリストに入れても同時には鳴りません",
	"write it without the inner list, or add what is to ring at the same time":    "内側の [ ] を外すか、同時に鳴らす連絡先を加えてください",
	"these ring at the same time already: a third list within them means nothing": "すでに同時に鳴る連絡先です。その中にさらにリストは書けません",
}
