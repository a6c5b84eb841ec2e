package notice

// Japanese is what is said of notices, in Japanese; see problem.Book.
var Japanese = map[string]string{
	"a notice goes one way": "知らせの送り方は 1 つだけです",
	"make a notice of its own for each of url:, chat:, mail: and sms:": "url:、chat:、mail:、sms: ごとに知らせを分けてください",
	"nothing says whom to tell":                                        "知らせる相手がありません",
	"add mail:, chat:, sms: or url:":                                   "mail:、chat:、sms:、url: のいずれかを書いてください",
	"nobody is named":                                                  "宛先がありません",
	"mail needs %s:":                                                   "メールには %s: が必要です",
	"the request is not signed: whoever knows the address can make one up": "リクエストに署名がありません。URL を知っていればだれでも偽造できます",
	"add secret: env:NOTICE_SECRET":                                        "secret: env:NOTICE_SECRET を書いてください",
	"%s gets no short messages: it is no mobile number":                    "%s は携帯電話の番号ではないため、SMS を受け取れません",
	"this is not the address of a web page":                                "Web の URL ではありません",
	"%q is not a mail address":                                             "「%s」はメールアドレスではありません",
	"%q is not a server and its port":                                      "「%s」はサーバーとポートの形になっていません",
}
