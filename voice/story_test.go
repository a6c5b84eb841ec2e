package voice_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/voice"
)

// The stories of testdata: a document, what the person does, what is heard and fetched. Adding a case is
// adding a file. Its parts, each begun by a line -- name --:
//
//	-- menu.xml --            the first is the program of the call, at https://owner.example/menu.xml;
//	-- took.xml 404 --        each further one a page beside it, with a status or a content type; a.wav tone=880
//	-- call --                optional: inbound, inline, fallback took.xml, slow 500ms (each answer), texts, roughly,
//	                          from sip:alice@office.example, domain office.example (its phones are our own)
//	-- phones --              optional: who else is called, one a line: suzuki is busy; is unknown; suzuki answers 3s, hangs up 9s (see phones)
//	-- applications --        optional: AP… menu.xml GET
//	-- transfers --           optional: whom phones of our own may give a call to: sip:bob@office.example bob.xml
//	-- tones --               optional: frequencies to listen for, at every phone and in recordings
//	-- person --              answers; hears "words"; hums 2s; presses 1; waits 3s; hangs up; calls, or calls sip:support@kaden.example; redirect menu.xml;
//	                          brings suzuki room.xml; asks for sip:bob@office.example; tells 180 200 (of a transfer)
//	-- want --                the transcript, with the second at which each thing began
//	-- or --                  optional: another transcript that is as good, of two things in one moment
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			parts := split(string(text))
			var got string
			synctest.Test(t, func(t *testing.T) { got = tell(t, parts) })
			i := slices.IndexFunc(parts, func(p part) bool { return p.name == "want" })
			if i < 0 {
				t.Fatalf("%s has no want", f)
			}
			or := func(p part) bool { return p.name == "or" && p.text == got }
			if want := parts[i].text; got != want && !slices.ContainsFunc(parts, or) {
				if os.Getenv("UPDATE") != "" {
					parts[i].text = got
					if err := os.WriteFile(f, []byte(join(parts)), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

type part struct{ name, text string }

func split(text string) (parts []part) {
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(name, " --") {
			parts = append(parts, part{name: strings.TrimSuffix(name, " --")})
			continue
		}
		if len(parts) == 0 {
			parts = append(parts, part{})
		}
		parts[len(parts)-1].text += line
	}
	return parts
}

func join(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.name != "" {
			fmt.Fprintf(&b, "-- %s --\n", p.name)
		}
		b.WriteString(p.text)
	}
	return b.String()
}

const site = "https://owner.example/"

// teller tells one story.
type teller struct {
	testing.TB
	setting
	house    *phonetest.House
	sato     *phonetest.Phone
	program  call.Program
	call     *call.Call
	began    time.Time
	wasAsked bool
	bot      *bot
	pad      pad

	mu     sync.Mutex
	lines  []line
	robots []*simleg.Phone
}

type line struct {
	at   time.Time
	rank int // in the same moment, a cause stands before its effect
	text string
}

const (
	does = iota
	asks
	tells // callbacks, whose answer nobody waits for
	says
	ears // tones, by whom
	ends // of others
	done // of the person's own call
)

func tell(t testing.TB, parts []part) string {
	s := &teller{TB: t, began: time.Now(), bot: &bot{}}
	s.read(t, parts)
	person, first := "", ""
	for _, p := range parts {
		if p.name == "person" {
			person = p.text
		}
		if f := strings.Fields(p.name); len(f) > 0 && strings.Contains(f[0], ".") && first == "" {
			first = p.name
			s.program.URL = site + f[0]
			if s.inline {
				s.program = call.Program{TwiML: p.text}
			}
		}
	}
	s.program.FallbackURL = s.fallback
	s.house = phonetest.New(t, func(h *phonetest.Setup) {
		for _, called := range []string{"support", "+815012345678"} {
			h.Numbers = append(h.Numbers, account.Number{Account: phonetest.Account, Number: called, URL: s.program.URL, TwiML: s.program.TwiML, FallbackURL: s.program.FallbackURL})
		}
		h.Speaker, h.Sockets, h.Applications = lisp{}, s.bot, s
		h.Domain, h.Transfers, h.Robots = s.domain, s.gives, s.meets
		if s.texts {
			h.Texter = &s.pad
		}
	})
	s.sato = s.house.Phone(cmp.Or(s.from, "sato"))
	for _, p := range parts {
		s.serve(p)
		if p.name == "phones" {
			s.phones(p.text)
		}
	}
	s.house.Web.Slow(s.slow)
	s.person(person)
	synctest.Wait()
	return s.transcript()
}

// serve puts a part on the web, if it is a page.
func (s *teller) serve(p part) {
	f := strings.Fields(p.name)
	if len(f) == 0 || !strings.Contains(f[0], ".") {
		return
	}
	where := site + f[0]
	s.house.Web.Serve(where, p.text)
	for _, word := range f[1:] {
		body := []byte(p.text)
		switch status, err := strconv.Atoi(word); {
		case err == nil: // 0: nobody answers
			s.house.Web.Handle(where, func(call.Ask) call.Reply {
				return call.Reply{Status: status, ContentType: "text/xml", Body: body}
			})
		case word == "moved": // the server redirects; the text is where to
			target := site + strings.TrimSpace(p.text)
			s.house.Web.Handle(where, func(a call.Ask) call.Reply {
				r, _ := s.house.Web.Ask(s.Context(), call.Ask{Method: "GET", URL: target})
				r.URL = target
				return r
			})
		case word == "long":
			s.house.Web.Handle(where, func(call.Ask) call.Reply {
				return call.Reply{Status: 200, ContentType: "text/xml", Body: []byte(strings.Repeat(" ", 64<<10+1))}
			})
		case strings.HasPrefix(word, "tone="):
			hz, _ := strconv.ParseFloat(word[5:], 64)
			s.house.Web.Handle(where, func(call.Ask) call.Reply {
				return call.Reply{Status: 200, ContentType: "audio/x-wav", Body: media.AppendWAV(nil, sampled(hz))}
			})
		case word == "tone":
			s.house.Web.Handle(where, func(call.Ask) call.Reply {
				return call.Reply{Status: 200, ContentType: "audio/x-wav", Body: media.AppendWAV(nil, make([]int16, media.Rate))}
			})
		default:
			s.house.Web.Handle(where, func(call.Ask) call.Reply {
				return call.Reply{Status: 200, ContentType: word, Body: body}
			})
		}
	}
}

// sampled is a second of a tone.
func sampled(hz float64) (all []int16) {
	var f media.Frame
	for src := media.Tone(time.Second, -12, hz); len(all) < media.Rate; all = append(all, f[:]...) {
		src.Read(&f)
	}
	return all
}

// person does what the story says, and what has to come before it.
func (s *teller) person(text string) {
	if !s.inbound {
		whom := to
		if s.from != "" {
			whom, _ = number.ParseAddress(s.from)
		}
		s.call = s.house.Place(call.Order{To: whom, Program: s.program, FirstWord: 800 * time.Millisecond})
		s.sato.Rings()
		s.listens()
	}
	for _, step := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		word, rest, _ := strings.Cut(strings.TrimSpace(step), " ")
		switch word {
		case "answers":
			s.sato.Answers()
		case "calls":
			s.sato.Calls(cmp.Or(rest, "sim:support"))
			s.listens()
		case "hears":
			words, err := strconv.Unquote(rest)
			if err != nil {
				s.Fatalf("hears %s: %v", rest, err)
			}
			s.sato.Hears(words)
		case "presses":
			s.sato.Presses(rest)
			s.note(does, "presses "+rest)
		case "hums":
			d, err := time.ParseDuration(rest)
			if err != nil {
				s.Fatal(err)
			}
			s.sato.Far().Say(media.Tone(d, -12, 440))
			s.sato.Waits(d)
		case "brings":
			who, page, _ := strings.Cut(rest, " ")
			s.brings(who, page)
		case "asks":
			r := referral(strings.Fields(rest)[1:])
			s.note(does, "asks for "+r.Target)
			s.sato.Far().Refer(*r)
		case "tells":
			s.asked(strings.Fields(rest))
		case "waits":
			d, err := time.ParseDuration(rest)
			if err != nil {
				s.Fatal(err)
			}
			s.sato.Waits(d)
		case "hangs":
			s.sato.HangsUp()
		case "redirect":
			if err := s.call.Redirect(call.Program{URL: site + rest}); err != nil {
				s.Error(err)
			}
		case "":
		default:
			s.Fatalf("nobody knows how a person %s", step)
		}
	}
	select {
	case <-s.sato.Far().Over():
	case <-time.After(longest):
		s.Fatalf("the call is not over after %v", longest)
	}
}

