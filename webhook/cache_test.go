package webhook

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
)

// shop is a server whose goods have these headers; it counts what it is asked, and knows If-None-Match and
// If-Modified-Since.
type shop struct {
	headers  map[string]string
	status   int
	asked    int // in all
	unchange int // of these, how many were answered with 304
}

func (s *shop) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.asked++
	for k, v := range s.headers {
		w.Header().Set(k, v)
	}
	tag, since := w.Header().Get("ETag"), w.Header().Get("Last-Modified")
	if tag != "" && r.Header.Get("If-None-Match") == tag || since != "" && r.Header.Get("If-Modified-Since") == since {
		s.unchange++
		w.WriteHeader(http.StatusNotModified)
		return w.Result(), nil
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.WriteHeader(max(s.status, 200))
	w.WriteString("RIFF " + r.URL.RawQuery)
	return w.Result(), nil
}

// with asks the shop by a client.
func (s *shop) with(t *testing.T, c *Client, a call.Ask) call.Reply {
	t.Helper()
	c.through = s
	r, err := c.Ask(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnswersAreKeptAsTheirServersAllow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().UTC()
		at := func(d time.Duration) string { return date.Add(d).Format(http.TimeFormat) }
		for _, c := range []struct {
			name         string
			headers      map[string]string
			after        time.Duration // the second time it is wanted
			asked, again int           // requests in all, and how many of them found it unchanged
		}{
			{"nothing said", nil, 0, 2, 0},
			{"max-age", map[string]string{"Cache-Control": "public, Max-Age=60"}, 59 * time.Second, 1, 0},
			{"max-age, too late", map[string]string{"Cache-Control": "max-age=60"}, 60 * time.Second, 2, 0},
			{"max-age, an ETag, too late", map[string]string{"Cache-Control": "max-age=60", "ETag": `"1"`}, time.Minute, 2, 1},
			{"max-age, old when it came", map[string]string{"Cache-Control": "max-age=60", "Age": "50"}, 11 * time.Second, 2, 0},
			{"max-age that is no number", map[string]string{"Cache-Control": "max-age=soon"}, 0, 2, 0},
			{"a year: three days at most", map[string]string{"Cache-Control": "max-age=31536000"}, 73 * time.Hour, 2, 0},
			{"Expires", map[string]string{"Expires": at(time.Minute), "Date": at(0)}, 59 * time.Second, 1, 0},
			{"Expires, a clock that is wrong", map[string]string{"Expires": at(time.Hour), "Date": at(time.Hour - time.Second)}, 2 * time.Second, 2, 0},
			{"an ETag alone", map[string]string{"ETag": `W/"1"`}, 0, 2, 1},
			{"Last-Modified alone", map[string]string{"Last-Modified": at(-time.Hour)}, 0, 2, 1},
			{"no-cache", map[string]string{"Cache-Control": "no-cache, max-age=60", "ETag": `"1"`}, 0, 2, 1},
			{"no-store", map[string]string{"Cache-Control": "no-store, max-age=60", "ETag": `"1"`}, 0, 2, 0},
			{"private", map[string]string{"Cache-Control": "private, max-age=60"}, 0, 1, 0},
			{"a cookie comes with it", map[string]string{"Cache-Control": "max-age=60", "Set-Cookie": "a=b"}, 0, 2, 0},
			{"it depends on cookies", map[string]string{"Cache-Control": "max-age=60", "Vary": "Accept, Cookie"}, 0, 2, 0},
			{"it depends on what we always send alike", map[string]string{"Cache-Control": "max-age=60", "Vary": "Accept-Encoding"}, 0, 1, 0},
		} {
			s := &shop{headers: c.headers}
			client := client(t, nil)
			song := ask("https://example.jp/song.wav", "GET", nil)
			first := s.with(t, client, song)
			time.Sleep(c.after)
			second := s.with(t, client, song)
			if s.asked != c.asked || s.unchange != c.again {
				t.Errorf("%s: %d requests, %d of them answered with 304; want %d, %d", c.name, s.asked, s.unchange, c.asked, c.again)
			}
			if second.Status != 200 || second.ContentType != "audio/wav" || second.URL != first.URL || string(second.Body) != string(first.Body) {
				t.Errorf("%s: the second time %d %s %q %q", c.name, second.Status, second.ContentType, second.URL, second.Body)
			}
		}
	})
}

func TestWhatIsNeverKept(t *testing.T) {
	for _, c := range []struct {
		name   string
		first  call.Ask
		second call.Ask
		status int
	}{
		{"a POST", ask("https://example.jp/", "POST", nil), ask("https://example.jp/", "POST", nil), 200},
		{"a GET after a POST", ask("https://example.jp/", "POST", nil), ask("https://example.jp/", "GET", nil), 200},
		{"another query", ask("https://example.jp/", "GET", url.Values{"Digits": {"1"}}), ask("https://example.jp/", "GET", url.Values{"Digits": {"2"}}), 200},
		{"another account's", ask("https://example.jp/", "GET", nil), call.Ask{Account: "ACx", Method: "GET", URL: "https://example.jp/"}, 200},
		{"news", ask("https://example.jp/", "GET", url.Values{"CallbackSource": {"call-progress-events"}}), ask("https://example.jp/", "GET", url.Values{"CallbackSource": {"call-progress-events"}}), 200},
		{"an error", ask("https://example.jp/", "GET", nil), ask("https://example.jp/", "GET", nil), 404},
	} {
		s := &shop{headers: map[string]string{"Cache-Control": "max-age=60", "ETag": `"1"`}, status: c.status}
		client := client(t, nil)
		s.with(t, client, c.first)
		s.with(t, client, c.second)
		if s.asked != 2 || s.unchange != 0 {
			t.Errorf("%s: %d requests, %d unchanged", c.name, s.asked, s.unchange)
		}
	}
}

