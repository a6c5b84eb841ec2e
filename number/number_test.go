package number

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in, region string
		want             Number
		class            Class
	}{
		{"mobile with dashes", "090-1234-5678", "JP", "+819012345678", Mobile},
		{"mobile as E.164", "+819012345678", "", "+819012345678", Mobile},
		{"060 is a mobile", "060-1234-5678", "JP", "+816012345678", Mobile},
		{"070", "07012345678", "JP", "+817012345678", Mobile},
		{"full-width digits and long vowel marks", "０９０ー１２３４ー５６７８", "JP", "+819012345678", Mobile},
		{"full-width brackets", "０３（１２３４）５６７８", "JP", "+81312345678", Fixed},
		{"every dash there is", "+81‐90−1234–5678", "JP", "+819012345678", Mobile},
		{"ideographic spaces", "090　1234　5678", "JP", "+819012345678", Mobile},
		{"the zero kept after +81", "+81 (0)90-1234-5678", "JP", "+819012345678", Mobile},
		{"as carriers spell a caller", "819012345678", "JP", "+819012345678", Mobile},
		{"as a spreadsheet leaves it", "9012345678", "JP", "+819012345678", Mobile},
		{"fixed line", "0422-12-3456", "JP", "+81422123456", Fixed},
		{"an area nobody knows", "0911234567", "JP", "+81911234567", Unknown},
		{"IP telephone", "050-1234-5678", "JP", "+815012345678", IPPhone},
		{"0120", "0120-444-444", "JP", "+81120444444", TollFree},
		{"0800 is not a mobile", "0800-123-4567", "JP", "+818001234567", TollFree},
		{"navi dial", "0570-012-345", "JP", "+81570012345", Shared},
		{"premium", "0990-123-456", "JP", "+81990123456", Premium},
		{"teledome", "0180-123-456", "JP", "+81180123456", Premium},
		{"pager", "020-4123-4567", "JP", "+812041234567", Pager},
		{"abroad by plus", "+1 (415) 867-5309", "JP", "+14158675309", Abroad},
		{"abroad as dialled in Japan", "010-1-415-867-5309", "JP", "+14158675309", Abroad},
		{"abroad at home there", "(415) 867-5309", "US", "+14158675309", Abroad},
		{"a satellite", "+870773111632", "", "+870773111632", Abroad},
		{"184 before it", "184-090-1234-5678", "JP", "+819012345678", Mobile},
		{"186 before it", "18609012345678", "JP", "+819012345678", Mobile},
		{"184 before a plus", "184+819012345678", "JP", "+819012345678", Mobile},
		{"184 before the police", "184110", "JP", "110", Emergency},
		{"184 twice is nothing we take apart", "18418409012345678", "JP", "18418409012345678", Special},
		{"police", "110", "JP", "110", Emergency},
		{"coast guard", "118", "JP", "118", Emergency},
		{"fire and ambulance, full width", "１１９", "JP", "119", Emergency},
		{"the exchange hears the police first", "110-1234-5678", "JP", "11012345678", Emergency},
		{"the police with a country code", "+81 110", "JP", "+81110", Emergency},
		{"the police with a zero", "+81 0110", "JP", "+81110", Emergency},
		{"weather", "177", "JP", "177", Special},
		{"weather with a country code", "+81177", "JP", "+81177", Special},
		{"directory enquiries", "104", "JP", "104", Special},
		{"carrier prefix", "0033-090-1234-5678", "JP", "003309012345678", Special},
		{"carrier prefix for abroad", "0081312345678", "JP", "0081312345678", Special},
		{"112 anywhere", "112", "DE", "112", Emergency},
		{"112 with a plus", "+112", "", "+112", Emergency},
		{"911 from Japan", "911", "JP", "911", Emergency},
		{"911 at home", "911", "US", "911", Emergency},
		{"911 with a country code", "+1 911", "", "+1911", Emergency},
		{"999 with a country code", "+44 999", "", "+44999", Emergency},
		{"triple zero", "000", "JP", "000", Emergency},
		{"information abroad", "411", "US", "411", Special},
		{"information with a country code", "+1411", "", "+1411", Special},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in, tt.region)
			if err != nil || got != tt.want {
				t.Fatalf("Parse(%q, %q) = %q, %v, want %q", tt.in, tt.region, got, err, tt.want)
			}
			if c := got.Class(); c != tt.class {
				t.Errorf("%s is %s, want %s", got, c, tt.class)
			}
			dialable, reason := got.Class().Dialable()
			never := tt.class == Emergency || tt.class == Special
			if dialable == never || never != (reason != "") {
				t.Errorf("%s: dialable %v, reason %q", got, dialable, reason)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, in, region, says string }{
		{"nothing", "", "JP", "needs digits"},
		{"only dashes", "ーー", "JP", "needs digits"},
		{"only a plus", "+", "JP", "needs digits"},
		{"letters", "1800FLOWERS", "JP", "does not belong"},
		{"an extension", "090-1234-5678 ext 12", "JP", "does not belong"},
		{"a service code", "*31#0312345678", "JP", "service code"},
		{"a plus in the middle", "090+12345678", "JP", "in the middle"},
		{"two plus signs", "++8190", "JP", "in the middle"},
		{"184 and nothing but a plus", "184+", "JP", "in the middle"},
		{"too short", "090-1234", "JP", "too short"},
		{"too long", "090-1234-56789", "JP", "too long"},
		{"right length, no such range", "0301234567 8", "JP", "is not a Japanese number"},
		{"no area code", "1234-5678"[1:], "JP", "area code"},
		{"too short abroad", "+4412", "", "wrong length"},
		{"no such country", "+999 1234567", "", "no such country code"},
		{"hardly anything abroad", "+4", "", "not a telephone number"},
		{"no region", "090-1234-5678", "", "with + and its country code"},
		{"hardly anything at home there", "1", "US", "not a telephone number"},
		{"wrong length at home there", "41586753099999", "US", "wrong length"},
		{"far too long", strings.Repeat("9", 21), "JP", "too long"},
		{"a novel", strings.Repeat("九", 500), "JP", "1500 bytes"},
		{"not UTF-8", "090\xff", "JP", "UTF-8"},
		{"anonymous", "anonymous", "JP", "hides the number"},
		{"hidden, in Japanese", "非通知", "JP", "hides the number"},
		{"hidden, by Twilio's keypad number", "+266696687", "JP", "hides the number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in, tt.region)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Parse(%q) = %q, %v, want an error that says %q", tt.in, got, err, tt.says)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	for _, tt := range []struct {
		n                                            Number
		e164, national, digits, formatted, people, c string
	}{
		{"+819012345678", "+819012345678", "09012345678", "819012345678", "+819012345678", "090-1234-5678", "JP"},
		{"+816012345678", "+816012345678", "06012345678", "816012345678", "+816012345678", "060-1234-5678", "JP"},
		{"+81911234567", "+81911234567", "0911234567", "81911234567", "+81911234567", "0911234567", "JP"},
		{"+14158675309", "+14158675309", "01014158675309", "14158675309", "(415) 867-5309", "(415) 867-5309", "US"},
		{"+442071838750", "+442071838750", "010442071838750", "442071838750", "+442071838750", "020 7183 8750", "GB"},
		{"+12015550123", "+12015550123", "01012015550123", "12015550123", "(201) 555-0123", "(201) 555-0123", "US"},
		{"+80012345678", "+80012345678", "01080012345678", "80012345678", "+80012345678", "1234 5678", ""},
		{"110", "110", "110", "110", "110", "110", ""},
		{"", "", "", "", "", "", ""},
	} {
		t.Run(string(tt.n), func(t *testing.T) {
			got := []string{tt.n.Spell(E164), tt.n.Spell(National), tt.n.Spell(Digits), tt.n.Formatted(), tt.n.National(), tt.n.Country(), tt.n.Spell("")}
			want := []string{tt.e164, tt.national, tt.digits, tt.formatted, tt.people, tt.c, tt.n.String()}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestMasked(t *testing.T) {
	for in, want := range map[Number]string{
		"+819012345678": "+8190****5678",
		"+6834000":      "+68****00",
		"110":           "110",
		"":              "",
	} {
		if got := in.LogValue().String(); got != want {
			t.Errorf("%q is logged as %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"tel:+819012345678":                             "tel:+8190****5678",
		"sip:09012345678@carrier.example.jp;user=phone": "sip:090****5678@carrier.example.jp;user=phone",
		"sip:sato@192.0.2.7:5062":                       "sip:sato@192.0.2.7:5062",
		"sip:sato:geheim@192.0.2.7":                     "sip:sato:****@192.0.2.7",
		"client:sato":                                   "client:sato",
		"from +819012345678 to 0312345678":              "from +8190****5678 to 031****5678",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	if got := (Address{Scheme: Tel, Number: "+819012345678"}).LogValue().String(); got != "tel:+8190****5678" {
		t.Errorf("an address is logged as %q", got)
	}
}

func TestClassNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range append(Classes(), Emergency, Special) {
		if w := c.Words(); w == "" || seen[w] {
			t.Errorf("%s has the words %q of another", c, w)
		}
		seen[c.Words()] = true
	}
	for _, c := range Classes() {
		if got, err := ParseClass(string(c)); err != nil || got != c {
			t.Errorf("ParseClass(%q) = %q, %v", c, got, err)
		}
	}
	for in, says := range map[string]string{"emergency": "never dialled", "special": "never dialled", "handy": "not a class"} {
		if _, err := ParseClass(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ParseClass(%q): %v, want %q", in, err, says)
		}
	}
	if got := Number("+81").Class(); got != Unknown {
		t.Errorf("a country code alone is %s", got)
	}
	if got := Number("+999").Class(); got != Emergency {
		t.Errorf("+999 is %s", got)
	}
	if got := Number("+9991").Class(); got != Special {
		t.Errorf("+9991 is %s", got)
	}
	if got := Number("+812001234567890").Class(); got != Pager {
		t.Errorf("a machine's 0200 number is %s", got)
	}
}

func TestCutPresentation(t *testing.T) {
	for in, want := range map[string][2]string{
		"184-090-1234-5678": {"184", "09012345678"},
		"１８６０９０１２３４５６７８":    {"186", "09012345678"},
		"090-1234-5678":     {"", "09012345678"},
		"+819012345678":     {"", "+819012345678"},
		"18490":             {"", "18490"},
		"sip:sato@host":     {"", "sip:sato@host"},
	} {
		if prefix, rest := CutPresentation(in); prefix != want[0] || rest != want[1] {
			t.Errorf("CutPresentation(%q) = %q, %q, want %q", in, prefix, rest, want)
		}
	}
}

// Whatever text a stranger sends: what is understood once is understood the same ever after, in every
// spelling a trunk may use, and nothing that reaches rescue services is ever dialable.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"090-1234-5678", "+819012345678", "０３（１２３４）５６７８", "110", "119", "+81110", "184110", "18409012345678",
		"0033", "010-1-415-867-5309", "+1 911", "(415) 867-5309", "+44 999", "+390612345678", "+5215512345678", "+541112345678", "911", "非通知",
	} {
		f.Add(s, "JP")
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, s, region string) {
		n, err := Parse(s, region)
		if err != nil {
			if n != "" {
				t.Fatalf("Parse(%q) fails and still gives %q", s, n)
			}
			return
		}
		again, err := Parse(string(n), region)
		if err != nil || again != n {
			t.Fatalf("Parse(%q, %q) = %q, but Parse of that = %q, %v", s, region, n, again, err)
		}
		ok, _ := n.Class().Dialable()
		digits := strings.TrimPrefix(string(n), "+")
		if ok && (digits == string(n) || emergency[digits]) {
			t.Fatalf("Parse(%q, %q) = %q could be dialled", s, region, n)
		}
		if national := n.Spell(National); ok && n.Country() == "JP" && len(national) > 3 && n.Class() != Unknown {
			if home, err := Parse(national, "JP"); err != nil || home != n {
				t.Fatalf("%q spelt %q reads %q, %v", n, national, home, err)
			}
		}
		if m := n.LogValue().String(); len(digits) >= 7 && strings.Contains(m, digits) {
			t.Fatalf("%q is not masked: %q", n, m)
		}
	})
}
