package tariff

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

const (
	mobile   number.Number = "+819012345678"
	fixed    number.Number = "+81312345678"
	tollFree number.Number = "+81120444444"
	abroad   number.Number = "+14158675309"
)

// table reads what stands below prices:, which must be without a problem.
func table(t *testing.T, text string) Table {
	t.Helper()
	doc := yamldoc.Parse([]byte("prices:\n  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")))
	got := Read(doc.Take("prices"))
	if list := doc.Done(); list != nil {
		t.Fatalf("%v", list)
	}
	return got
}

const hikari = `
currency: JPY
calls:
  - { to: fixed, price: 8.8, unit: 3m }
  - { to: [mobile, "070"], price: 17.6, unit: 60s }
  - { to: "050-3", per-call: 11.55 }
  - { to: "+1", per-call: 2, price: 0.15, unit: 1s, free: 6s }
  - { to: others, price: 20, unit: 1m, attempt: 1 }
`

func TestCost(t *testing.T) {
	house := table(t, hikari)
	for _, tt := range []struct {
		name string
		leg  Leg
		want string
		says string
	}{
		{"one second of three minutes", Leg{To: fixed, Answered: true, Talked: time.Second}, "8.8 JPY", "1 × 3m"},
		{"three minutes are one unit", Leg{To: fixed, Answered: true, Talked: 3 * time.Minute}, "8.8 JPY", "1 × 3m"},
		{"a millisecond more begins the next", Leg{To: fixed, Answered: true, Talked: 3*time.Minute + time.Millisecond}, "17.6 JPY", "2 × 3m"},
		{"who answers and hangs up at once has used one", Leg{To: mobile, Answered: true}, "17.6 JPY", "1 × 1m"},
		{"a clock that went back", Leg{To: mobile, Answered: true, Talked: -time.Hour}, "17.6 JPY", "1 × 1m"},
		{"the voicemail of 40 s", Leg{To: mobile, Answered: true, Talked: 40 * time.Second}, "17.6 JPY", "40s talked"},
		{"a prefix goes before its class", Leg{To: "+815031234567", Answered: true, Talked: time.Hour}, "11.55 JPY", "1h0m0s talked"},
		{"free seconds", Leg{To: abroad, Answered: true, Talked: 6 * time.Second}, "2 JPY", "0 × 1s"},
		{"and one after them", Leg{To: abroad, Answered: true, Talked: 6001 * time.Millisecond}, "2.15 JPY", "1 × 1s"},
		{"nobody answered", Leg{To: mobile}, "0 JPY", "nobody answered"},
		{"nobody answered where that costs", Leg{To: tollFree}, "1 JPY", "nobody answered"},
		{"all the others", Leg{To: tollFree, Answered: true, Talked: 61 * time.Second}, "40 JPY", "2 × 1m"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, words := house.Cost(tt.leg)
			if got.String() != tt.want || !strings.Contains(words, tt.says) {
				t.Errorf("costs %s (%s), want %s (%s)", got, words, tt.want, tt.says)
			}
		})
	}
}

// Calls that come in have rows of their own, by the number that was called.
func TestCostOfCallsThatComeIn(t *testing.T) {
	house := table(t, hikari+"inbound:\n  - { to: toll-free, price: 33, unit: 3m }\n")
	if got, words := house.In().Cost(Leg{To: tollFree, Answered: true, Talked: 4 * time.Minute}); got.String() != "66 JPY" {
		t.Errorf("costs %s (%s)", got, words)
	}
	if got, words := house.In().Cost(Leg{To: mobile, Answered: true, Talked: time.Minute}); got.Known() || !strings.Contains(words, "no row") {
		t.Errorf("costs %s (%s)", got, words)
	}
	if got, _ := table(t, hikari).In().Cost(Leg{To: tollFree, Answered: true}); got.Known() {
		t.Errorf("without rows it costs %s", got)
	}
}

func TestWhatIsNotKnownIsNotNothing(t *testing.T) {
	gappy := table(t, "currency: USD\ncalls:\n  - { to: mobile, price: 0.0085, unit: 60s }\n")
	got, why := gappy.Cost(Leg{To: tollFree, Answered: true, Talked: time.Second})
	if got.Known() || got.String() != "unknown" || !strings.Contains(why, "toll-free numbers") {
		t.Errorf("a call that no row prices costs %s: %s", got, why)
	}
	got, why = gappy.Cost(Leg{To: tollFree})
	if got.Known() {
		t.Errorf("a try that no row prices costs %s: %s", got, why)
	}
	if got, why := (Table{}).Cost(Leg{To: mobile, Answered: true}); got.Known() || why != "the trunk has no prices" {
		t.Errorf("without prices a call costs %s: %s", got, why)
	}
}