func TestAnAnswerThatIsKeptSaysHowOldItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := &shop{headers: map[string]string{"Cache-Control": "max-age=60", "ETag": `"1"`}}, client(t, nil)
		song := ask("https://example.jp/song.wav#rc=2", "GET", nil)
		s.with(t, c, song)
		time.Sleep(7 * time.Second)
		if r := s.with(t, c, song); http.Header(r.Header).Get("Age") != "7" || r.URL != song.URL {
			t.Errorf("age %v, url %s", r.Header, r.URL)
		}
		time.Sleep(time.Minute)
		s.with(t, c, song) // found unchanged: as good as new
		time.Sleep(30 * time.Second)
		if s.with(t, c, song); s.asked != 2 || s.unchange != 1 {
			t.Errorf("%d requests, %d unchanged", s.asked, s.unchange)
		}
	})
}

func TestTheOldestAnswersMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache()
		r := call.Reply{Status: 200, Body: make([]byte, cacheLargest-4096), Header: map[string][]string{"Cache-Control": {"max-age=3600"}}}
		for _, key := range []string{"a", "b", "c", "d"} {
			c.put(key, r, time.Now())
			time.Sleep(time.Second)
		}
		c.get("a", time.Now())
		c.put("e", r, time.Now())
		_, a, _ := c.get("a", time.Now())
		_, b, _ := c.get("b", time.Now())
		if !a || b || c.weight > cacheWeight {
			t.Errorf("a %v, b %v, weight %d: what was wanted last is to stay", a, b, c.weight)
		}
		r.Body = make([]byte, cacheLargest)
		c.put("f", r, time.Now())
		if _, _, ok := c.get("f", time.Now()); ok {
			t.Error("what is too large was kept")
		}
	})
}

func TestHeadersWeighAsWell(t *testing.T) {
	c, long := newCache(), strings.Repeat("a", 1<<20)
	for i := range 300 {
		c.put(strings.Repeat("x", i), call.Reply{Status: 200, Header: map[string][]string{"Cache-Control": {"max-age=3600"}, "X-A": {long}}}, time.Now())
	}
	if len(c.kept) > cacheWeight>>20 || c.weight > cacheWeight {
		t.Errorf("%d answers with a MiB of headers each are kept, said to weigh %d", len(c.kept), c.weight)
	}
}

func TestMakingRoomIsSeldom(t *testing.T) {
	c, n := newCache(), -1
	r := call.Reply{Status: 200, Body: make([]byte, 1<<18), Header: map[string][]string{"ETag": {`"1"`}}}
	for n < len(c.kept) {
		n = len(c.kept)
		c.put(fmt.Sprint("call ", n), r, time.Now())
	}
	if len(c.kept) > n-n/10 {
		t.Errorf("of %d answers %d are left: each one after that would look through all of them", n, len(c.kept))
	}
}

func TestALongerFileIsNotShortenedByACache(t *testing.T) {
	s := &shop{headers: map[string]string{"Cache-Control": "max-age=60"}}
	c := client(t, nil)
	c.through = s
	long := ask("https://example.jp/?"+strings.Repeat("x", 200), "GET", nil)
	if r, err := c.Load(t.Context(), long, 100); err != nil || len(r.Body) != 101 {
		t.Fatalf("%d bytes, %v", len(r.Body), err)
	}
	if r, err := c.Load(t.Context(), long, 1000); err != nil || len(r.Body) != 205 || s.asked != 2 {
		t.Errorf("%d bytes, %v, %d requests", len(r.Body), err, s.asked)
	}
	if r, err := c.Load(t.Context(), long, 100); err != nil || len(r.Body) != 101 || s.asked != 3 {
		t.Errorf("with less room: %d bytes, %v, %d requests", len(r.Body), err, s.asked)
	}
}

func FuzzLifetime(f *testing.F) {
	f.Add("max-age=60, private", "Thu, 01 Jan 1970 00:00:00 GMT", "5", "Accept")
	f.Add("no-cache=\"x\",,=,max-age=-1", "0", "-9", "*")
	f.Fuzz(func(t *testing.T, control, expires, age, vary string) {
		h := http.Header{"Cache-Control": {control}, "Expires": {expires}, "Age": {age}, "Vary": {vary}}
		now := time.Unix(1_800_000_000, 0)
		life, born, ok := lifetime(h, now)
		if life > cacheLongest || born.After(now) || now.Sub(born) > cacheLongest || !ok && life != 0 {
			t.Errorf("%v: %v since %v, %v", h, life, born, ok)
		}
	})
}
