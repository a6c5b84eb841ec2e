package intake

// Japanese is why a delivery was refused, in Japanese: English stands in this room's code. Senders are answered in English;
// whoever looks at the alert that came of it reads this.
var Japanese = map[string]string{
	"the body is not JSON":                "本文が JSON ではありません",
	"the body is not JSON: %s at byte %d": "本文が JSON ではありません（%s、%s バイト目）",
	"there is no body":                    "本文がありません",
	"the body is larger than %d bytes":    "本文が %s バイトを超えています",
	"the body did not arrive within %s":   "本文が %s 以内に届きませんでした",
	"the body broke off: %s":              "本文が途中で切れました：%s",
	"%s is not how alerts are sent":       "%s ではアラートを受け付けません",
}
