package rest_test

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sent is a request as a library of Twilio's once sent it, byte for byte (testdata/sent), at an address of ours.
func sent(t *testing.T, library, what string, change ...string) *http.Request {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "sent", library+"-"+what+".http"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader([]byte(strings.NewReplacer(change...).Replace(string(raw))))))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What twilio-go 1.30.9, twilio-node 6.2.0 and twilio for Python 7.7.1 send, each in its own way, orders the same call, lists the
// same calls, and ends and deletes the same one. They need not be here for it.
func TestWhatTwiliosLibrariesSend(t *testing.T) {
	for library, agent := range map[string]string{"go": "twilio-go/", "node": "twilio-node/", "python": "twilio-python/"} {
		t.Run(library, func(t *testing.T) {
			h := open(t, nil)
			lastWeek(h, 7)
			r := sent(t, library, "create")
			if !strings.HasPrefix(r.Header.Get("User-Agent"), agent) || r.Header.Get("Authorization") == "" {
				t.Fatalf("recorded from %v", r.Header)
			}
			made := h.send(r).is(201)
			if len(h.desk.orders) != 1 {
				t.Fatalf("%d calls were ordered", len(h.desk.orders))
			}
			o := h.desk.orders[0]
			if string(o.To.Number) != suzuki || o.From != us || o.Program.URL != "http://example.com/voice?team=sre" || o.Ring != 20*time.Second ||
				o.Callback.URL != "http://example.com/status" || strings.Join(o.Callback.Events, " ") != "initiated ringing" || o.Detection == nil || !o.Detection.Wait {
				t.Errorf("ordered %+v", o)
			}

			list := h.send(sent(t, library, "list")).is(200)
			if got := list.days(); len(got) != 1 || got[0] != 7 {
				t.Errorf("listed %v", got)
			}
			next := list.text("next_page_uri")
			if !strings.Contains(next, "Status=completed") || !strings.Contains(next, "StartTime") {
				t.Errorf("the next page is %s", next)
			}
			page := sent(t, library, "list")
			page.RequestURI = next // as it is, say the libraries
			if page.URL, _ = page.URL.Parse(next); page.URL == nil {
				t.Fatal(next)
			}
			if got := h.send(page).days(); len(got) != 1 || got[0] != 5 {
				t.Errorf("then %v", got)
			}

			const recorded = "CA00000000000000000000000000000001" // the first answer that a library got when it was recorded
			if got := h.send(sent(t, library, "update", recorded, made.text("sid"))).is(200).text("status"); got == "queued" || got == "ringing" {
				t.Errorf("after it was ended the call is %s", got)
			}
			if gone := h.send(sent(t, library, "delete", recorded, made.text("sid"))).is(204); gone.raw != "" {
				t.Errorf("deleted with %q", gone.raw)
			}
			h.get(made.text("uri")).refuses(404, 20404)
		})
	}
}
