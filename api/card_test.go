package api

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"rsc.io/qr"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

func TestTheCardHoldsEveryNumberThatKadenCallsFrom(t *testing.T) {
	set := &manifest.Set{
		Plans: map[string]callout.Plan{
			"night": {From: map[string]string{"twilio": "+815087654321", "ntt": "+815012345678"}, FromOrder: []string{"ntt", "twilio"}},
			"day":   {From: map[string]string{"ntt": "050-1234-5678"}},
		},
		Trunks:  []trunk.Trunk{{Name: "a", From: "+81312345678"}, {Name: "b", From: "anonymous"}, {Name: "c"}},
		Numbers: []account.Number{{Number: "+815012345678"}, {Number: "sales"}, {Number: "+12025550123"}},
	}
	got := callerIDs(set, "JP")
	if want := []number.Number{"+815012345678", "+815087654321", "+81312345678", "+12025550123"}; !slices.Equal(got, want) {
		t.Errorf("numbers %v, want %v", got, want)
	}
}

func TestACardIsWhatPhonesRead(t *testing.T) {
	numbers := []number.Number{"+815012345678", "+81312345678"}
	for version, want := range map[string]string{
		"3.0": "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:kaden 架電\r\nN:kaden 架電;;;;\r\n" +
			"TEL;TYPE=WORK,VOICE:+815012345678\r\nTEL;TYPE=WORK,VOICE:+81312345678\r\nEND:VCARD\r\n",
		"4.0": "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:kaden 架電\r\nKIND:org\r\n" +
			"TEL;VALUE=uri;TYPE=\"work,voice\":tel:+815012345678\r\nTEL;VALUE=uri;TYPE=\"work,voice\":tel:+81312345678\r\nEND:VCARD\r\n",
	} {
		if got := string(vcard(version, "kaden 架電", numbers)); got != want {
			t.Errorf("vCard %s is\n%q, want\n%q", version, got, want)
		}
	}
}

func TestALongNameIsFoldedBetweenCharacters(t *testing.T) {
	name := strings.Repeat("運用監視当番、", 20)
	card := string(vcard("3.0", name, []number.Number{"+815012345678"}))
	if !strings.Contains(card, "\r\n ") {
		t.Fatalf("nothing is folded: %q", card)
	}
	if got := readCard(t, card)["FN"]; got != name {
		t.Errorf("the name is read as %q", got)
	}
}

func TestWhatMeansSomethingInACardIsEscaped(t *testing.T) {
	name := "ops; night\\day, 24h\r\nsecond\x00 line"
	card := string(vcard("3.0", name, nil))
	if !strings.Contains(card, `FN:ops\; night\\day\, 24h\nsecond line`+"\r\n") {
		t.Errorf("the card is %q", card)
	}
}

// readCard takes a card apart as a phone does, and checks the form of each line.
func readCard(t *testing.T, card string) map[string]string {
	t.Helper()
	if !strings.HasSuffix(card, "\r\n") || strings.Count(card, "\n") != strings.Count(card, "\r\n") {
		t.Fatalf("lines do not end with CRLF: %q", card)
	}
	for _, l := range strings.Split(strings.TrimSuffix(card, "\r\n"), "\r\n") {
		if len(l) > 75 || !utf8.ValidString(l) {
			t.Errorf("a line of %d octets, valid %v: %q", len(l), utf8.ValidString(l), l)
		}
	}
	out := map[string]string{}
	for _, l := range strings.Split(strings.ReplaceAll(card, "\r\n ", ""), "\r\n") {
		key, value, _ := strings.Cut(l, ":")
		out[key] = strings.NewReplacer(`\\`, `\`, `\,`, ",", `\;`, ";", `\n`, "\n").Replace(value)
	}
	return out
}

func FuzzACardIsReadAsItWasWritten(f *testing.F) {
	for _, s := range []string{"kaden 架電", "a;b,c\\d\ne", strings.Repeat("架", 100), strings.Repeat("x", 72), " ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(name, "\uFFFD"))
		want = strings.Map(func(r rune) rune {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0) {
				return -1
			}
			return r
		}, want)
		card := readCard(t, string(vcard("3.0", name, []number.Number{"+815012345678"})))
		if card["FN"] != want {
			t.Errorf("%q is read as %q", name, card["FN"])
		}
		if card["TEL;TYPE=WORK,VOICE"] != "+815012345678" || card["VERSION"] != "3.0" {
			t.Errorf("%q spoils the rest: %v", name, card)
		}
	})
}

func TestTheCodeIsDrawnModuleByModule(t *testing.T) {
	code, err := qr.Encode("BEGIN:VCARD", qr.L)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Path    []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(svg(code), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.ViewBox != "0 0 29 29" || len(doc.Path) != 2 { // version 1 has 21 modules a side
		t.Fatalf("the drawing is %+v", doc)
	}
	black := map[[2]int]bool{}
	for _, run := range strings.Split(strings.TrimSuffix(doc.Path[1].D, "z"), "z") {
		var x, y, n int
		if _, err := fmt.Sscanf(run, "M%d %dh%d", &x, &y, &n); err != nil {
			t.Fatalf("%q: %v", run, err)
		}
		for i := range n {
			black[[2]int{x + i - 4, y - 4}] = true
		}
	}
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) != black[[2]int{x, y}] {
				t.Fatalf("module %d,%d is drawn %v", x, y, black[[2]int{x, y}])
			}
		}
	}
}
