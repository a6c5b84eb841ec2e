package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// server is a kaden of a test's own: its data, its ports, its database. It can be killed and started again.
type server struct {
	t    testing.TB
	data string
	file string // settings
	http int
	sip  int
	args []string
	env  []string
	bin  string // another binary than kaden
	mute bool   // it has not spoken anything yet: what other servers have spoken is not its own

	mu      sync.Mutex
	cmd     *exec.Cmd
	begun   time.Time // of the process
	over    chan struct{}
	exit    error
	greeted *greeting
	log     *os.File
}

// greeting is what kaden says when it is ready, and keeps while it is written.
type greeting struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (g *greeting) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.Write(b)
}

func (g *greeting) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

// option changes a server before it starts.
type option func(*server)

// with adds arguments.
func with(args ...string) option { return func(s *server) { s.args = append(s.args, args...) } }

// withEnv adds to the environment.
func withEnv(env ...string) option { return func(s *server) { s.env = append(s.env, env...) } }

// newServer prepares a server; it is not started. What it logged is shown if the test fails.
func newServer(t testing.TB, options ...option) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{
		t: t, data: filepath.Join(dir, "data"), file: filepath.Join(dir, "kaden.yaml"),
		http: freePort(t), sip: freePort(t), env: environment(),
	}
	rtp := freePorts(t, 200, firstRTP, lastRTP)
	text := fmt.Sprintf("data: %s\nhttp: %s\ndrain: 1s\nsip:\n  listen: %s\n  rtp-ports: %d-%d\nbrowsers:\n  listen: 127.0.0.1:%d\nlog:\n  level: debug\n",
		s.data, local(s.http), local(s.sip), rtp, rtp+199, freePort(t))
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		o(s)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	s.log = log
	t.Cleanup(func() {
		s.kill()
		log.Close()
		if t.Failed() {
			t.Logf("what the server logged:\n%s", tail(log.Name(), 16000))
		}
	})
	return s
}

// serve starts a server and waits until it has greeted.
func serve(t testing.TB, options ...option) *server {
	t.Helper()
	s := newServer(t, options...)
	s.start()
	s.ready()
	return s
}

func tail(file string, most int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	if len(b) > most {
		b = append([]byte("…"), b[len(b)-most:]...)
	}
	return string(b)
}

// newVoice has the server speak every phrase itself, as a new house does: that takes its processor a quarter of a minute.
// Other servers of the tests share what any of them has spoken.
func newVoice(s *server) { s.mute = true }

// shareVoice lets the server find what others with the same engines have spoken.
func (s *server) shareVoice() {
	s.t.Helper()
	kaden(s.t) // it makes the folder
	shared := filepath.Join(built.dir, "speech")
	err := os.MkdirAll(shared, 0o700)
	if err == nil {
		err = os.MkdirAll(s.data, 0o700)
	}
	if err == nil {
		err = os.Symlink(shared, filepath.Join(s.data, "speech"))
	}
	if err != nil && !os.IsExist(err) {
		s.t.Fatal(err)
	}
}

// start begins a new life of the server. It does not wait for anything.
func (s *server) start() {
	s.t.Helper()
	if !s.mute && slices.Contains(s.env, "PATH="+os.Getenv("PATH")) {
		s.shareVoice()
	}
	bin := s.bin
	if bin == "" {
		bin = kaden(s.t)
	}
	cmd := exec.Command(bin, append([]string{"serve", "--config", s.file}, s.args...)...)
	leash(cmd)
	g := &greeting{}
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = s.env, g, s.log, filepath.Dir(s.file)
	over := make(chan struct{})
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.cmd, s.over, s.greeted, s.begun = cmd, over, g, begun
	s.mu.Unlock()
	go func() {
		err := cmd.Wait()
		s.mu.Lock()
		s.exit = err
		s.mu.Unlock()
		close(over)
	}()
}

// alive tells whether the process runs.
func (s *server) alive() bool {
	s.mu.Lock()
	over := s.over
	s.mu.Unlock()
	if over == nil {
		return false
	}
	select {
	case <-over:
		return false
	default:
		return true
	}
}

// ready waits until the server has greeted and answers.
func (s *server) ready() {
	s.t.Helper()
	eventually(s.t, patience, "kaden serve is ready", func() bool {
		if !s.alive() {
			s.t.Fatalf("kaden serve ended: %v\n%s", s.exit, tail(s.log.Name(), 4000))
		}
		return s.isReady() && strings.Contains(s.greeted.String(), "/in/mackerel/")
	})
}

func (s *server) isReady() bool {
	resp, err := http.Get(s.url("/readyz"))
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// kill ends the server as a power failure would.
func (s *server) kill() {
	if !s.alive() {
		return
	}
	s.cmd.Process.Kill()
	<-s.over
}

// stop asks the server to end and waits until it has.
func (s *server) stop() error {
	s.t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.over:
		return s.exit
	case <-time.After(patience):
		s.kill()
		s.t.Errorf("kaden did not end within %v after SIGTERM", patience)
		return nil
	}
}

func (s *server) url(path string) string { return "http://" + local(s.http) + path }

