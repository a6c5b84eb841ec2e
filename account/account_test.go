package account

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNewAccount(t *testing.T) {
	a := New("main", time.Date(2026, 11, 22, 3, 2, 1, 999_999, time.FixedZone("JST", 9*3600)))
	if !regexp.MustCompile(`^AC[0-9a-f]{32}$`).MatchString(string(a.SID)) || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(a.AuthToken) {
		t.Errorf("SID %q, token %q", a.SID, a.AuthToken)
	}
	if a.Created != time.Date(2026, 11, 21, 18, 2, 1, 0, time.UTC) || a.Updated != a.Created || a.Name != "main" {
		t.Errorf("account %+v", a)
	}
	if b := New("main", time.Now()); b.SID == a.SID || b.AuthToken == a.AuthToken {
		t.Error("two accounts share a secret")
	}
}

func TestSecretsAreLettersAndDigitsAlone(t *testing.T) {
	seen := map[rune]int{}
	for range 500 {
		s := NewSecret()
		if !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(s) {
			t.Fatalf("secret %q", s)
		}
		for _, r := range s {
			seen[r]++
		}
	}
	if len(seen) != 62 {
		t.Errorf("in 16,000 characters only %d different ones", len(seen))
	}
}

func TestWhatIsSealedIsOpened(t *testing.T) {
	seal, err := NewSeal(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"", "geheim", strings.Repeat("長い", 10_000)} {
		a, b := seal.Seal([]byte(plain)), seal.Seal([]byte(plain))
		if bytes.Equal(a, b) || (plain != "" && bytes.Contains(a, []byte(plain))) {
			t.Errorf("%.20q is not hidden", plain)
		}
		if got, err := seal.Open(a); err != nil || string(got) != plain {
			t.Errorf("opened %.20q, %v", got, err)
		}
		a[len(a)-1] ^= 1
		if _, err := seal.Open(a); !errors.Is(err, ErrNotSealed) {
			t.Errorf("a changed byte: %v", err)
		}
	}
	other, _ := NewSeal(bytes.Repeat([]byte{8}, 32))
	if _, err := other.Open(seal.Seal([]byte("geheim"))); !errors.Is(err, ErrNotSealed) {
		t.Errorf("another key: %v", err)
	}
	for _, junk := range [][]byte{nil, {}, {1}, {2, 3, 4}} {
		if _, err := seal.Open(junk); !errors.Is(err, ErrNotSealed) {
			t.Errorf("%v: %v", junk, err)
		}
	}
	if a := seal.Lookup("x"); a != seal.Lookup("x") || a == seal.Lookup("y") || a == other.Lookup("x") || len(a) != 64 {
		t.Errorf("lookup %q", a)
	}
	if _, err := NewSeal([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := LoadSeal(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	second, err := LoadSeal(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(first.Seal([]byte("geheim"))); err != nil || string(got) != "geheim" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".key-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestManyStartsMakeOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	hashes := make([]string, 8)
	var wg sync.WaitGroup
	for i := range hashes {
		wg.Go(func() {
			seal, err := LoadSeal(path)
			if err != nil {
				t.Error(err)
				return
			}
			hashes[i] = seal.Lookup("x")
		})
	}
	wg.Wait()
	for _, h := range hashes {
		if h != hashes[0] {
			t.Fatal("two processes that start together use different keys")
		}
	}
}

func TestKeyFileThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := strings.Repeat("0123456789abcdef", 4) + "\n"
	for _, tt := range []struct{ name, path, says string }{
		{"others may read it", write("open", key, 0o644), "run chmod 600"},
		{"too short", write("short", key[:40], 0o600), "(it has 40 characters): restore it from a backup"},
		{"empty", write("empty", "", 0o600), "does not hold 64 hexadecimal digits"},
		{"not hexadecimal", write("words", strings.Repeat("x", 64), 0o600), "does not hold 64"},
		{"a directory", dir, "read key file"},
		{"no directory", filepath.Join(dir, "gone", "key"), "the data directory must be writable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := LoadSeal(tt.path); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
	if _, err := LoadSeal(write("fine", key, 0o600)); err != nil {
		t.Errorf("a key written by hand: %v", err)
	}
}

func TestReadNumber(t *testing.T) {
	n, problems := ReadNumber([]byte(`number: 050-1234-5678
url: https://example.jp/voice
method: GET
fallback-url: https://example.jp/fallback
fallback-method: POST
status-callback: http://127.0.0.1:9000/status
unknown: screen
foreign: reject
trunk: ntt
sms-url: https://example.jp/sms
sms-method: GET
sms-fallback-url: https://example.jp/sms2
`))
	want := Number{
		SID: NumberSID("+815012345678"), Number: "+815012345678", URL: "https://example.jp/voice", Method: "GET",
		FallbackURL: "https://example.jp/fallback", FallbackMethod: "POST", StatusCallback: "http://127.0.0.1:9000/status",
		Unknown: Screen, Foreign: Reject, Trunk: "ntt",
		Texts: Texts{URL: "https://example.jp/sms", Method: "GET", FallbackURL: "https://example.jp/sms2"},
	}
	if want.Document = n.Document; problems != nil || n != want || n.Document == "" {
		t.Errorf("got %+v, %v", n, problems)
	}
	n, problems = ReadNumber([]byte("number: reception\ntwiml: |\n  <Response><Say>こんにちは</Say></Response>\n"))
	if problems != nil || n.TwiML != "<Response><Say>こんにちは</Say></Response>" || n.Number != "reception" {
		t.Errorf("got %+v, %v", n, problems)
	}
}

func TestReadNumberRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"the police", "number: 110\nurl: http://a/\n", "1:9: error: <number>: 110 is nobody's own number"},
		{"a broken number", "number: 050-12\nurl: http://a/\n", "too short"},
		{"a name", "number: 受付\nurl: http://a/\n", "neither a telephone number nor a SIP user name"},
		{"no web page", "number: a\nurl: example.jp/voice\n", "2:6: error: <url>: \"example.jp/voice\" is not the address of a web page"},
		{"a method", "number: a\nurl: http://a/\nmethod: post\n", "3:9: error: <method>: \"post\" is not known"},
		{"a door that is none", "number: a\nurl: http://a/\nunknown: ignore\n", "3:10: error: <unknown>: \"ignore\" is not known"},
		{"both", "number: a\nurl: http://a/\ntwiml: <Response/>\n", "3:8: error: <twiml>: a number answers with url: or with twiml:, not with both"},
		{"nothing", "number: a\n", "1:9: warning: <number>: nothing says what answers"},
		{"no TwiML", "number: a\ntwiml: hello\n", "is not TwiML (it begins with <Response>)"},
		{"a fallback for no messages", "number: a\ntwiml: <Response/>\nsms-fallback-url: http://a/\n", "3:19: warning: <sms-fallback-url>: is never asked"},
		{"a fallback for nothing", "number: a\ntwiml: <Response/>\nfallback-url: http://a/\n", "3:15: warning: <fallback-url>: is never asked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ReadNumber([]byte(tt.text))
			var all strings.Builder
			for _, p := range problems {
				all.WriteString(p.String() + "\n")
			}
			if !strings.Contains(all.String(), tt.want) {
				t.Errorf("got\n%swant %s", all.String(), tt.want)
			}
		})
	}
}

func TestANumberThatPeopleCallBack(t *testing.T) {
	n, problems := ReadNumber([]byte("number: \"+815012345678\"\ncall-back: true\n"))
	if len(problems) > 0 || !n.CallBack {
		t.Errorf("%+v, %v", n, problems)
	}
	for _, more := range []string{"url: https://example.jp/voice", "twiml: <Response/>", "bin: night"} {
		if _, problems := ReadNumber([]byte("number: \"+815012345678\"\ncall-back: true\n" + more + "\n")); !problems.Refused() {
			t.Errorf("call-back: beside %s was not refused", more)
		}
	}
	if _, problems := ReadNumber([]byte("number: \"+815012345678\"\ncall-back: yes please\n")); !problems.Refused() {
		t.Error("call-back: yes please was not refused")
	}
}

func TestWhichDoorACallerComesTo(t *testing.T) {
	n := Number{Unknown: Screen, Foreign: Busy}
	for from, want := range map[string]Door{
		"anonymous": Screen, "sip:anonymous@anonymous.invalid": Screen, "+14158675309": Busy,
		"+819012345678": Accept, "sip:sato@192.0.2.7": Accept, "sato": Accept,
	} {
		if got, why := n.DoorFor(from); got != want || (why == "") != (want == Accept) {
			t.Errorf("%s comes to %q (%q), want %q", from, got, why, want)
		}
		if got, _ := (Number{Hotline: &Hotline{Plan: "night"}, Unknown: Named, Foreign: Screen}).DoorFor(from); got != Accept {
			t.Errorf("a hotline asks %s for a key twice (%q)", from, got)
		}
		if got, _ := (Number{}).DoorFor(from); got != Accept {
			t.Errorf("where nothing is said, %s comes to %q", from, got)
		}
	}
}