func TestGaps(t *testing.T) {
	japan := func(c number.Class) bool { return c != number.Abroad && c != number.Unknown }
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"the one for others leaves none", hikari, nil},
		{"classes", "currency: JPY\ncalls:\n  - { to: [mobile, fixed, ip, shared, premium], price: 1, unit: 1s }\n", []string{"toll-free numbers (0120, 0800)", "020 numbers"}},
		{"a class by its prefixes, all and some", "currency: JPY\ncalls:\n  - { to: [fixed, ip, shared, premium, pager, '0120', '0800', '090', '080'], price: 1, unit: 1s }\n", []string{"+8160, +8170"}},
		{"the whole country", "currency: JPY\ncalls:\n  - { to: '+81', price: 1, unit: 1s }\n", nil},
		{"part of a class that has no list", "currency: JPY\ncalls:\n  - { to: ['+813', mobile, ip, toll-free, shared, premium, pager], price: 1, unit: 1s }\n", []string{"fixed lines"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := table(t, tt.text).Gaps(japan); !slices.Equal(got, tt.want) {
				t.Errorf("gaps %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no currency", "calls: []", "<currency>: is missing"},
		{"a currency in words", "currency: yen\ncalls: []", `"yen" is no currency (three capital letters`},
		{"no calls", "currency: JPY", "<calls>: is missing"},
		{"a row that is a word", "currency: JPY\ncalls: [mobile]", "a price is a row of keys and values"},
		{"a row for nobody", "currency: JPY\ncalls: [{ price: 1, unit: 1s }]", "<to>: is missing"},
		{"a class that is none", "currency: JPY\ncalls: [{ to: mobil, price: 1, unit: 1s }]", "did you mean mobile?"},
		{"another that is none", "currency: JPY\ncalls: [{ to: sakura, price: 1, unit: 1s }]", "or a prefix such as 090"},
		{"the police", "currency: JPY\ncalls: [{ to: '110', price: 1, unit: 1s }]", "110 is no prefix of a number"},
		{"a country of 0", "currency: JPY\ncalls: [{ to: '+0', price: 1, unit: 1s }]", "no country begins with 0"},
		{"a prefix without end", "currency: JPY\ncalls: [{ to: '+8190123456789012', price: 1, unit: 1s }]", "longer than any number"},
		{"twice", "currency: JPY\ncalls: [{ to: ['090', '+81 90'], price: 1, unit: 1s }]", "+8190 is priced twice"},
		{"a price with a comma", "currency: JPY\ncalls: [{ to: mobile, price: '8,8', unit: 1s }]", `"8,8" is no amount of money`},
		{"less than nothing", "currency: JPY\ncalls: [{ to: mobile, price: -8, unit: 1s }]", `"-8" is no amount of money`},
		{"a seventh decimal", "currency: JPY\ncalls: [{ to: mobile, price: 0.0000001, unit: 1s }]", "more than 6 decimals"},
		{"more than there is", "currency: JPY\ncalls: [{ to: mobile, price: 100000000000000000000, unit: 1s }]", "more than can be counted"},
		{"a house for a call", "currency: JPY\ncalls: [{ to: mobile, price: 30000000, unit: 1s }]", "is no price of a call (at most 100000)"},
		{"no unit", "currency: JPY\ncalls: [{ to: mobile, price: 8 }]", "a price without a unit of time"},
		{"no price for the unit", "currency: JPY\ncalls: [{ to: mobile, unit: 3m }]", "a unit of time without a price"},
		{"no price at all", "currency: JPY\ncalls: [{ to: mobile }]", "this row has no price"},
		{"units that are none", "currency: JPY\ncalls: [{ to: mobile, price: 8, unit: 10ms }]", "10ms is out of range"},
		{"a row that comes in, without a price", "currency: JPY\ncalls: []\ninbound: [{ to: toll-free }]", "this row has no price"},
		{"a key nobody knows", "currency: JPY\ncalls: [{ to: mobile, prise: 8, unit: 3m }]", "did you mean price?"},
		{"another nobody knows", "currency: JPY\nrows: []", "<rows>: is not a key that means anything here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := yamldoc.Parse([]byte("prices:\n  " + strings.ReplaceAll(tt.text, "\n", "\n  ")))
			Read(doc.Take("prices"))
			var all strings.Builder
			for _, p := range doc.Done() {
				all.WriteString(p.String() + "\n")
			}
			if !strings.Contains(all.String(), tt.want) {
				t.Errorf("got\n%swant %s", all.String(), tt.want)
			}
		})
	}
	if got := Read(yamldoc.Parse([]byte("trunk: ntt")).Take("prices")); got.Currency != "" || got.Rows != nil {
		t.Errorf("nothing gives %+v", got)
	}
}

