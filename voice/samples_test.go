package voice_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
)

// The documents of Twilio's own pages run on simulated phones: whatever a document asks for, the call comes to its end,
// each verb that kaden runs is run, and each other one is told of and passed over.
func TestTwiliosOwnDocumentsRun(t *testing.T) {
	dir := os.Getenv("KADEN_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "twiml", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Skip("skipped: no data: twiml is not there; KADEN_TEST_DATA names its folder")
	}
	ran, passed := map[string]int{}, map[string]int{}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			doc, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { sample(t, string(doc), ran, passed) })
		})
	}
	t.Logf("%d documents; verbs run: %v; passed over: %v", len(files), ran, passed)
	for _, verb := range []string{"Say", "Play", "Pause", "Gather", "Dial", "Record", "Start", "Enqueue", "Leave", "Redirect", "Reject", "Hangup", "Sms", "Refer"} {
		if ran[verb] == 0 {
			t.Errorf("no document has run <%s>", verb)
		}
	}
}

var verbRun = regexp.MustCompile(`msg=verb .*verb=(\w+)`)

// sample lets somebody call a number that is answered by doc, wait for a minute and a half, and hang up.
func sample(t *testing.T, doc string, ran, passed map[string]int) {
	var log bytes.Buffer
	read, problems := twiml.Parse([]byte(doc))
	if problems.Refused() {
		t.Fatal(problems)
	}
	h := phonetest.New(t, func(s *phonetest.Setup) {
		s.Numbers = []account.Number{{Number: ours, Account: phonetest.Account, URL: "https://owner.example/document.xml"}}
		s.Trunks = []trunk.Trunk{{Name: "ntt", Server: "ntt.example", Channels: 9, From: ours, Allow: []number.Class{number.Abroad}}}
		s.Log = &log
	})
	h.Web.Serve("https://owner.example/document.xml", doc)
	for _, all := range []string{"https://", "http://"} { // what the documents name: sounds, and answers that are empty
		h.Web.Handle(all, func(a call.Ask) call.Reply {
			if ext := path.Ext(a.URL); ext == ".mp3" || ext == ".wav" {
				return call.Reply{Status: 200, ContentType: "audio/x-wav", Body: media.AppendWAV(nil, make([]int16, media.Rate))}
			}
			return call.Reply{Status: 200, ContentType: "text/xml", Body: []byte("<Response/>")}
		})
	}
	for _, v := range read.Verbs {
		d, ok := v.(*twiml.Dial)
		if !ok {
			continue
		}
		for _, n := range d.Nouns {
			for _, who := range called(n) {
				h.Behaves(who, simleg.Behaviour{AnswerAfter: 3 * time.Second, Actions: []simleg.Action{{At: 20 * time.Second, HangUp: true}}})
			}
		}
	}
	caller := h.Phone("+819012345678").Calls(ours).Waits(90 * time.Second)
	caller.HangsUp().Waits(10 * time.Second)
	synctest.Wait()

	st := caller.Far().State()
	if st.Ended.IsZero() || h.Desk.Calls() != 0 {
		t.Errorf("not over: %+v, %d calls", st, h.Desk.Calls())
	}
	if st.Cause == leg.Fault || strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "panic") {
		t.Errorf("something failed inside: %s\n%s", st.Cause, &log)
	}
	here := map[string]int{}
	var order []string
	for _, m := range verbRun.FindAllStringSubmatch(log.String(), -1) {
		here[m[1]]++
		order = append(order, m[1])
	}
	for i, v := range read.Verbs {
		if i < len(order) && order[i] == v.Name() {
			continue
		}
		if before := i > 0 && leads(read.Verbs[i-1]); !before && !(i == len(order) && st.Cause == leg.Completed) {
			t.Errorf("<%s> in line %d was not run: %v", v.Name(), v.Position().Line, order)
		}
		break // the call went on with another document, or the caller hung up
	}
	told := fmt.Sprint(h.Notices())
	for _, v := range read.Verbs {
		o, ok := v.(*twiml.Other)
		if !ok || here[o.Name()] == 0 {
			continue
		}
		delete(here, o.Name())
		passed[o.Name()]++
		if !strings.Contains(told, o.Name()) {
			t.Errorf("nothing is said of <%s>: %s", o.Name(), told)
		}
	}
	for _, verb := range slices.Collect(maps.Keys(here)) {
		ran[verb] += here[verb]
	}
}

// leads tells whether a verb may go on with another document, or end the call.
func leads(v twiml.Verb) bool {
	switch v := v.(type) {
	case *twiml.Redirect, *twiml.Hangup, *twiml.Reject, *twiml.Gather, *twiml.Record, *twiml.Echo:
		return true
	case *twiml.Dial:
		return v.Action != ""
	case *twiml.Enqueue:
		return v.Action != ""
	case *twiml.Refer:
		return v.Action != ""
	case *twiml.Sms:
		return v.Action != ""
	case *twiml.Connect:
		return v.Action != ""
	}
	return false
}

// called is how the phones of a noun are reached.
func called(n twiml.Noun) []string {
	switch n := n.(type) {
	case *twiml.Number:
		a, err := number.ParseAddress(n.Text)
		if err != nil {
			return nil
		}
		return []string{"sip:" + string(a.Number) + "@ntt.example"}
	case *twiml.Client:
		return []string{"client:" + n.Identity}
	case *twiml.Sip:
		a, _, _ := strings.Cut(n.URI, "?")
		plain, _, _ := strings.Cut(a, ";")
		return []string{a, plain, "sip:" + a}
	}
	return nil
}
