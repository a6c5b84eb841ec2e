package speech

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// told shows what the engines get: language, text.
func told(u Utterance, own *Dictionary) []string {
	var out []string
	for _, p := range pieces(u, own) {
		s := p.request.Language + " " + p.request.Text
		if p.request.Text == "" {
			s = ""
		}
		if p.pause > 0 {
			s = fmt.Sprintf("[%v] %s", p.pause, s)
		}
		out = append(out, s)
	}
	return out
}

func TestWhatTheEnginesAreGivenToRead(t *testing.T) {
	own := NewDictionary(map[string]string{
		"佐藤": "さとう", "web-01": "ウェブいちごう", "Zabbix": "ザビックス", "方": "かた", "kafka": "カフカ", "kafka-prod": "カフカほんばん", "smtpd": "S M T P D",
	})
	for _, tt := range []struct {
		name, language, text string
		want                 []string
	}{
		{"plain Japanese", "ja-JP", "障害が発生しました。1を押してください。", []string{"ja 障害が発生しました。", "[300ms] ja 1を押してください。"}},
		{"abbreviations are left to the Japanese engine", "ja-JP", "AWSのEC2でP1の障害", []string{"ja AWSのEC2でP1の障害"}},
		{"words of the trade have Japanese readings", "ja-JP", "db の disk usage が95%", []string{"ja ディービー の ディスク 使用率 が95%"}},
		{"English goes to the English voice", "ja-JP", "件名は Connection refused です。", []string{"ja 件名は", "[60ms] en Connection refused", "[60ms] ja です。"}},
		{"a title of both goes there whole", "ja-JP", "disk almost full", []string{"en disk almost full"}},
		{"the installation's readings win", "ja-JP", "佐藤さん、web-01とZABBIXです。", []string{"ja さとうさん、ウェブいちごうとザビックスです。"}},
		{"the longest reading wins", "ja-JP", "kafka-prodとkafka", []string{"ja カフカほんばんとカフカ"}},
		{"no reading in the middle of a word", "ja-JP", "feedback", []string{"en feedback"}},
		{"host names fall apart", "ja-JP", "host web-03 です", []string{"ja ホスト ウェブ ゼロサン です"}},
		{"an address digit by digit", "ja-JP", "10.0.0.1が応答しません", []string{"ja イチゼロテンゼロテンゼロテンイチが応答しません"}},
		{"a time of day", "ja-JP", "09:05から12:00まで", []string{"ja 9時5分から12時まで"}},
		{"midnight", "ja-JP", "00:00に", []string{"ja 零時に"}},
		{"full width", "ja-JP", "ＣＰＵが９５％、ﾒﾓﾘは７０％", []string{"ja シーピーユーが95%、メモリは70%"}},
		{"a long number", "ja-JP", "番号123456789です", []string{"ja 番号イチニーサンヨンゴーロクナナハチキュウです"}},
		{"nothing to say", "ja-JP", "。、・… ！", nil},
		{"control characters", "ja-JP", "障害\x00です\r\n至急", []string{"ja 障害 です", "[300ms] ja 至急"}},
		{"English sentences", "en-US", "Disk is full. Press 1.", []string{"en Disk is full.", "[300ms] en Press 1."}},
		{"a host in English", "en-US", "web-01.example.com answers in 1.5 s on EC2", []string{"en web zero one dot example dot com answers in 1.5 s on E C 2"}},
		{"titles do not end a sentence", "en-US", "Call Mr. J. Smith now! Really?", []string{"en Call Mr. J. Smith now!", "[300ms] en Really?"}},
		{"an address in English", "en-GB", "10.0.0.1 is down for 500ms, the 3rd time", []string{"en one zero dot zero dot zero dot one is down for 500 milliseconds, the 3rd time"}},
		{"a Latin reading in English", "en-US", "smtpd failed", []string{"en S M T P D failed"}},
		{"a kana reading is not for English", "en-US", "zabbix failed", []string{"en zabbix failed"}},
		{"another language goes as it is", "de-DE", "Guten Tag", []string{"de Guten Tag"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := told(Utterance{Language: tt.language, Spans: []Span{{Text: tt.text}}}, own)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestSayAs(t *testing.T) {
	for _, tt := range []struct{ as, language, text, want string }{
		{"digits", "ja-JP", "0123", "ja ゼロイチニーサン"},
		{"digits", "en-US", "12-34", "en one two three four"},
		{"telephone", "ja-JP", "090-1234-5678", "ja ゼロキュウゼロ、イチニーサンヨン、ゴーロクナナハチ"},
		{"telephone", "en-US", "+81 90", "en plus, eight one, nine zero"},
		{"characters", "en-US", "aB1", "en eigh, B, one"},
		{"spell-out", "ja-JP", "a-1", "ja エー、ハイフン、イチ"},
		{"characters", "ja-JP", "架電", "ja 架、電"},
		{"cardinal", "ja-JP", "123", "ja 123"},
		{"date", "en-US", "2026-01-02", "en 2026 zero one zero two"},
	} {
		got := told(Utterance{Language: tt.language, Spans: []Span{{Text: tt.text, As: tt.as}}}, nil)
		if len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s of %q: %q, want %q", tt.as, tt.text, got, tt.want)
		}
	}
}

func TestStylesAndPauses(t *testing.T) {
	list := pieces(Utterance{Voice: "Polly.Mizuki", Spans: []Span{
		{Text: "一", Rate: "120%", Pitch: "+2st", Volume: "soft"},
		{Pause: time.Second},
		{Text: "two", Language: "en-US", Pause: 500 * time.Millisecond, Rate: "x-slow", Pitch: "low", Volume: "+3dB"},
		{Pause: 2 * time.Hour},
	}}, nil)
	want := []piece{
		{gain: -6, request: Request{Text: "一", Language: "ja", Rate: 1.2, Pitch: 2}},
		{pause: 1500 * time.Millisecond, gain: 3, request: Request{Text: "two", Language: "en", Rate: 0.5, Pitch: -3}},
		{pause: time.Minute},
	}
	if !slices.Equal(list, want) {
		t.Errorf("got  %+v\nwant %+v", list, want)
	}
}

func TestProsodyIsReadAsSSMLWritesIt(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  float64
		want float64
	}{
		{"fast", rate("fast"), 1.25}, {"85%", rate("85%"), 0.85}, {"-20%", rate("-20%"), 0.8}, {"1.1", rate("1.1"), 1.1}, {"900%", rate("900%"), 2},
		{"0%", rate("0%"), 0.5}, {"nonsense", rate("quick"), 1}, {"NaN", rate("NaN"), 1}, {"pitch +100%", pitch("+100%"), 12}, {"pitch x-high", pitch("x-high"), 6},
		{"pitch nonsense", pitch("up"), 0}, {"pitch -40st", pitch("-40st"), -12}, {"pitch 0%", pitch("0%"), 0},
		{"volume loud", gain("loud"), 4}, {"volume +40dB", gain("+40dB"), 6}, {"volume nonsense", gain("11"), 0}, {"volume silent", gain("silent"), -96},
	} {
		if d := tt.got - tt.want; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

func TestVoicesHaveTheirLanguage(t *testing.T) {
	for _, tt := range []struct {
		voice, language, want string
		warned                bool
	}{
		{"", "", "en-US", false}, {"", "ja-JP", "ja-JP", false}, {"alice", "ja-JP", "ja-JP", false}, {"man", "", "en-US", false}, {"woman", "en-GB", "en-GB", false},
		{"Polly.Mizuki", "", "ja-JP", false}, {"Polly.Takumi-Neural", "", "ja-JP", false}, {"Polly.Kazuha-Neural", "ja-JP", "ja-JP", false}, {"Polly.Joanna", "", "en-US", false},
		{"Polly.Amy-Generative", "en-US", "en-GB", false}, {"Polly.Mizuki", "en-US", "ja-JP", true}, {"Google.ja-JP-Standard-A", "", "ja-JP", false},
		{"Google.en-GB-Chirp3-HD-Aoede", "", "en-GB", false}, {"Polly.Nobody", "ja-JP", "ja-JP", true}, {"Amazon.Robot", "", "en-US", true}, {"robot", "ja", "ja", true}, {"Google.x", "", "en-US", true},
	} {
		got, warnings := Resolve(tt.voice, tt.language)
		if got != tt.want || (len(warnings) > 0) != tt.warned {
			t.Errorf("%q %q: %q %q, want %q", tt.voice, tt.language, got, warnings, tt.want)
		}
	}
}

func TestDictionaryFiles(t *testing.T) {
	for _, tt := range []struct{ name, file, want, fault string }{
		{"tabs", "# people\n佐藤\tさとう\n\nweb-01 \t ウェブいち\r\n", "さとう/は/ウェブいち", ""},
		{"YAML", "佐藤: さとう\nweb-01: ウェブいち\n", "さとう/は/ウェブいち", ""},
		{"empty", "", "佐藤はweb-01", ""},
		{"no reading", "佐藤\t\n", "", `line 1`},
		{"a line without a tab", "a\tb\nhello\n", "", `line 2 is "hello"`},
		{"two readings", "a\tb\na\tc\n", "", `line 2 reads "a" as "c"`},
		{"YAML of something else", "- a\n", "", "YAML"},
	} {
		d, err := ParseDictionary([]byte(tt.file))
		if tt.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%s: %v, want … %s …", tt.name, err, tt.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, r := range d.apply("佐藤はweb-01") {
			got = append(got, r.text)
		}
		if strings.Join(got, "/") != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// FuzzPieces: whatever the text, the engines get lines without control characters that have something
// to say, in a language that exists; and nothing of the words is lost that is plain Japanese.
func FuzzPieces(f *testing.F) {
	f.Add("障害です。db-01 is down (10.0.0.1:80) at 12:30", "ja-JP")
	f.Add("web-01.example.com\x00 95% p99 3rd", "en-US")
	f.Add("AAAA-BBBB....1.2.3.4.5 ＡＢＣ１２３", "ja")
	own := NewDictionary(map[string]string{"db": "でぃーびー", "障": "しょう", "1.2": "x"})
	f.Fuzz(func(t *testing.T, text, language string) {
		if len(text) > 5000 {
			return
		}
		for _, p := range pieces(Utterance{Language: language, Spans: []Span{{Text: text}}}, own) {
			r := p.request
			if r.Text == "" || !sayable(r.Text) || strings.ContainsAny(r.Text, "\x00\n\r\t") {
				t.Errorf("%q", r.Text)
			}
			if r.Rate != 1 || p.pause < 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}

// FuzzParseDictionary: what is accepted can be used, and puts only its own readings into a text.
func FuzzParseDictionary(f *testing.F) {
	f.Add([]byte("佐藤\tさとう\n#x\n"), "佐藤さん")
	f.Add([]byte("a: b\n"), "a")
	f.Fuzz(func(t *testing.T, b []byte, text string) {
		d, err := ParseDictionary(b)
		if err != nil {
			return
		}
		plain := 0
		for _, r := range d.apply(text) {
			if !r.fixed {
				plain += len(r.text)
			}
		}
		if plain > len(text) {
			t.Errorf("%d bytes of text became %d", len(text), plain)
		}
	})
}