// Whatever a stranger writes: the table that comes of it gives no cost that is less than nothing, the same for the
// same leg, no less for a longer one, and none at all only where it says so.
func FuzzRead(f *testing.F) {
	f.Add([]byte("currency: JPY\ncalls:\n  - { to: fixed, price: 8.8, unit: 3m }\n  - { to: others, price: 20, unit: 1m, attempt: 1 }\n"), int64(61000))
	f.Add([]byte("currency: USD\ncalls: [{ to: ['+1', mobile], per-call: 0.01, price: 0.0085, unit: 60s, free: 3s }]"), int64(1))
	f.Add([]byte("currency: JPY\ncalls: [{ to: '0120', price: 99999.999999, unit: 1s }]"), int64(math.MaxInt32))
	f.Fuzz(func(t *testing.T, text []byte, ms int64) {
		m := yamldoc.Parse([]byte("prices:\n  " + strings.ReplaceAll(string(text), "\n", "\n  ")))
		tab := Read(m.Take("prices"))
		talked := time.Duration(uint64(ms)%(365*24*3600*1000)) * time.Millisecond
		for _, n := range []number.Number{mobile, fixed, tollFree, abroad, "+815012345678", "110", ""} {
			short, _ := tab.Cost(Leg{n, true, talked / 2})
			long, why := tab.Cost(Leg{n, true, talked})
			never, _ := tab.Cost(Leg{To: n})
			if long.Amount < 0 || never.Amount < 0 || long.Amount < short.Amount || why == "" {
				t.Fatalf("%v of %s: %s, half of it %s, not answered %s: %q", talked, n, long, short, never, why)
			}
			if _, priced := tab.Row(n); long.Known() != (tab.Currency != "" && priced) {
				t.Fatalf("%s is priced: %v, and costs %s", n, priced, long)
			}
		}
	})
}

func TestAmount(t *testing.T) {
	for _, tt := range []struct{ in, out, twilio string }{
		{"8", "8", "8.00000"}, {"8.80", "8.8", "8.80000"}, {"0.0085", "0.0085", "0.00850"},
		{"0.000001", "0.000001", "0.000001"}, {"0", "0", "0.00000"}, {"100000", "100000", "100000.00000"},
	} {
		a, err := ParseAmount(tt.in)
		if err != nil || a.String() != tt.out || a.Fixed() != tt.twilio {
			t.Errorf("%s is read as %s, %s: %v", tt.in, a, a.Fixed(), err)
		}
	}
	if got := Amount(-12_500_000).String(); got != "-12.5" {
		t.Errorf("less than nothing is %s", got)
	}
	if got := Amount(math.MinInt64).String(); got != "-9223372036854.775808" {
		t.Errorf("the least is %s", got)
	}
	for range 1000 {
		a := Amount(rand.Int64N(math.MaxInt64))
		if back, err := ParseAmount(a.String()); err != nil || back != a {
			t.Fatalf("%d is written %s and read %d: %v", a, a, back, err)
		}
	}
	for _, s := range []string{"", ".", "1.", ".5", "1e3", "1_000", " 1", "+1", "0x1", "١"} {
		if a, err := ParseAmount(s); err == nil {
			t.Errorf("%q is read as %s", s, a)
		}
	}
}

func TestMessagesArePricedByTheSegment(t *testing.T) {
	house := table(t, hikari+`
messages:
  - { to: mobile, price: 9.5 }
  - { to: "+1", price: 0 }
`)
	for _, tt := range []struct {
		to       number.Number
		segments int
		want     string
	}{
		{mobile, 1, "9.5 JPY"}, {mobile, 3, "28.5 JPY"}, {mobile, 0, "9.5 JPY"}, {abroad, 2, "0 JPY"}, {fixed, 1, "unknown"},
	} {
		if got := house.Message(tt.to, tt.segments).String(); got != tt.want {
			t.Errorf("%d segments to %s: %s, want %s", tt.segments, tt.to, got, tt.want)
		}
	}
	if got := table(t, hikari).Message(mobile, 1); got.Known() {
		t.Errorf("without a row it costs %s", got)
	}
	for text, want := range map[string]string{
		"  - { to: mobile }":                      "<price>: is missing",
		"  - { to: mobile, price: 9, unit: 60s }": "unit",
		"  - { to: [mobile, mobile], price: 9 }":  "mobile is priced twice",
		"  - mobile":                              "a price is a row of keys and values",
	} {
		doc := yamldoc.Parse([]byte("prices:\n  currency: JPY\n  calls: [{ to: mobile, price: 16, unit: 60s }]\n  messages:\n  " + text + "\n"))
		Read(doc.Take("prices"))
		if list := doc.Done(); len(list) == 0 || !strings.Contains(list[0].String(), want) {
			t.Errorf("%s: %v", text, list)
		}
	}
}
