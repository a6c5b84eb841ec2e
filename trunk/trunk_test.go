package trunk

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/number"
)

const (
	mobile   number.Number = "+819012345678"
	tollFree number.Number = "+81120444444"
	abroad   number.Number = "+14158675309"
)

func TestRefuses(t *testing.T) {
	open := Trunk{Name: "open"}
	ntt := Trunk{Name: "ntt", From: "+815012345678"}
	for _, tt := range []struct {
		name  string
		trunk Trunk
		n     number.Number
		says  string // "" is taken
	}{
		{"a trunk without rules takes a mobile", open, mobile, ""},
		{"a number abroad only when that is allowed", open, abroad, "numbers abroad are not called until a trunk allows them"},
		{"and then it is", Trunk{Allow: []number.Class{number.Abroad}}, abroad, ""},
		{"or the line is at home there", Trunk{From: "+14155550100"}, abroad, ""},
		{"0990 from any line", Trunk{From: "+81312345678"}, "+81990123456", "premium numbers (0990, 0180) are not called until"},
		{"0120 from an 050 line that is told to warn", Trunk{From: "+815012345678", Warn: []number.Class{number.TollFree}}, tollFree, ""},
		{"refused in the installation's own words", Trunk{Refuse: []number.Class{number.Fixed}, Why: map[number.Class]string{number.Fixed: "the budget"}}, "+81312345678", "the budget"},
		{"and an area nobody knows", open, "+81911234567", ""},
		{"never the police", open, "110", "emergency numbers (110, 118, 119 …) are never dialled"},
		{"never the police behind a country code", open, "+81110", "never dialled"},
		{"never the weather", open, "177", "special numbers"},
		{"never through another carrier", open, "003309012345678", "special numbers"},
		{"not even when it is listed", Trunk{Reach: []number.Class{number.Emergency}}, "119", "never dialled"},
		{"no number at all", open, "", "no number"},
		{"0120 from an 050 line", ntt, tollFree, `0120 and 0800 numbers cannot be reached from 050 lines (trunk "ntt")`},
		{"0570 from an 050 line", ntt, "+81570012345", "0570 numbers cannot be reached from 050 lines"},
		{"0990 from an 050 line", ntt, "+81990123456", "0990 and 0180 numbers cannot be reached"},
		{"0120 from an 050 line that says it can", Trunk{From: ntt.From, Reach: []number.Class{number.TollFree}}, tollFree, ""},
		{"0120 from a 03 line", Trunk{From: "+81312345678"}, tollFree, ""},
		{"a class that is not listed", Trunk{Name: "home", Reach: []number.Class{number.Mobile}}, abroad, `trunk "home" does not reach numbers abroad (reach: abroad is not listed)`},
		{"a class that is listed", Trunk{Reach: []number.Class{number.Mobile}}, mobile, ""},
		{"a class that is refused", Trunk{Name: "home", Refuse: []number.Class{number.Abroad}}, abroad, `told not to call numbers abroad (refuse: abroad)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.trunk.Refuses(tt.n)
			if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
				t.Errorf("refuses %q with %q, want %q", tt.n, got, tt.says)
			}
		})
	}
}

func TestDial(t *testing.T) {
	for _, tt := range []struct {
		name  string
		trunk Trunk
		n     number.Number
		want  string
	}{
		{"E.164 unless told otherwise", Trunk{}, mobile, "+819012345678"},
		{"as Japanese telephones dial", Trunk{Spelling: number.National}, mobile, "09012345678"},
		{"abroad as Japanese telephones dial", Trunk{Spelling: number.National}, abroad, "01014158675309"},
		{"digits", Trunk{Spelling: number.Digits}, mobile, "819012345678"},
		{"hidden", Trunk{Spelling: number.National, Prefix: "184"}, mobile, "18409012345678"},
		{"hidden, spelling left open", Trunk{Prefix: "184"}, mobile, "18409012345678"},
		{"the police", Trunk{Prefix: "184"}, "110", ""},
		{"nobody", Trunk{Prefix: "184"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.trunk.Dial(tt.n); got != tt.want {
				t.Errorf("dials %q, want %q", got, tt.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	trunks := []Trunk{
		{Name: "a", From: "+815012345678"},
		{Name: "b", From: "+81312345678"},
		{Name: "c", Refuse: []number.Class{number.TollFree}},
	}
	for _, tt := range []struct {
		name    string
		n       number.Number
		prefer  []string
		want    []string
		refused []string
	}{
		{"in their order", mobile, nil, []string{"a", "b", "c"}, nil},
		{"the preferred first, the others after it", mobile, []string{"c", "a"}, []string{"c", "a", "b"}, nil},
		{"who cannot is left out", tollFree, []string{"a"}, []string{"b"}, []string{"a", "c"}},
		{"nobody for the police", "110", nil, nil, []string{"a", "b", "c"}},
		{"a trunk that is none", mobile, []string{"x", "b", "b"}, []string{"b", "a", "c"}, []string{"x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			candidates, refused := Choose(trunks, tt.n, tt.prefer)
			var got []string
			for _, c := range candidates {
				got = append(got, c.Name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("chose %q, want %q", got, tt.want)
			}
			for _, name := range tt.refused {
				if refused[name] == "" {
					t.Errorf("no reason is given for %s", name)
				}
			}
			if len(refused) != len(tt.refused) {
				t.Errorf("refused %q, want %q", refused, tt.refused)
			}
		})
	}
	if trunks[0].Name != "a" || len(trunks) != 3 {
		t.Error("the list of trunks was changed")
	}
}

var two = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func after(start time.Time, at []time.Time) (d []time.Duration) {
	for _, a := range at {
		d = append(d, a.Sub(start))
	}
	return d
}

func TestGateOneCallASecond(t *testing.T) {
	gate := Trunk{Interval: time.Second}.Gate()

	at, gate := gate.Reserve(two, 3)
	if got := after(two, at); !slices.Equal(got, []time.Duration{0, time.Second, 2 * time.Second}) {
		t.Errorf("three at once go out after %v", got)
	}
	at, gate = gate.Reserve(two.Add(500*time.Millisecond), 1)
	if got := after(two, at); got[0] != 3*time.Second {
		t.Errorf("the fourth goes out after %v", got)
	}
	if got := gate.Wait(two.Add(500 * time.Millisecond)); got != 3500*time.Millisecond {
		t.Errorf("the fifth would wait %v", got)
	}
	if got := gate.Return(2).Wait(two.Add(2 * time.Second)); got != 0 {
		t.Errorf("with two places given back it would wait %v", got)
	}
	at, _ = gate.Reserve(two.Add(time.Hour), 2)
	if got := after(two.Add(time.Hour), at); !slices.Equal(got, []time.Duration{0, time.Second}) {
		t.Errorf("an hour of rest earned %v: nothing is saved up", got)
	}
	if at, same := gate.Reserve(two, -1); len(at) != 0 || same != gate {
		t.Errorf("nothing reserved changed the gate to %v, %v", at, same)
	}
}

func TestGateWithoutLimit(t *testing.T) {
	at, gate := Trunk{}.Gate().Reserve(two, 20)
	for _, a := range at {
		if !a.Equal(two) {
			t.Fatalf("one of 20 waits until %v", a)
		}
	}
	if len(at) != 20 || gate.Wait(two) != 0 || gate.Return(3) != gate {
		t.Errorf("%d places, then %v", len(at), gate)
	}
}

// However calls come: no two begin less than the interval apart, none before it was asked for.
func FuzzGate(f *testing.F) {
	f.Add(int64(time.Second), []byte{3, 0, 1, 200, 2})
	f.Fuzz(func(t *testing.T, interval int64, steps []byte) {
		interval = max(0, interval%int64(time.Hour))
		gate, now, last := Gate{Interval: time.Duration(interval)}, two, time.Time{}
		for i, s := range steps {
			if i%2 == 1 {
				now = now.Add(time.Duration(s) * 10 * time.Millisecond)
				continue
			}
			var at []time.Time
			at, gate = gate.Reserve(now, int(s%8))
			for _, a := range at {
				if a.Before(now) || (!last.IsZero() && a.Sub(last) < time.Duration(interval)) {
					t.Fatalf("at %v a call begins at %v after one at %v", now, a, last)
				}
				last = a
			}
		}
	})
}

func TestLines(t *testing.T) {
	one := Trunk{Channels: 1}.Lines()
	if taken, one := one.Take(3); taken != 1 || one.Free() != 0 || one.Give(1).Free() != 1 {
		t.Errorf("one channel carries %d calls, then %v", taken, one)
	}
	four := Trunk{Channels: 4}.Lines()
	taken, four := four.Take(9)
	if taken != 3 || four.Free() != 0 {
		t.Errorf("of four channels %d are used; one is kept for people who call back", taken)
	}
	came, four := four.Come()
	if again, _ := four.Come(); !came || again {
		t.Errorf("calling back %v, and a fifth %v", came, again)
	}
	if got := four.Give(9); got.Busy != 0 {
		t.Errorf("more given back than taken: %v", got)
	}
	if taken, _ := (Lines{}).Take(1000); taken != 1000 || (Lines{}).Free() != math.MaxInt {
		t.Errorf("without limit %d of 1000 are taken", taken)
	}
	if came, _ := (Lines{Busy: 1000}).Come(); !came {
		t.Error("without limit nobody can call")
	}
}

func TestWarns(t *testing.T) {
	costly := Trunk{Name: "ntt", Warn: []number.Class{number.Mobile}, Why: map[number.Class]string{number.Mobile: "16 yen a minute"}}
	for _, tt := range []struct {
		name  string
		trunk Trunk
		n     number.Number
		says  string
	}{
		{"a mobile", Trunk{}, mobile, ""},
		{"0570 charges the caller", Trunk{}, "+81570012345", "by the minute"},
		{"0570 that is allowed", Trunk{Allow: []number.Class{number.Shared}}, "+81570012345", ""},
		{"what is refused is not warned of", Trunk{}, abroad, ""},
		{"an area nobody knows", Trunk{}, "+81911234567", "no number plan"},
		{"in the installation's own words", costly, mobile, "16 yen a minute"},
		{"told to, without a reason", Trunk{Name: "ntt", Warn: []number.Class{number.Fixed}}, "+81312345678", `told to warn of fixed lines`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.trunk.Warns(tt.n)
			if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
				t.Errorf("warns of %q with %q, want %q", tt.n, got, tt.says)
			}
		})
	}
	if got := Warning([]Trunk{costly, {Name: "flat"}}, mobile); got != "" {
		t.Errorf("warned of %q, and another trunk has no objection", got)
	}
	if got := Warning([]Trunk{costly, {Refuse: []number.Class{number.Mobile}}}, mobile); got != "16 yen a minute" {
		t.Errorf("warned of %q", got)
	}
}

// The table is data: for each class of numbers that may be dialled at all one word, and a reason unless it is allow.
func TestRules(t *testing.T) {
	var got []string
	for _, r := range (Trunk{Name: "ntt", From: "+815012345678"}).Rules() {
		got = append(got, string(r.Class)+" "+string(r.Ruling))
		if (r.Reason == "") != (r.Ruling == Allow) {
			t.Errorf("%s: %q as the reason of %s", r.Class, r.Reason, r.Ruling)
		}
	}
	want := "mobile allow, fixed allow, ip allow, toll-free refuse, shared refuse, premium refuse, pager refuse, abroad refuse, unknown warn"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("an 050 line: %s\nwant %s", s, want)
	}
}

func TestGateKeys(t *testing.T) {
	a, b := Trunk{Name: "a", Server: "sip.example", User: "1"}, Trunk{Name: "b", Server: "sip.example", User: "1"}
	if a.GateKey("x") != a.GateKey("y") || a.GateKey("x") == b.GateKey("x") {
		t.Error("a trunk's gate is its own, whatever it shows")
	}
	a.Per, b.Per = PerNumber, PerNumber
	if a.GateKey("x") == a.GateKey("y") || a.GateKey("x") == b.GateKey("x") {
		t.Error("each number of a trunk has a gate of its own")
	}
	a.Per, b.Per = PerAccount, PerAccount
	if a.GateKey("x") != b.GateKey("y") {
		t.Error("trunks of one account share a gate")
	}
	if b.User = "2"; a.GateKey("x") == b.GateKey("x") {
		t.Error("two accounts share a gate")
	}
}
