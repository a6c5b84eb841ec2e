package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/timeline"
)

// What a trunk's document says of numbers is what its carrier gets. A carrier that gets anything else says nothing, and
// then sato is not busy.
func TestTheCarrierGetsNumbersAsItsTrunkSays(t *testing.T) {
	t.Parallel()
	for scenario, trunk := range map[string][]string{
		"wants-preferred": {"user: kaden", "spelling: national", "prefix: \"184\"", "caller-id: preferred", "caller-id-spelling: national"},
		"wants-asserted":  {"user: kaden", "caller-id: asserted", "caller-id-uri: tel", "privacy: true", "prack: off", "session-timer: off"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			cr := newCarrier(t, scenario, 0)
			s := serve(t)
			s.apply(cr.trunk(trunk...), sato, satoOnly)
			id := s.alarm("disk full on db01")
			s.until(id, timeline.AttemptBusy, "sato")
			if got := len(cr.got("INVITE")); got != 1 {
				t.Errorf("the carrier got %d INVITEs, want 1", got)
			}
		})
	}
}

// A carrier hands over calls to five numbers of ours, and each of them comes to the program that its number says.
func TestACarriersCallsComeToTheirNumbers(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	program := needs(t, "sipp", "sip-tester")
	var mu sync.Mutex
	var asked []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path+" "+r.FormValue("From")+" "+r.FormValue("To"))
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<Response><Gather timeout="60"/></Response>`)
	}))
	defer web.Close()
	number := func(n int) string { return fmt.Sprintf("+81501234560%d", n) }
	redirect := func(path string) string {
		return "twiml: <Response><Redirect>" + web.URL + path + "</Redirect></Response>"
	}
	s := serve(t)
	s.apply("trunk: carrier\nserver: 127.0.0.1\nfrom: \""+number(1)+"\"",
		"application: desk\nurl: "+web.URL+"/application", "bin: night\n"+redirect("/bin"),
		"number: \""+number(1)+"\"\nurl: "+web.URL+"/url",
		"number: \""+number(2)+"\"\napplication: desk",
		"number: \""+number(3)+"\"\nbin: night",
		"number: \""+number(4)+"\"\n"+redirect("/twiml"),
		"number: \""+number(5)+"\"\ncall-back: true")
	scenario, err := filepath.Abs(filepath.Join("testdata", "e2e", "calls-a-number.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for n, path := range map[int]string{1: "/url", 2: "/application", 3: "/bin", 4: "/twiml", 5: ""} {
		cmd := exec.Command(program, "-sf", scenario, "-s", number(n), "-i", "127.0.0.1", "-p", fmt.Sprint(freePort(t)), "-mp", fmt.Sprint(freePorts(t, 4, firstRTP, lastRTP)),
			"-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error", local(s.sip))
		cmd.Dir = t.TempDir()
		if said, err := cmd.CombinedOutput(); err != nil { // it was answered, and the hanging up was heard
			t.Errorf("sipp, calling %s: %v\n%s", number(n), err, said)
		}
		if path != "" {
			want := path + " +819011111111 " + number(n)
			eventually(t, patience, want, func() bool {
				mu.Lock()
				defer mu.Unlock()
				return slices.Contains(asked, want)
			})
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 4 {
		t.Errorf("asked was %q; the number for those who call back asks nobody", asked)
	}
}
