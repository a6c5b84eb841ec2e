package call

import (
	"strings"
	"testing"
)

func TestPartiesAsTwilioWritesThem(t *testing.T) {
	for in, want := range map[string]string{
		"sip:+819011112222@carrier.example;user=phone": "+819011112222",
		"sip:09011112222@carrier.example":              "+819011112222",
		"tel:+81-90-1111-2222":                         "+819011112222",
		"sip:%2B819011112222@carrier.example":          "+819011112222",
		"sip:sato@192.0.2.7;transport=tcp":             "sip:sato@192.0.2.7",
		"sip:anonymous@anonymous.invalid":              "anonymous",
		"sip:110@carrier.example":                      "sip:110@carrier.example",
		"client:sato":                                  "client:sato",
		"sim:sato":                                     "sim:sato",
		"":                                             "",
	} {
		if got := party(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// What a stranger calls himself is a number in E.164, nobody, or his own words without parameters.
func FuzzParty(f *testing.F) {
	for _, s := range []string{"sip:+819011112222@x;user=phone", "sip:%zz@", "tel:", "sip:anonymous@anonymous.invalid", ";;", "sip:1@[::1]:5060"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := party(s)
		own, _, _ := strings.Cut(s, ";")
		isNumber := strings.HasPrefix(got, "+") && strings.Trim(got[1:], "0123456789") == "" && len(got) > 4
		if !isNumber && got != "anonymous" && got != own {
			t.Errorf("%q is %q", s, got)
		}
	})
}
