package intake

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/alert/mackerel"
	"github.com/kaden-project/kaden/alert/plain"
)

const key = "k7Qm2Zr9Vx4Lw8Np1Td6Ys3Bf5Hg0Jc2"

// house is a kaden behind the door that remembers what it was given.
type house struct {
	*Door
	mu    sync.Mutex
	taken []alert.Delivery
	err   error
	log   bytes.Buffer
	now   time.Time
}

func (h *house) Accept(ctx context.Context, d alert.Delivery) (alert.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return alert.Receipt{}, h.err
	}
	if ctx.Err() != nil {
		return alert.Receipt{}, ctx.Err()
	}
	for _, old := range h.taken {
		if old.Source == d.Source && old.ID == d.ID {
			return alert.Receipt{Duplicate: true}, nil
		}
	}
	h.taken = append(h.taken, d)
	return alert.Receipt{Alerts: []string{fmt.Sprint("alert-", len(h.taken))}}, nil
}

func (h *house) last(t *testing.T) alert.Delivery {
	t.Helper()
	if len(h.taken) == 0 {
		t.Fatal("nothing was taken in")
	}
	return h.taken[len(h.taken)-1]
}

func open(cfg Config) *house {
	h := &house{now: time.Date(2026, 11, 22, 3, 2, 0, 0, time.UTC)}
	cfg.Acceptor = h
	cfg.Now = func() time.Time { return h.now }
	cfg.Sources = func(name string) (alert.Source, bool) {
		s, ok := map[string]alert.Source{
			"mackerel": {Name: "mackerel", Kind: "mackerel", Key: key},
			"json":     {Name: "json", Kind: "json", Key: key},
			"future":   {Name: "future", Kind: "future", Key: key},
			"keyless":  {Name: "keyless", Kind: "json"},
		}[name]
		return s, ok
	}
	cfg.Translators = map[string]alert.Translator{"mackerel": mackerel.Translate, "json": plain.Translate}
	h.Door = New(slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})), cfg)
	return h
}

// sent posts to the door and gives status, headers and the JSON that came back.
func (h *house) sent(t *testing.T, method, path, body string, headers ...string) (int, http.Header, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("the answer is no JSON: %s %q", w.Header().Get("Content-Type"), w.Body)
	}
	return w.Code, w.Header(), answer
}

func TestAnAlertIsStoredAndAnswered(t *testing.T) {
	h := open(Config{})
	code, _, answer := h.sent(t, "POST", "/in/json/"+key, `{"title":"disk full","severity":"critical"}`)
	if code != 202 || answer["status"] != "stored" || fmt.Sprint(answer["alerts"]) != "[alert-1]" {
		t.Errorf("answered %d %v", code, answer)
	}
	d := h.last(t)
	if d.Source != "json" || d.Kind != "json" || string(d.Raw) != `{"title":"disk full","severity":"critical"}` || d.Remote != "192.0.2.1" || !d.ReceivedAt.Equal(h.now) || len(d.ID) != 64 || !d.Hashed {
		t.Errorf("delivery %+v", d)
	}
	if len(d.Alerts) != 1 || d.Alerts[0].Title != "disk full" || d.Alerts[0].Severity != alert.Critical || d.Alerts[0].Source != "json" {
		t.Errorf("alerts %+v", d.Alerts)
	}
}

// The same body may be read at one time and not at another, on a machine that has too much to do: that is no news.
func TestWhatWasNotReadIsARepetitionWhateverStands(t *testing.T) {
	h := open(Config{})
	h.sent(t, "POST", "/in/json/"+key, `{"title":"disk full"}`)
	if !h.last(t).Hashed {
		t.Error("what was read does not count as new once it was over")
	}
	h.sent(t, "POST", "/in/json/"+key, `{"severity":"critical"}`)
	if d := h.last(t); d.Hashed || d.Read() {
		t.Errorf("%+v", d)
	}
}