// token is where kaden leaves it for the commands of this machine.
func (s *server) token() string {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data, "token"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// account is the SID in the greeting's address of the REST API.
func (s *server) account() string {
	s.t.Helper()
	m := regexp.MustCompile(`/Accounts/(AC[0-9a-f]{32})\b`).FindStringSubmatch(s.greeted.String())
	if m == nil {
		s.t.Fatalf("the greeting names no account:\n%s", s.greeted)
	}
	return m[1]
}

// command says something to the running server with the binary itself.
func (s *server) command(stdin string, args ...string) said {
	s.t.Helper()
	return tell(s.t, environment("KADEN_URL="+s.url("")), stdin, append(args, "--data", s.data)...)
}

// apply gives documents to the running server.
func (s *server) apply(documents ...string) {
	s.t.Helper()
	if got := s.command(strings.Join(documents, "\n---\n")+"\n", "apply", "-f", "-"); got.code != 0 {
		s.t.Fatalf("kaden apply: exit %d\n%s%s", got.code, got.out, got.err)
	}
}

// curl is the first complete command in the greeting below a heading, as it is meant to be pasted.
func (s *server) curl(heading string) string {
	s.t.Helper()
	_, text, found := strings.Cut(s.greeted.String(), heading+"\n\n")
	text, _, complete := strings.Cut(text, "\n\n")
	if !found || !complete || !strings.Contains(text, "curl ") {
		s.t.Fatalf("the greeting has no curl below %q:\n%s", heading, s.greeted)
	}
	return text
}

// door is the address of the JSON intake, from the greeting.
func (s *server) door() string {
	s.t.Helper()
	m := regexp.MustCompile(`http://[^ ]*/in/json/[0-9a-f]+`).FindString(s.greeted.String())
	if m == "" {
		s.t.Fatalf("the greeting has no address for alerts:\n%s", s.greeted)
	}
	return m
}

// alarm sends an alert to a source and returns its id.
func (s *server) alarm(title string) string {
	s.t.Helper()
	id, status, err := s.post(s.door(), fmt.Sprintf(`{"title":%q,"severity":"critical","status":"firing","key":%q}`, title, title))
	if err != nil || status != http.StatusAccepted {
		s.t.Fatalf("the alert was not taken: %d %v", status, err)
	}
	return id
}

// post sends a body to an intake.
func (s *server) post(door, body string) (alert string, status int, err error) {
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, door, strings.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	q.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", resp.StatusCode, err
	}
	var receipt struct {
		Alerts []string `json:"alerts"`
	}
	json.Unmarshal(text, &receipt)
	if len(receipt.Alerts) > 0 {
		alert = receipt.Alerts[0]
	}
	return alert, resp.StatusCode, nil
}

// night is an alert as kaden's own API tells it.
type night struct {
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Status   string           `json:"status"`
	By       string           `json:"by"`
	Attempts []attempt        `json:"attempts"`
	Events   []timeline.Event `json:"events"`
}

type attempt struct {
	ID     string `json:"id"`
	Person string `json:"person"`
	Status string `json:"status"`
	Cause  string `json:"cause"`
	Call   string `json:"call"`
	Digit  string `json:"digit"`
	Place  int    `json:"place"`
}

// get asks kaden's own API.
func (s *server) get(path string, out any) error {
	ctx, stop := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url(path), nil)
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+s.token())
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s %s", path, resp.Status, text)
	}
	return json.Unmarshal(text, out)
}

// night reads an alert with all that happened.
func (s *server) night(alert string) (n night) {
	s.t.Helper()
	if err := s.get("/api/alerts/"+alert, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// alerts lists all of them, newest first.
func (s *server) alerts() (all []night) {
	s.t.Helper()
	for before := ""; ; {
		var page struct {
			Alerts []night `json:"alerts"`
			More   bool    `json:"more"`
		}
		if err := s.get("/api/alerts?limit=200&before="+before, &page); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, page.Alerts...)
		if !page.More {
			return all
		}
		before = all[len(all)-1].ID
	}
}

// nights reads all alerts with all that happened.
func (s *server) nights() (all []night) {
	s.t.Helper()
	for _, a := range s.alerts() {
		all = append(all, s.night(a.ID))
	}
	return all
}

// until waits for an event of an alert, and returns the first one of that kind (and person, unless "").
func (s *server) until(alert string, kind timeline.Kind, person string) timeline.Event {
	s.t.Helper()
	var e timeline.Event
	if !happens(s.t, patience, func() bool {
		n := s.night(alert)
		var ok bool
		e, ok = n.first(kind, person)
		return ok
	}) {
		s.t.Fatalf("%v went by without %s %s; the night was:\n%s", patience, kind, person, s.night(alert))
	}
	return e
}

// first finds an event.
func (n night) first(kind timeline.Kind, person string) (timeline.Event, bool) {
	for _, e := range n.Events {
		if e.Kind == kind && (person == "" || e.Person == person) {
			return e, true
		}
	}
	return timeline.Event{}, false
}

// count is how often something happened.
func (n night) count(kind timeline.Kind, person string) (c int) {
	for _, e := range n.Events {
		if e.Kind == kind && (person == "" || e.Person == person) {
			c++
		}
	}
	return c
}

// String tells the night line by line.
func (n night) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q: %s %s\n", n.ID, n.Title, n.Status, n.By)
	for _, e := range n.Events {
		fmt.Fprintf(&b, "%6d %s %-24s %-10s %-26s %s %s %s\n", e.Seq, e.At.Format("15:04:05.000"), e.Kind, e.Person, e.Attempt, e.Cause, e.Digit, e.Text)
	}
	return b.String()
}

// allNights tells the alerts in these states, or all.
func (s *server) allNights(status ...string) string {
	s.t.Helper()
	var b strings.Builder
	for _, a := range s.alerts() {
		if len(status) == 0 || slices.Contains(status, a.Status) {
			b.WriteString(s.night(a.ID).String())
		}
	}
	return b.String()
}
