package trunk

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A bad quarter of an hour of one trunk.
func TestATrunkFailsAndRecovers(t *testing.T) {
	var h Health
	now := two
	is := func(want State, score int) {
		t.Helper()
		if h.State(now) != want || h.Score() != score {
			t.Errorf("at %v: %s with score %d, want %s with %d", now.Sub(two), h.State(now), h.Score(), want, score)
		}
	}
	is(Well, 100)
	if h.Words(now) != "" {
		t.Errorf("it says %q", h.Words(now))
	}

	h = h.Fail(now, "503 Service Unavailable", 0)
	is(Resting, 50)
	now = now.Add(time.Second)
	is(Due, 50)

	// One call finds out; it fails as well, and the rest gets longer.
	h = h.Try()
	if !h.Trial || !strings.Contains(h.Words(now), "a call is finding out") {
		t.Errorf("%+v says %q", h, h.Words(now))
	}
	h = h.Fail(now, "408", 0)
	if h.Trial || h.Down() || !h.Since.Equal(two) || h.Until.Sub(now) != 2*time.Second {
		t.Errorf("after two failures: %+v", h)
	}
	h = h.Fail(now, "408", 0)
	if !h.Down() || h.Until.Sub(now) != 5*time.Second {
		t.Errorf("after three failures: %+v", h)
	}
	if got, want := h.Words(now), "the last 3 calls failed: 408; left alone for 5s"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	is(Resting, 13)

	// Given up before it could tell: nothing is learnt.
	now = now.Add(5 * time.Second)
	if h = h.Try().Drop(); h.Trial || h.Failed != 3 {
		t.Errorf("%+v", h)
	}
	if got := h.Words(now); !strings.HasSuffix(got, "the next call finds out") {
		t.Errorf("it says %q", got)
	}

	// It rings: all is well, and the score takes its time.
	h = h.Work()
	is(Well, 56)
	for range 6 {
		h = h.Work()
	}
	if !reflect.DeepEqual(h, Health{}) {
		t.Errorf("all is forgotten in the end: %+v", h)
	}
	if h.Try().Trial {
		t.Error("a trunk that is well is tried out")
	}
}

func TestRestsHaveAnEnd(t *testing.T) {
	var h Health
	for range 50 {
		h = h.Fail(two, "503", 0)
	}
	if rest := h.Until.Sub(two); rest != time.Minute {
		t.Errorf("it rests for %v, want no more than a minute", rest)
	}
	if rest := h.Fail(two, "503", 2*time.Minute).Until.Sub(two); rest != 2*time.Minute {
		t.Errorf("asked for two minutes, it rests for %v", rest)
	}
	if rest := h.Fail(two, "503", 24*time.Hour).Until.Sub(two); rest != longestAsked {
		t.Errorf("asked for a day, it rests for %v", rest)
	}
	if rest := (Health{}).Fail(two, "503", time.Millisecond).Until.Sub(two); rest != time.Second {
		t.Errorf("asked for a millisecond, it rests for %v", rest)
	}
}

func TestHealthIsKeptAsJSON(t *testing.T) {
	h := Health{}.Fail(two, "503", 0).Fail(two.Add(time.Second), "503", 0).Try()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var back Health
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, h) {
		t.Errorf("%v: %+v, want %+v", err, back, h)
	}
	if b, _ := json.Marshal(Health{}); string(b) != "{}" {
		t.Errorf("nothing bad is written as %s", b)
	}
}

func TestHealthAfterARestart(t *testing.T) {
	h := Health{}.Fail(two, "503", 0).Fail(two.Add(time.Second), "503", 0).Try()
	now := two.Add(2 * time.Second)
	if got := h.Recalled(now); got.Trial || got.State(now) != Resting || got.State(now.Add(2*time.Second)) != Due {
		t.Errorf("after a restart within its rest: %+v", got)
	}
	if got := h.Recalled(two.Add(-time.Hour)); got.State(two.Add(-time.Hour)) != Due || got.Last.After(two) {
		t.Errorf("the clock was put back by an hour: %+v", got)
	}
}

// Whatever befalls it: the score stays a score, a failing trunk is left alone, and a trunk that works is well.
func FuzzHealth(f *testing.F) {
	f.Add([]byte{1, 1, 1, 0, 2, 1, 3, 200})
	f.Fuzz(func(t *testing.T, fates []byte) {
		var h Health
		now := two
		for _, fate := range fates {
			now = now.Add(time.Duration(fate) * 100 * time.Millisecond)
			switch fate % 4 {
			case 0:
				if h = h.Work(); h.State(now) != Well {
					t.Fatalf("it works and is %s", h.State(now))
				}
			case 1:
				if h = h.Fail(now, "503", time.Duration(fate)*time.Hour); h.State(now) != Resting {
					t.Fatalf("it has failed and is %s", h.State(now))
				}
			case 2:
				h = h.Try()
			case 3:
				h = h.Drop()
			}
			if s := h.Score(); s < 0 || s > 100 || h.Until.Sub(now) > longestAsked || h.Trial && h.Failed == 0 {
				t.Fatalf("%+v at %v", h, now)
			}
		}
	})
}