// Some senders write a slash at the end of each address.
func TestASlashBehindTheKeyIsNoPartOfIt(t *testing.T) {
	h := open(Config{})
	if code, _, answer := h.sent(t, "POST", "/in/json/"+key+"/", `{"title":"disk full"}`); code != 202 || len(h.taken) != 1 {
		t.Errorf("answered %d %v", code, answer)
	}
	for _, path := range []string{"/in/json/", "/in/json//", "/in/json/" + key + "/x", "/in/json/" + key + "//", "/in//" + key} {
		if code, _, answer := h.sent(t, "POST", path, `{"title":"disk full"}`); code != 404 {
			t.Errorf("%s: answered %d %v", path, code, answer)
		}
	}
}

func TestTheSameAgainIsADuplicate(t *testing.T) {
	h := open(Config{})
	body := `{"title":"disk full"}`
	h.sent(t, "POST", "/in/json/"+key, body)
	code, _, answer := h.sent(t, "POST", "/in/json/"+key, body)
	if code != 202 || answer["status"] != "duplicate" || fmt.Sprint(answer["alerts"]) != "[]" {
		t.Errorf("answered %d %v", code, answer)
	}
	_, _, answer = h.sent(t, "POST", "/in/json/"+key, body, "Idempotency-Key", "n-1")
	if answer["status"] != "stored" || h.last(t).ID != "key:n-1" || h.last(t).Hashed {
		t.Errorf("with a name of its own: %v, %+v", answer, h.last(t))
	}
	_, _, answer = h.sent(t, "POST", "/in/json/"+key, `{"title":"another"}`, "Idempotency-Key", "n-1")
	if answer["status"] != "duplicate" {
		t.Errorf("the same name again: %v", answer)
	}
	h.sent(t, "POST", "/in/json/"+key, body, "Idempotency-Key", strings.Repeat("長", 200))
	if id := h.last(t).ID; len(id) != len("key:")+64 {
		t.Errorf("an endless name is kept as %q", id)
	}
}

func TestMackerelAndWhateverItMayBecome(t *testing.T) {
	h := open(Config{})
	for _, tt := range []struct{ name, source, body, title string }{
		{"its test button", "mackerel", `{"event":"sample","message":"Sample Notification from Mackerel"}`, "Sample Notification from Mackerel"},
		{"an event nobody knows calls", "mackerel", `{"event":"earthquake"}`, "mackerel sent something that could not be read"},
		{"JSON that is no object calls", "mackerel", `"disk full"`, "mackerel sent something that could not be read"},
		{"a kind nobody reads calls", "future", `{"a":1}`, "future sent something that could not be read"},
		{"no title calls", "json", `{"severity":"critical"}`, "json sent something that could not be read"},
		{"a byte order mark", "json", "\xef\xbb\xbf{\"title\":\"x\"}", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, answer := h.sent(t, "POST", "/in/"+tt.source+"/"+key, tt.body)
			if d := h.last(t); code != 202 || answer["status"] != "stored" || !strings.HasPrefix(d.Alerts[0].Title, tt.title) || string(d.Raw) != tt.body {
				t.Errorf("answered %d %v, took %+v", code, answer, d)
			}
		})
	}
	if !strings.Contains(h.log.String(), `cause="event \"earthquake\" is not known here"`) {
		t.Errorf("the log does not say what was not understood:\n%s", h.log.String())
	}
}

