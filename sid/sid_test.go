package sid

import (
	"regexp"
	"strings"
	"testing"
)

// twilio is the form Twilio's own programs insist on: lower-case hexadecimal digits.
var twilio = regexp.MustCompile(`^[A-Z]{2}[0-9a-f]{32}$`)

func made[K Kind](t *testing.T, prefix string) {
	t.Helper()
	a, b := New[K](), New[K]()
	if a == b {
		t.Errorf("two of kind %s are the same: %s", prefix, a)
	}
	if !twilio.MatchString(string(a)) || !strings.HasPrefix(string(a), prefix) {
		t.Errorf("%q is not %s and 32 digits", a, prefix)
	}
	if got, err := Parse[K](string(a)); err != nil || got != a {
		t.Errorf("Parse(%q) = %q, %v", a, got, err)
	}
}

func TestEachKindHasItsPrefix(t *testing.T) {
	made[Account](t, "AC")
	made[Call](t, "CA")
	made[Key](t, "SK")
	made[Bin](t, "EH")
	made[Number](t, "PN")
	made[Application](t, "AP")
	made[Notification](t, "NO")
	made[Conference](t, "CF")
	made[Recording](t, "RE")
	made[Queue](t, "QU")
	made[Stream](t, "MZ")
	made[Domain](t, "SD")
	made[CredentialList](t, "CL")
	made[Credential](t, "CR")
	made[AccessList](t, "AL")
	made[AccessAddress](t, "IP")
	made[Trigger](t, "UT")
	made[Service](t, "VA")
	made[Verification](t, "VE")
	made[Attempt](t, "VL")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Call // "" is an error
	}{
		{"as made", "CA0123456789abcdef0123456789abcdef", "CA0123456789abcdef0123456789abcdef"},
		{"capital digits", "CA0123456789ABCDEF0123456789ABCDEF", "CA0123456789abcdef0123456789abcdef"},
		{"another kind", "AC0123456789abcdef0123456789abcdef", ""},
		{"small prefix", "ca0123456789abcdef0123456789abcdef", ""},
		{"one digit short", "CA0123456789abcdef0123456789abcde", ""},
		{"one byte long", "CA0123456789abcdef0123456789abcdef00", ""},
		{"not hexadecimal", "CA0123456789abcdef0123456789abcdeg", ""},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse[Call](tt.in)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("Parse(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), "CA and 32 hexadecimal digits") {
				t.Errorf("the error does not say what would be right: %v", err)
			}
		})
	}
}

// What is read as an identifier is one in Twilio's form, and is read again as itself.
func FuzzParse(f *testing.F) {
	f.Add("CA0123456789ABCDEF0123456789abcdef")
	f.Add("CA")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse[Call](s)
		if err != nil {
			return
		}
		if again, err := Parse[Call](string(c)); err != nil || again != c || !twilio.MatchString(string(c)) || !strings.EqualFold(string(c), s) {
			t.Fatalf("Parse(%q) = %q, and again %q, %v", s, c, again, err)
		}
	})
}
