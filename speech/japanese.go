package speech

// Japanese is what is said of engines, in Japanese: English stands in this room's code.
var Japanese = map[string]string{
	"no speech engine for %s; %s":     "%sの音声エンジンがありません。%s",
	"no speech engine for %s: %s; %s": "%sの音声エンジンが使えません（%s）。%s",
	"Japanese (ja)":                   "日本語（ja）",
	"English (en)":                    "英語（en）",
	"apt-get install open-jtalk open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001 (the voice is in Debian's contrib)": "apt-get install open-jtalk open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001 で入ります（音声は Debian の contrib にあります）",
	"apt-get install flite":                    "apt-get install flite で入ります",
	"kaden speaks ja and en":                   "kaden が話せるのは日本語と英語です",
	"Japanese (ja): %s":                        "日本語（ja）：%s",
	"English (en): %s":                         "英語（en）：%s",
	"engine gave no sound":                     "音声エンジンから音が出ませんでした",
	"speak %s: %s":                             "%sを読み上げられません：%s",
	"%s: engine gave no sound":                 "%s：音声エンジンから音が出ませんでした",
	"%s was stopped: %s":                       "%s を打ち切りました：%s",
	"%s took more than %s":                     "%s が %s を超えました",
	"waited %s for a speech engine to be free": "音声エンジンが空くのを %s 待ちました",
}