func TestFormsAndLinksMeanTheSameAsJSON(t *testing.T) {
	for _, tt := range []struct{ name, method, query, body, kind, want string }{
		{"query parameters", "GET", "?title=disk+full&severity=critical&label.team=ops", "", "", `{"labels":{"team":"ops"},"severity":"critical","title":"disk full"}`},
		{"a POST with query parameters", "POST", "?title=x", "", "", `{"title":"x"}`},
		{"a form", "POST", "", "title=%E3%83%87%E3%82%A3%E3%82%B9%E3%82%AF&labels[team]=ops&link=https://a/&link=https://b/", "application/x-www-form-urlencoded; charset=utf-8",
			`{"labels":{"team":"ops"},"links":["https://a/","https://b/"],"title":"ディスク"}`},
		{"a form in parts", "POST", "", "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\ndisk full\r\n--b--\r\n", "multipart/form-data; boundary=b", `{"title":"disk full"}`},
		{"what curl -d sends", "POST", "", `{"title":"disk full"}`, "application/x-www-form-urlencoded", `{"title":"disk full"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := open(Config{})
			code, _, answer := h.sent(t, tt.method, "/in/json/"+key+tt.query, tt.body, "Content-Type", tt.kind)
			if code != 202 || string(h.last(t).Raw) != tt.want || h.last(t).Alerts[0].Problem != "" {
				t.Errorf("answered %d %v, took %s", code, answer, h.last(t).Raw)
			}
		})
	}
}

func TestWhatCanNeverBeRead(t *testing.T) {
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		code                     int
		error, hint              string
		calls                    alert.Severity // "": nobody is called
	}{
		{"a wrong key", "POST", "/in/json/wrong", `{}`, nil, 404, "no source with this name and key", "whole address", ""},
		{"no such source", "POST", "/in/nagios/" + key, `{}`, nil, 404, "no source with this name and key", "whole address", ""},
		{"no key", "POST", "/in/json", `{}`, nil, 404, "no source with this name and key", "", ""},
		{"a source whose key is empty", "POST", "/in/keyless/", `{}`, nil, 404, "no source with this name and key", "", ""},
		{"more after the key", "POST", "/in/json/" + key + "/x", `{}`, nil, 404, "no source with this name and key", "", ""},
		{"a wrong method and a wrong key", "DELETE", "/in/json/wrong", ``, nil, 404, "no source with this name and key", "", ""},
		{"a wrong method", "DELETE", "/in/json/" + key, ``, nil, 405, "DELETE is not how", "GET or POST", ""},
		{"GET where the sender posts", "GET", "/in/mackerel/" + key + "?title=x", ``, nil, 405, "GET is not how", "with POST", alert.Unknown},
		{"words", "POST", "/in/mackerel/" + key, `disk full`, nil, 400, "the body is not JSON", "send what mackerel sends", alert.Unknown},
		{"words that curl calls a form", "POST", "/in/json/" + key, `disk full`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, "the body is not JSON", `{"title": "disk full"}`, alert.Unknown},
		{"a broken form", "POST", "/in/json/" + key, `--b`, []string{"Content-Type", "multipart/form-data; boundary=b"}, 400, "the body is not JSON", "", alert.Unknown},
		{"half of it", "POST", "/in/json/" + key, `{"title":"disk`, nil, 400, "unexpected end of JSON input at byte 14", "", alert.Unknown},
		{"a comma too many", "POST", "/in/json/" + key, `{"title":"x",}`, nil, 400, "invalid character '}'", "", alert.Unknown},
		{"a form where JSON is a must", "POST", "/in/mackerel/" + key, `title=x`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, "the body is not JSON", "", alert.Unknown},
		{"nothing", "POST", "/in/json/" + key, ``, nil, 400, "there is no body", "send {", alert.Warning},
		{"packed", "POST", "/in/mackerel/" + key, "\x1f\x8b", []string{"Content-Encoding", "gzip"}, 400, "the body is not JSON", "without Content-Encoding: gzip", alert.Unknown},
		{"another method", "PUT", "/in/json/" + key, `{"title":"x"}`, nil, 405, "PUT is not how", "GET or POST", alert.Unknown},
		{"another method with nothing", "PUT", "/in/json/" + key, ``, nil, 405, "PUT is not how", "GET or POST", ""},
		{"a look from a browser", "GET", "/in/json/" + key, ``, nil, 400, "there is no body", "send {", ""},
		{"a probe", "OPTIONS", "/in/json/" + key, `x`, nil, 405, "OPTIONS is not how", "", ""},
		{"too much", "POST", "/in/json/" + key, `{"title":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "larger than 1048576 bytes", "", alert.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := open(Config{})
			code, header, answer := h.sent(t, tt.method, tt.path, tt.body, tt.headers...)
			text, hint := fmt.Sprint(answer["error"]), fmt.Sprint(answer["hint"])
			if code != tt.code || answer["status"] != "refused" || !strings.Contains(text, tt.error) || !strings.Contains(hint, tt.hint) {
				t.Errorf("answered %d %v", code, answer)
			}
			if (code == 405) != (header.Get("Allow") != "") {
				t.Errorf("Allow: %q", header.Get("Allow"))
			}
			if tt.calls == "" {
				if len(h.taken) != 0 || answer["alerts"] != nil {
					t.Errorf("it was taken in: %+v", h.taken)
				}
				return
			}
			d := h.last(t)
			if len(h.taken) != 1 || len(d.Alerts) != 1 || d.Alerts[0].Key != alert.Unreadable || d.Alerts[0].Severity != tt.calls || d.Alerts[0].Problem != text {
				t.Errorf("it calls as %+v", h.taken)
			}
			if fmt.Sprint(answer["alerts"]) != "[alert-1]" || len(d.Raw) > mostKept {
				t.Errorf("answered %v, kept %d bytes", answer, len(d.Raw))
			}
		})
	}
}

// A sender whose template was mended sends again under the same name: it is no duplicate of what was refused.
func TestWhatIsMendedIsNoDuplicate(t *testing.T) {
	h := open(Config{})
	code, _, _ := h.sent(t, "POST", "/in/json/"+key, `{"title":"x",}`, "Idempotency-Key", "n-1")
	again, _, answer := h.sent(t, "POST", "/in/json/"+key, `{"title":"x"}`, "Idempotency-Key", "n-1")
	if code != 400 || again != 202 || answer["status"] != "stored" {
		t.Errorf("answered %d, then %d %v", code, again, answer)
	}
	code, _, answer = h.sent(t, "POST", "/in/json/"+key, `{"title":"x",}`)
	if code != 400 || answer["status"] != "refused" || len(h.taken) != 2 {
		t.Errorf("the same refused thing again: %d %v, %d taken in", code, answer, len(h.taken))
	}
}

// What is refused and cannot be stored either is not lost: the sender is to come again.
func TestWhatCannotBeReadAndNotStoredComesAgain(t *testing.T) {
	h := open(Config{})
	h.err = errors.New("database is locked")
	code, header, answer := h.sent(t, "POST", "/in/mackerel/"+key, `disk full`)
	if code != 503 || header.Get("Retry-After") == "" || strings.Contains(fmt.Sprint(answer), "locked") {
		t.Errorf("answered %d %v", code, answer)
	}
	h.err = ErrFull
	if code, _, _ = h.sent(t, "POST", "/in/mackerel/"+key, `disk full`); code != 429 {
		t.Errorf("answered %d", code)
	}
}

// What was sent is kept and shown, without what looks like a secret, and is not in the log.
func TestWhatCannotBeReadIsNotInTheLog(t *testing.T) {
	h := open(Config{})
	h.sent(t, "POST", "/in/json/"+key, `{"title":"Frau Sato is ill","token":"geheim",}`)
	d := h.last(t)
	if !strings.Contains(d.Alerts[0].Body, "Frau Sato") || strings.Contains(d.Alerts[0].Body, "geheim") || !strings.Contains(string(d.Raw), "geheim") {
		t.Errorf("kept %+v", d)
	}
	if strings.Contains(h.log.String(), "Sato") || strings.Contains(h.log.String(), "geheim") {
		t.Errorf("the log:\n%s", h.log.String())
	}
}

func TestUnknownSourceAndWrongKeyLookTheSame(t *testing.T) {
	h := open(Config{})
	_, a, b := h.sent(t, "POST", "/in/json/wrong", `{}`)
	_, c, d := h.sent(t, "POST", "/in/nagios/wrong", `{}`)
	if fmt.Sprint(a, b) != fmt.Sprint(c, d) {
		t.Errorf("%v %v\n%v %v", a, b, c, d)
	}
	for range 50 {
		h.sent(t, "POST", "/in/json/guess", `{}`)
	}
	h.now = h.now.Add(time.Minute)
	h.sent(t, "POST", "/in/json/guess", `{}`)
	if got := strings.Count(h.log.String(), "wrong key"); got != 2 || !strings.Contains(h.log.String(), "requests=52") {
		t.Errorf("knocking is logged %d times:\n%s", got, h.log.String())
	}
}

func TestOurOwnTroubleIsNotTheSenders(t *testing.T) {
	h := open(Config{})
	h.err = errors.New("disk full: /var/lib/kaden")
	code, header, answer := h.sent(t, "POST", "/in/json/"+key, `{"title":"x"}`)
	if code != 503 || header.Get("Retry-After") != "5" || strings.Contains(fmt.Sprint(answer), "/var/lib") {
		t.Errorf("answered %d %v %v", code, header, answer)
	}
	if !strings.Contains(h.log.String(), "/var/lib/kaden") {
		t.Errorf("the log does not say why:\n%s", h.log.String())
	}
	h.err = fmt.Errorf("json: %w", ErrFull)
	code, header, _ = h.sent(t, "POST", "/in/json/"+key, `{"title":"x"}`)
	if code != 429 || header.Get("Retry-After") == "" || h.Storms()["json"].Refused != 1 {
		t.Errorf("answered %d %v, storms %v", code, header, h.Storms())
	}
}

func TestAStormIsCountedAndCalled(t *testing.T) {
	h := open(Config{Limit: Limit{PerSecond: 2, Burst: 3}})
	send := func(n int) (codes []int) {
		for range n {
			code, _, _ := h.sent(t, "POST", "/in/json/"+key, fmt.Sprintf(`{"title":"x %d"}`, len(h.taken)+100*h.now.Second()))
			codes = append(codes, code)
		}
		return codes
	}
	if got := send(5); !slices.Equal(got, []int{202, 202, 202, 429, 429}) {
		t.Errorf("five at once: %v", got)
	}
	if storm := h.last(t).Alerts[0]; storm.Title != "json sends more alerts than its limit" || storm.Key != "kaden:storm:json" || storm.Action != alert.Trigger {
		t.Errorf("the storm calls as %+v", storm)
	}
	if len(h.taken) != 4 || h.Storms()["json"].Refused != 2 || !h.Storms()["json"].Last.Equal(h.now) {
		t.Errorf("%d taken in, storms %v", len(h.taken), h.Storms())
	}
	code, _, _ := h.sent(t, "POST", "/in/mackerel/"+key, `{"event":"sample"}`)
	if code != 202 {
		t.Errorf("another source: %d", code)
	}
	h.now = h.now.Add(time.Second)
	if got := send(3); !slices.Equal(got, []int{202, 202, 429}) {
		t.Errorf("a second later: %v", got)
	}
	code, header, _ := h.sent(t, "POST", "/in/json/"+key, `{"title":"y"}`)
	if code != 429 || header.Get("Retry-After") != "1" {
		t.Errorf("refused with %d, Retry-After %q", code, header.Get("Retry-After"))
	}
	h.now = h.now.Add(-time.Hour) // a clock that is set back neither opens the door nor keeps it shut
	if got := send(1); got[0] != 429 {
		t.Errorf("with the clock set back: %v", got)
	}
	h.now = h.now.Add(time.Second)
	if got := send(1); got[0] != 202 {
		t.Errorf("after the clock was set back: %v", got)
	}
}

func TestAStormThatCannotBeStoredIsLogged(t *testing.T) {
	h := open(Config{Limit: Limit{PerSecond: 1, Burst: 1}})
	h.sent(t, "POST", "/in/json/"+key, `{"title":"x"}`)
	h.err = errors.New("database is locked")
	if code, _, _ := h.sent(t, "POST", "/in/json/"+key, `{"title":"y"}`); code != 429 || !strings.Contains(h.log.String(), "storm not reported") {
		t.Errorf("answered %d:\n%s", code, h.log.String())
	}
}

func TestSecretsAreTakenOutOfWhatIsKept(t *testing.T) {
	h := open(Config{})
	h.sent(t, "POST", "/in/json/"+key, `{"title":"x"}`, "Authorization", "Basic geheim", "X-Api-Key", "geheim", "Cookie", "geheim", "X-Sender", "prod\xff",
		"X-Long", strings.Repeat("y", 5000), "Idempotency-Key", "n-1")
	kept := h.last(t).Header
	for _, name := range []string{"Authorization", "X-Api-Key", "Cookie"} {
		if kept[name] != "(taken out)" {
			t.Errorf("%s is kept as %q", name, kept[name])
		}
	}
	if kept["X-Sender"] != "prod?" || kept["Idempotency-Key"] != "n-1" || len(kept["X-Long"]) != 1024 {
		t.Errorf("kept %v", kept)
	}
	if strings.Contains(h.log.String(), key) || strings.Contains(h.log.String(), "geheim") {
		t.Errorf("a secret is in the log:\n%s", h.log.String())
	}
}

func TestASenderThatHangsUpDoesNotTakeItBack(t *testing.T) {
	h := open(Config{})
	ctx, gone := context.WithCancel(t.Context())
	gone()
	r := httptest.NewRequestWithContext(ctx, "POST", "/in/json/"+key, strings.NewReader(`{"title":"x"}`))
	h.ServeHTTP(httptest.NewRecorder(), r)
	if len(h.taken) != 1 {
		t.Error("the alert was lost with the connection")
	}
}

func TestABodyThatDoesNotArrive(t *testing.T) {
	h := open(Config{ReadTime: 50 * time.Millisecond})
	server := httptest.NewServer(h)
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST /in/json/%s HTTP/1.1\r\nHost: kaden\r\nContent-Length: 100\r\n\r\n{\"title\":", key)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 408 || !strings.Contains(string(body), "did not arrive within 50ms") {
		t.Errorf("answered %d %s", answer.StatusCode, body)
	}
	if a := h.last(t).Alerts[0]; a.Severity != alert.Warning || a.Body != `{"title":` { // most senders come again
		t.Errorf("it calls as %+v", a)
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	h := open(Config{})
	r := httptest.NewRequest("POST", "/in/json/"+key, io.MultiReader(strings.NewReader(`{"title":`), broken{}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "broke off") || h.last(t).Alerts[0].Severity != alert.Warning {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestOverTheWire(t *testing.T) {
	h := open(Config{})
	server := httptest.NewServer(h)
	defer server.Close()
	for i := range 3 { // the connection lives on after each
		answer, err := server.Client().Post(server.URL+"/in/json/"+key, "application/json", strings.NewReader(fmt.Sprintf(`{"title":"x %d"}`, i)))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 202 {
			t.Errorf("answered %s", answer.Status)
		}
	}
	if len(h.taken) != 3 || h.taken[0].Remote != "127.0.0.1" {
		t.Errorf("took %+v", h.taken)
	}
}

// Whatever is posted with the right key: the answer is JSON and one of the door's own, and what is
// accepted has been handed over with at least one alert and a body that is JSON.
func FuzzDoor(f *testing.F) {
	f.Add("json", `{"title":"x"}`, "application/json")
	f.Add("json", `title=x&label.a=b&labels[c]=d&link=e`, "application/x-www-form-urlencoded")
	f.Add("json", "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b")
	f.Add("mackerel", `{"event":"alert","alert":{"isOpen":true}}`, "")
	f.Add("future", `[]`, "")
	f.Fuzz(func(t *testing.T, source, body, kind string) {
		if source != "json" && source != "mackerel" {
			source = "future"
		}
		h := open(Config{})
		r := httptest.NewRequest("POST", "/in/"+source+"/"+key, strings.NewReader(body))
		r.Header["Content-Type"] = []string{kind}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("answered %q", w.Body)
		}
		switch w.Code {
		case 202:
			d := h.last(t)
			if len(d.Alerts) == 0 || !json.Valid(bytes.TrimPrefix(d.Raw, []byte("\xef\xbb\xbf"))) || d.ID == "" {
				t.Fatalf("took %+v", d)
			}
		case 400:
			if d := h.last(t); len(h.taken) != 1 || len(d.Alerts) != 1 || d.Alerts[0].Key != alert.Unreadable || d.Read() {
				t.Fatalf("refused, and taken as %+v", h.taken)
			}
		default:
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
	})
}

// Whoever tries the door with curl is told what was not understood; somebody is called all the same.
func TestTheSenderIsToldWhatWasNotUnderstood(t *testing.T) {
	for body, note := range map[string]string{
		`{"titel":"disk full"}`:                       "the title is missing",
		`{"title":"disk full","severity":"purple"}`:   `severity "purple" is not known; it is taken as critical`,
		`{"title":"disk full","severity":"critical"}`: "",
	} {
		h := open(Config{})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/in/json/"+key, strings.NewReader(body)))
		var got struct {
			Status string
			Notes  []string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusAccepted || got.Status != "stored" {
			t.Fatalf("%s is answered %d %s", body, w.Code, w.Body)
		}
		if said := strings.Join(got.Notes, ""); !strings.Contains(said, note) || (note == "") != (said == "") {
			t.Errorf("%s: the sender is told %q, want %q", body, said, note)
		}
	}
}
