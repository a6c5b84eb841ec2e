package alert

import (
	"strings"
	"testing"
	"unicode"
)

func TestSpeakable(t *testing.T) {
	for _, tt := range []struct{ name, in, ja, en string }{
		{"plain words stay", "ディスクがいっぱいです", "ディスクがいっぱいです", "ディスクがいっぱいです"},
		{"percentages are rounded", "ディスク使用率 96.2%", "ディスク使用率 96パーセント", "ディスク使用率 96 percent"},
		{"a whole one stays", "disk 95%", "disk 95パーセント", "disk 95 percent"},
		{"full-width percent", "使用率９６％ 96.5％", "使用率９６ 97パーセント", "使用率９６ 97 percent"},
		{"nearly all is not all", "availability 99.97%", "availability 99.97パーセント", "availability 99.97 percent"},
		{"a little is not nothing", "errors 0.4%", "errors 0.4パーセント", "errors 0.4 percent"},
		{"a monitor's formula", "filesystem 96.2% > 95%", "filesystem 96パーセント、しきい値 95パーセント", "filesystem 96 percent over 95 percent"},
		{"the other way", "free 3 <= 5", "free 3、しきい値 5", "free 3 at most 5"},
		{"host digit by digit", "db01", "db ゼロ イチ", "db zero one"},
		{"host in a sentence", "db01のディスク", "db ゼロ イチ のディスク", "db zero one のディスク"},
		{"host with a domain and a full stop", "Down: web-3.example.jp.", "Down: web サン ドット example ドット jp.", "Down: web three dot example dot jp."},
		{"host and port", "db01:5432 refused", "db ゼロ イチ ポート ゴ ヨン サン ニ refused", "db zero one port five four three two refused"},
		{"localhost and port", "localhost:8080 refused", "localhost ポート ハチ ゼロ ハチ ゼロ refused", "localhost port eight zero eight zero refused"},
		{"a value is no port", "Disk:95 full", "Disk:95 full", "Disk:95 full"},
		{"IPv4", "10.0.3.7 down", "イチ ゼロ ドット ゼロ ドット サン ドット ナナ down", "one zero dot zero dot three dot seven down"},
		{"IPv4 and port", "10.0.3.7:53", "イチ ゼロ ドット ゼロ ドット サン ドット ナナ ポート ゴ サン", "one zero dot zero dot three dot seven port five three"},
		{"IPv6", "fe80::1", "fe ハチ ゼロ コロン コロン イチ", "fe eight zero colon colon one"},
		{"a time of day is no address", "3:02:10 に発生", "3:02:10 に発生", "3:02:10 に発生"},
		{"a date is no telephone", "2026-11-22 3:02", "2026-11-22 3:02", "2026-11-22 3:02"},
		{"a telephone number", "call +81312345678", "call ハチ イチ サン イチ ニ サン ヨン ゴ ロク ナナ ハチ", "call eight one three one two three four five six seven eight"},
		{"a telephone number with dashes", "03-1234-5678", "ゼロ サン イチ ニ サン ヨン ゴ ロク ナナ ハチ", "zero three one two three four five six seven eight"},
		{"a quantity stays a number", "12345 requests in 5m, 3.5 s each", "12345 requests in 5m, 3.5 s each", "12345 requests in 5m, 3.5 s each"},
		{"URLs never", "disk full: https://mackerel.io/orgs/kaden-demo/alerts/5Xy9 now", "disk full: now", "disk full: now"},
		{"URLs in brackets leave none", "手順書（https://wiki.example.jp/db）を見る", "手順書 を見る", "手順書 を見る"},
		{"ARNs never", "alarm arn:aws:sns:ap-northeast-1:123456789012:topic fired", "alarm fired", "alarm fired"},
		{"UUIDs never", "job 0f8fad5b-d9cb-469f-a165-70867728950e failed", "job failed", "job failed"},
		{"instance ids never", "i-0a1b2c3d4e5f67890 stopped", "stopped", "stopped"},
		{"checksums never", "commit 9e107d9d372bb6826bd81d3542a419d6 broke it", "commit broke it", "commit broke it"},
		{"mail addresses", "mail ops@example.jp", "mail ops アット example ドット jp", "mail ops at example dot jp"},
		{"brackets and pictures", "🔥 [CRITICAL] **disk** full ⚠️", "CRITICAL disk full", "CRITICAL disk full"},
		{"lines are sentences", "one\ntwo", "one。 two", "one. two"},
		{"words with a dash stay", "check-nginx failed", "check-nginx failed", "check-nginx failed"},
		{"a product with a number", "EC2 p99 k8s", "EC ニ p キュウ キュウ k ハチ s", "EC two p nine nine k eight s"},
		{"nothing an ear can use", "https://example.jp/ 🔥", "", ""},
		{"control characters", "disk\x00\x1b full\r\n", "disk full", "disk full"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Speakable(tt.in, "ja-JP"); got != tt.ja {
				t.Errorf("ja: got %q, want %q", got, tt.ja)
			}
			if got := Speakable(tt.in, "en-US"); got != tt.en {
				t.Errorf("en: got %q, want %q", got, tt.en)
			}
		})
	}
}

func TestSpeak(t *testing.T) {
	for _, tt := range []struct {
		name   string
		a      Alert
		ja, en string
	}{
		{"subject and title", Alert{Title: "disk 96.2%", Subject: "db01"}, "db ゼロ イチ、disk 96パーセント", "db zero one, disk 96 percent"},
		{"the title names it already", Alert{Title: "DB01 disk full", Subject: "db01"}, "DB ゼロ イチ disk full", "DB zero one disk full"},
		{"no title that can be spoken", Alert{Title: "https://example.jp", Subject: "db01"}, "db ゼロ イチ", "db zero one"},
		{"nothing but its source", Alert{Title: "https://example.jp", Source: "mackerel"}, "mackerel", "mackerel"},
		{"no subject", Alert{Title: "disk full"}, "disk full", "disk full"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if ja, en := tt.a.Speak("ja"), tt.a.Speak("fr"); ja != tt.ja || en != tt.en {
				t.Errorf("got %q and %q, want %q and %q", ja, en, tt.ja, tt.en)
			}
		})
	}
}

// Whatever a stranger writes: what is spoken holds no URL, ARN or UUID, no control character and no sign,
// and is not much longer than what was written.
func FuzzSpeakable(f *testing.F) {
	for _, s := range []string{
		"disk 96.2% > 95% on db01:5432", "https://a/b arn:aws:x", "0f8fad5b-d9cb-469f-a165-70867728950e", "fe80::1 10.0.3.7:53", "ops@example.jp",
		"（（））[🔥]", "+81312345678", "1 percent5%", "ディスク９６％", "a.b.c-1:2", "web-3.example.jp.",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, ja bool) {
		lang := "en"
		if ja {
			lang = "ja"
		}
		got := Speakable(s, lang)
		for _, never := range unspeakable {
			if never.MatchString(got) {
				t.Fatalf("%q is spoken %q", s, got)
			}
		}
		if strings.IndexFunc(got, unicode.IsControl) >= 0 || strings.ContainsAny(got, "%<>[]{}|*`") {
			t.Fatalf("%q is spoken %q", s, got)
		}
		if len(got) > 16*len(s)+16 {
			t.Fatalf("%d bytes are spoken as %d", len(s), len(got))
		}
	})
}
