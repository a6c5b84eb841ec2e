package webhook

import (
	"testing"
	"time"
)

func TestConnectionOverrides(t *testing.T) {
	ms := time.Millisecond
	tests := []struct {
		name, fragment string
		want           connection
	}{
		{"none", "", connection{retries: 1, policy: "ct"}},
		{"an anchor", "top", connection{retries: 1, policy: "ct"}},
		{"all of them", "ct=2000&rt=3000&tt=9000&rc=2&rp=5xx,ct", connection{2000 * ms, 3000 * ms, 9000 * ms, 2, "5xx,ct"}},
		{"too small and too large", "ct=1&rt=99999&tt=0&rc=9", connection{100 * ms, 15000 * ms, 100 * ms, 5, "ct"}},
		{"no retry", "rc=0", connection{retries: 0, policy: "ct"}},
		{"not numbers", "ct=soon&rc=many", connection{retries: 1, policy: "ct"}},
		{"an edge, which we are not", "e=frankfurt&rc=-1", connection{retries: 0, policy: "ct"}},
		{"not a query", "ct=2000;rt=1", connection{retries: 1, policy: "ct"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := overrides(test.fragment); got != test.want {
				t.Errorf("overrides(%q) = %+v, want %+v", test.fragment, got, test.want)
			}
		})
	}
}

func TestRetryPolicy(t *testing.T) {
	broken := late{"host", "answer", time.Second}
	tests := []struct {
		name      string
		policy    string
		status    int
		connected bool
		err       error
		want      bool
	}{
		{"no connection, by default", "ct", 0, false, broken, true},
		{"no answer, by default", "ct", 0, true, broken, false},
		{"no answer, asked for", "rt", 0, true, broken, true},
		{"500, by default", "ct", 500, true, nil, false},
		{"500, asked for", "ct,5xx", 503, true, nil, true},
		{"404, asked for", "4xx", 404, true, nil, true},
		{"404, others asked for", "5xx", 404, true, nil, false},
		{"all", "all", 404, true, nil, true},
		{"200", "all", 200, true, nil, false},
		{"a refused address stays refused", "all", 0, false, ErrForbidden, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := retry(connection{policy: test.policy}, test.status, test.connected, test.err); got != test.want {
				t.Errorf("retry = %v, want %v", got, test.want)
			}
		})
	}
}

// No fragment makes a question endless or greedy.
func FuzzOverrides(f *testing.F) {
	f.Add("ct=2000&rt=3000&tt=9000&rc=2&rp=5xx,ct")
	f.Add("ct=-1&rc=999999999999999999999")
	f.Fuzz(func(t *testing.T, fragment string) {
		c := overrides(fragment)
		for _, d := range []time.Duration{c.connect, c.read, c.total} {
			if d != 0 && (d < 100*time.Millisecond || d > 15*time.Second) {
				t.Fatalf("overrides(%q) waits %v", fragment, d)
			}
		}
		if c.retries < 0 || c.retries > 5 {
			t.Fatalf("overrides(%q) tries %d times", fragment, c.retries)
		}
	})
}
