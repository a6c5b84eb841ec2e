package upstream_test

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/upstream"
)

// Whatever a stranger's form holds, a state is one of Twilio's or none, and numbers are small.
func FuzzReadCallback(f *testing.F) {
	for _, s := range []string{"CallSid=CA0123456789abcdef0123456789abcdef&CallStatus=in-progress", "CallStatus=answered&SipResponseCode=-1&ErrorCode=99999999999", "AnsweredBy=" + strings.Repeat("x", 100), "%"} {
		f.Add(s)
	}
	states := []string{"", "queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		_, status, sip, code := upstream.ReadCallback(form)
		if !slices.Contains(states, status) || sip < 0 || sip > 999999 || code < 0 || code > 999999 {
			t.Errorf("%q is read as %q %d %d", body, status, sip, code)
		}
	})
}

// Whatever a platform answers in the place of an error, it can be shown to a person.
func FuzzRefused(f *testing.F) {
	f.Add(400, []byte(`{"code":21211,"message":"invalid"}`))
	f.Add(502, []byte("<html>\x00\xff bad gateway"))
	f.Add(401, []byte(`{"code":"x"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		text := upstream.Refused(status, body)
		if text == "" || !utf8.ValidString(text) && utf8.Valid(body) || len(text) > len(body)+1000 {
			t.Errorf("%q is shown as %q", body, text)
		}
	})
}

// Whatever somebody brings as a message, what is kept of it is text, and not too much.
func FuzzReadInbound(f *testing.F) {
	f.Add("MessageSid=SM0123456789abcdef0123456789abcdef&From=%2B819012345678&To=%2B815087654321&Body=ok&NumMedia=1")
	f.Add("MessageSid=SM0123456789abcdef0123456789abcdef&From=%00%ff&To=x&Body=%ff%00" + strings.Repeat("%E6", 3000))
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		in, ok := upstream.ReadInbound(form)
		all := in.From + in.To + in.Body
		if ok && (!utf8.ValidString(all) || strings.ContainsRune(all, 0) || len(in.From) > 64 || len(in.To) > 64 || utf8.RuneCountInString(in.Body) > 1600 || in.Media < 0) {
			t.Errorf("%q is kept as %+v", body, in)
		}
	})
}

// Whatever a platform shows as a message, its words can be kept, and its price is none or one.
func FuzzReadLetter(f *testing.F) {
	f.Add([]byte(`{"sid":"SM0123456789abcdef0123456789abcdef","status":"sent","num_segments":"2","price":"-0.0079","price_unit":"usd","error_code":null}`))
	f.Add([]byte(`{"status":"\u0000","price":"--1","price_unit":"¥¥¥","error_code":-1,"error_message":"\u0000+819012345678"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w, err := upstream.ReadLetter(body)
		if err != nil {
			return
		}
		if strings.ContainsRune(w.Text, 0) || !utf8.ValidString(w.Text) || w.Segments < 0 || w.Price.Amount < 0 || w.Price.Known() && len(w.Price.Currency) != 3 {
			t.Errorf("%q is read as %+v", body, w)
		}
	})
}

// Many calls at once, whose callbacks are dropped, repeated, shuffled and late: each call's states come in order,
// each has one end, and it is the one that it had there.
func TestCallbacksOfAHundredCallsInDisorder(t *testing.T) {
	h := build(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	ends := []call.Status{call.Completed, call.Busy, call.NoAnswer, call.Failed, call.Canceled}
	type story struct {
		order *upstream.Call
		end   call.Status
		heard []call.Event
	}
	var mu sync.Mutex
	stories := map[string]*story{}
	for i := range 100 {
		o := order(func(o *call.Order) { o.Attempt = "co-7-" + string(rune('a'+i/26)) + string(rune('a'+i%26)) })
		s := &story{end: ends[r.IntN(len(ends))]}
		o.Heard = func(e call.Event) { mu.Lock(); s.heard = append(s.heard, e); mu.Unlock() }
		k, err := h.Place(t.Context(), "twilio", o)
		if err != nil {
			t.Fatal(err)
		}
		s.order = k
		stories[o.Attempt] = s
	}
	var all sync.WaitGroup
	for i := range 100 {
		c := h.platform.the(i + 1)
		var s *story
		for name, one := range stories {
			if strings.Contains(c.form.Get("StatusCallback"), "/"+name+"/") {
				s = one
			}
		}
		states := []call.Status{call.Initiated, call.Ringing, s.end}
		if s.end == call.Completed {
			states = []call.Status{call.Initiated, call.Ringing, call.InProgress, call.Completed}
		}
		says := slices.Concat(states, states) // each twice
		r.Shuffle(len(says), func(i, j int) { says[i], says[j] = says[j], says[i] })
		says = says[:r.IntN(len(says)+1)] // and some never
		all.Go(func() {
			for _, st := range states {
				h.platform.set(func() { c.status = st })
			}
			for _, st := range says {
				c.says(st)
			}
		})
	}
	all.Wait()
	place := func(s call.Status) int {
		return slices.Index([]call.Status{call.Initiated, call.Ringing, call.InProgress}, s)
	}
	for name, s := range stories {
		over(h, s.order)
		last := -1
		for i, e := range s.heard {
			switch {
			case e.Status.Over():
				if i != len(s.heard)-1 || e.Status != s.end {
					t.Errorf("%s: ended as %s after %d events, and there as %s: %v", name, e.Status, i, s.end, s.heard)
				}
			case place(e.Status) <= last:
				t.Errorf("%s: states went back: %v", name, s.heard)
			default:
				last = place(e.Status)
			}
		}
	}
	h.want("left there", h.platform.up(), 0)
}
