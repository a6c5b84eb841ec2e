package alert

// Japanese is why something could not be read, in Japanese: English stands in this room's code and its children's.
var Japanese = map[string]string{
	"a body of more than %d bytes":                      "本文が %s バイトを超えています",
	"not read within %s":                                "%s 以内に読み取れませんでした",
	"it says nothing":                                   "内容がありません",
	"nobody here reads this kind of body":               "この種類の本文は読み取れません",
	"%d alerts in one delivery; %d are not looked at":   "一度に %s 件のアラートが届き、%s 件は見ていません",
	"the reader crashed: %s":                            "読み取り中に障害が起きました：%s",
	"there is more after the JSON value":                "JSON の値のあとに余分なものがあります",
	"it is not a JSON object":                           "JSON のオブジェクトではありません",
	"an empty list":                                     "リストが空です",
	"alert %d of %d: %s":                                "%[2]s 件中 %[1]s 件目：%[3]s",
	"%s; and %d more":                                   "%s（ほか %s 件）",
	`an alert is a JSON object: {"title": "disk full"}`: `アラートは JSON のオブジェクトで書きます：{"title": "disk full"}`,
	`the title is missing: {"title": "disk full"} is the least there can be`: `title がありません。少なくとも {"title": "disk full"} が必要です`,
	"status %q is not known; it is taken as firing":                          "状態「%s」は知らない語のため、発生中として扱います",
	"severity %q is not known; it is taken as critical":                      "重大度「%s」は知らない語のため、重大として扱います",
	"not what Mackerel sends: %s":                                            "Mackerel の形式ではありません：%s",
	"event alert without an alert":                                           "event が alert ですが、alert がありません",
	"an alert that says neither isOpen nor status":                           "isOpen も status もないアラートです",
	"it has no event":                        "event がありません",
	"event %q is not known here":             "event「%s」は知らない種類です",
	"event alertGroup without an alertGroup": "event が alertGroup ですが、alertGroup がありません",
	"event %s without a host":                "event が %s ですが、host がありません",
	"event %s without a monitor":             "event が %s ですが、monitor がありません",
}