// longest is how long a story may last.
const longest = time.Hour

// listens hears tones at the person's phone.
func (s *teller) listens() {
	if len(s.tones) > 0 {
		s.sato.Far().Listen(&toneEar{s: s, on: map[float64]bool{}})
	}
}

// transcript is what happened, in order.
func (s *teller) transcript() string {
	far := s.sato.Far()
	for _, h := range far.Heard() {
		what := fmt.Sprintf("say %q", h.Caption)
		if h.Cut {
			what += " (cut short)"
		}
		s.lines = append(s.lines, line{h.From, says, what})
	}
	for _, a := range s.house.Web.Asked() {
		if a.Call == "" {
			continue // the second half of a redirect of the server
		}
		rank := asks
		if a.Params.Has("SequenceNumber") || a.Params.Has("RecordingStatus") || a.Params.Has("AnsweredBy") || a.Params.Has("StreamEvent") {
			rank = tells
		}
		s.lines = append(s.lines, line{a.At, rank, a.Method + " " + strings.TrimPrefix(a.URL, site) + s.extra(a.Params)})
	}
	for _, n := range s.house.Notices() { // the page, the place in it, what is wrong, and what to do
		s.lines = append(s.lines, line{time.Time{}, 0, "note: " + inFile(n)})
	}
	for _, m := range s.pad.texts {
		s.lines = append(s.lines, line{time.Time{}, 0, fmt.Sprintf("text from %s to %s: %s, and what becomes of it to %s", m.From, m.To, m.Body, strings.TrimPrefix(m.StatusCallback, site))})
	}
	s.others()
	s.bot.mu.Lock()
	for _, e := range s.bot.events {
		s.lines = append(s.lines, line{time.Time{}, 0, "stream: " + e})
	}
	s.bot.mu.Unlock()
	st := far.State()
	if d := far.Digits(); d != "" {
		s.lines = append(s.lines, line{time.Time{}, 0, "keys at the far end: " + d})
	}
	if s.inbound && !st.Answered.IsZero() {
		s.lines = append(s.lines, line{st.Answered, asks, "answered"})
	}
	s.lines = append(s.lines, line{st.Ended, done, fmt.Sprintf("over: %s", st.Cause)})
	slices.SortStableFunc(s.lines, func(a, b line) int {
		if a.at.IsZero() != b.at.IsZero() { // notes last
			return map[bool]int{true: 1, false: -1}[a.at.IsZero()]
		}
		order := cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank))
		if s.roughly {
			order = cmp.Or(cmp.Compare(s.moment(a.at.Sub(s.began)), s.moment(b.at.Sub(s.began))), cmp.Compare(a.rank, b.rank))
		}
		switch {
		case order != 0:
			return order
		case a.rank == tells: // each page is told in order; which of two is told first is nobody's business
			return strings.Compare(page(a.text), page(b.text))
		case a.rank == ears, a.rank == ends, s.roughly && a.rank == asks:
			return strings.Compare(a.text, b.text)
		}
		return 0
	})
	var b strings.Builder
	for i, n := 0, 1; i < len(s.lines); i, n = i+n, 1 {
		l := s.lines[i]
		for i+n < len(s.lines) && s.lines[i+n] == l {
			n++
		}
		if !l.at.IsZero() {
			fmt.Fprint(&b, s.moment(l.at.Sub(s.began)))
		}
		b.WriteString(l.text)
		if n > 1 {
			fmt.Fprintf(&b, " (%d times)", n)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// page is the method and the address of a request.
func page(request string) string {
	method, rest, _ := strings.Cut(request, " ")
	address, _, _ := strings.Cut(rest, " ")
	return method + " " + address
}

// moment is a time in the transcript.
func (s *teller) moment(d time.Duration) string {
	if s.roughly {
		return fmt.Sprintf("%5.1f ", d.Truncate(100*time.Millisecond).Seconds())
	}
	return fmt.Sprintf("%5.2f ", d.Seconds())
}

// inFile is a notice with its page: menu.xml:1:11: warning 13250: <Dial>: what is wrong (what to do).
func inFile(n voice.Notice) string {
	p := n.Problem
	p.File = strings.TrimPrefix(n.URL, site)
	return p.String()
}

// everyRequest are the parameters of every request about a call (contract 1.2), of whose values a story says nothing unless they
// are of another call than its own.
var everyRequest = []string{"AccountSid", "ApiVersion", "CallSid", "Called", "Caller", "Direction", "From", "To"}

var (
	aSID      = regexp.MustCompile(`\b([A-Z]{2})[0-9a-f]{32}\b`)
	countries = regexp.MustCompile(`^(From|To|Caller|Called)Country$`)
)

// extra are the parameters of a request, but those of every request; CallStatus only where it is not in-progress. Of a SID its
// first letters are shown, and of a moment nothing but that it is one.
func (s *teller) extra(v url.Values) string {
	var without []string
	for _, k := range everyRequest {
		if !v.Has(k) {
			without = append(without, k)
		}
	}
	usual := len(without) == 0
	if usual && (v.Get("Caller") != v.Get("From") || v.Get("Called") != v.Get("To") || v.Get("ApiVersion") != "2010-04-01" || v.Get("AccountSid") != string(phonetest.Account)) {
		s.Errorf("the parameters of every request contradict themselves: %v", v)
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(v)) {
		value := v.Get(k)
		switch {
		case usual && slices.Contains(everyRequest, k) && !v.Has("ParentCallSid") && !v.Has("ApplicationSid"),
			usual && slices.Contains([]string{"AccountSid", "ApiVersion", "CallSid", "Called", "Caller"}, k),
			countries.MatchString(k), k == "CallStatus" && value == "in-progress" && usual:
			continue
		case k == "Timestamp", k == "RecordingStartTime":
			if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", value); err != nil {
				if _, err := time.Parse(time.RFC3339, value); err != nil {
					s.Errorf("%s=%s is no moment", k, value)
				}
			}
			fmt.Fprintf(&b, " %s", k)
			continue
		case strings.HasSuffix(k, "SipCallId"):
			fmt.Fprintf(&b, " %s", k)
			continue
		}
		fmt.Fprintf(&b, " %s=%s", k, aSID.ReplaceAllString(strings.TrimPrefix(value, site), "$1…"))
	}
	switch {
	case len(v) == 0:
		return " (no parameters)"
	case !usual && !v.Has("CallSid"):
		b.WriteString(" (of no call)")
	}
	return b.String()
}

var errLisp = errors.New("the engine has stopped")
