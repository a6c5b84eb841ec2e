package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// What cannot work is said in one line that names it and what mends it, and the exit code is not 0.
func TestServeSaysInOneLineWhyItCannotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	taken, err := net.Listen("tcp", local(freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	heard, err := net.ListenPacket("udp", local(freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	running := serve(t)
	locked := serve(t)
	if err := locked.stop(); err != nil {
		t.Fatalf("SIGTERM: %v", err)
	}
	if err := os.WriteFile(filepath.Join(locked.data, "key"), []byte(strings.Repeat("00", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := write("file", "not a directory")
	free := func() []string {
		return []string{"--http", local(freePort(t)), "--sip", local(freePort(t)), "--browsers", local(freePort(t))}
	}

	for _, c := range []struct {
		name string
		args []string
		env  []string
		says []string
	}{
		{"a port in use, HTTP", []string{"--data", filepath.Join(dir, "a"), "--http", taken.Addr().String(), "--sip", local(freePort(t))}, nil,
			[]string{taken.Addr().String(), "in use", "--http"}},
		{"a port in use, SIP over TCP", []string{"--data", filepath.Join(dir, "b"), "--http", local(freePort(t)), "--sip", taken.Addr().String()}, nil,
			[]string{taken.Addr().String(), "in use", "--sip"}},
		{"a port in use, SIP over UDP", []string{"--data", filepath.Join(dir, "c"), "--http", local(freePort(t)), "--sip", heard.LocalAddr().String()}, nil,
			[]string{heard.LocalAddr().String(), "in use", "--sip"}},
		{"a port in use, browsers", []string{"--data", filepath.Join(dir, "h"), "--http", local(freePort(t)), "--sip", local(freePort(t)), "--browsers", taken.Addr().String()}, nil,
			[]string{taken.Addr().String(), "in use", "--browsers"}},
		{"a data directory that is a file", append(free(), "--data", file), nil, []string{file, "--data"}},
		{"a data directory below a file", append(free(), "--data", filepath.Join(file, "data")), nil, []string{file, "--data"}},
		{"a data directory in use", append(free(), "--data", running.data), nil, []string{running.data, "already in use", fmt.Sprint(running.cmd.Process.Pid), "--data"}},
		{"a data directory with another's key", append(free(), "--data", locked.data), nil, []string{"key"}},
		{"no such settings", append(free(), "--config", filepath.Join(dir, "nothing.yaml")), nil, []string{"nothing.yaml"}},
		{"settings that are no YAML", append(free(), "--config", write("broken.yaml", "http: [\n")), nil, []string{"broken.yaml", "line 1"}},
		{"a word nobody knows", append(free(), "--config", write("typo.yaml", "sip:\n  lissten: 127.0.0.1:1\n")), nil, []string{"typo.yaml", "line 2", "lissten"}},
		{"a phone that is none", append(free(), "--data", filepath.Join(dir, "d"), "--phone", "call me"), nil, []string{"--phone", "call me"}},
		{"the police", append(free(), "--data", filepath.Join(dir, "e"), "--phone", "tel:110"), nil, []string{"110", "never"}},
		{"another kind of database", append(free(), "--data", filepath.Join(dir, "g")), []string{"KADEN_DATABASE_URL=mysql://x"}, []string{"PostgreSQL"}},
		{"a secret that is not there", append(free(), "--config", write("secret.yaml", "account: {token: env:NOWHERE}\n")), nil, []string{"NOWHERE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := tell(t, environment(c.env...), "", append([]string{"serve"}, c.args...)...)
			line := got.oneLine(t)
			for _, word := range c.says {
				if !strings.Contains(line, word) {
					t.Errorf("it says %q, and not %q", line, word)
				}
			}
			if got.code == 0 || got.interrupted {
				t.Errorf("exit code %d (interrupted: %v), want another than 0", got.code, got.interrupted)
			}
			if strings.Contains(got.out+got.err, "geheim") {
				t.Errorf("the database's password is shown: %s%s", got.out, got.err)
			}
		})
	}
	if !running.isReady() {
		t.Error("the server that has the data directory was disturbed")
	}
}

// A house that does not fit together is refused as a whole, with file, line and column.
func TestApplySaysWhatIsWrongAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	before := s.command("", "export")
	if before.code != 0 || !strings.Contains(before.out, "person: me") {
		t.Fatalf("export: %d %s%s", before.code, before.out, before.err)
	}
	for _, c := range []struct{ name, text, says string }{
		{"no YAML", "person: [\n", "1:9: error: not YAML"},
		{"no document of ours", "hello\n", "1:1: error"},
		{"a plan with a stranger", "plan: x\nsteps:\n  - call: [nobody]\n", "3:12: error: <nobody>"},
		{"the police", "person: x\ncontacts: [\"tel:119\"]\n", "never dialled"},
		{"a number that is too short", "person: x\ncontacts: [\"tel:0901\"]\n", "2:12: error"},
		{"a secret that is not there", "trunk: x\nserver: 127.0.0.1\nuser: x\npassword: env:NOWHERE\n", "NOWHERE"},
		{"a plan without an end", "plan: x\nsteps:\n  - call: [me]\n    rounds: forever\n", "no end"},
		{"a source of a kind nobody reads", "source: x\nkind: telepathy\nkey: 0123456789012345678901234567890123456789\n", "telepathy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.command(c.text, "apply", "-f", "-")
			if got.code == 0 || !strings.Contains(got.err, c.says) {
				t.Errorf("exit %d, and it says %q; want %q", got.code, got.err, c.says)
			}
		})
	}
	if after := s.command("", "export"); after.out != before.out {
		t.Errorf("something was changed:\n%s", after.out)
	}
	if again := s.command(before.out, "apply", "-f", "-"); again.code != 0 {
		t.Errorf("what was exported cannot be applied: %s%s", again.out, again.err)
	}
	if after := s.command("", "export"); after.out != before.out {
		t.Errorf("export, then apply changed something:\n%s", after.out)
	}

	// A trunk that is not there: nobody would ever see that number.
	if got := s.command("plan: x\nfrom: { ntt: \"+815012345678\" }\nsteps:\n  - call: [me]\n", "apply", "-f", "-"); got.code == 0 || !strings.Contains(got.err, "ntt") {
		t.Errorf("a trunk that does not exist is taken: exit %d %q", got.code, got.err)
	}

	// Nobody there, and somebody without a token.
	off := tell(t, environment("KADEN_URL=http://"+local(freePort(t)), "KADEN_AUTH_TOKEN=x"), "", "export")
	if line := off.oneLine(t); off.code == 0 || !strings.Contains(line, "kaden serve") {
		t.Errorf("nobody answers: exit %d %q", off.code, line)
	}
	wrong := tell(t, environment("KADEN_URL="+s.url(""), "KADEN_AUTH_TOKEN=wrong"), "", "export")
	if line := wrong.oneLine(t); wrong.code == 0 || !strings.Contains(line, "KADEN_AUTH_TOKEN") {
		t.Errorf("a wrong token: exit %d %q", wrong.code, line)
	}
	none := tell(t, environment("KADEN_URL="+s.url("")), "", "export", "--data", t.TempDir())
	if line := none.oneLine(t); none.code == 0 || !strings.Contains(line, "--data") {
		t.Errorf("no token: exit %d %q", none.code, line)
	}
}

// The intake answers as the reference says, and an alert that it took is never lost.
func TestIntakeRefusesWhatNobodyCouldRead(t *testing.T) {
	t.Parallel()
	s := serve(t)
	door := s.door()
	for _, c := range []struct {
		name, door, body string
		status           int
	}{
		{"not JSON", door, `{"title":`, http.StatusBadRequest},
		{"nothing", door, ``, http.StatusBadRequest},
		{"a wrong key", door[:len(door)-4] + "0000", `{"title":"x"}`, http.StatusNotFound},
		{"a source that does not exist", s.url("/in/nagios/0000"), `{"title":"x"}`, http.StatusNotFound},
		{"more than a megabyte", door, `{"title":"x","body":"` + strings.Repeat("x", 1<<20) + `"}`, http.StatusRequestEntityTooLarge},
		{"no title", door, `{"severity":"critical"}`, http.StatusAccepted}, // somebody is called anyway
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.door, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var words struct{ Status, Error, Hint string }
			if err := json.NewDecoder(resp.Body).Decode(&words); err != nil || resp.StatusCode != c.status {
				t.Errorf("answered %s %+v %v, want %d", resp.Status, words, err, c.status)
			}
			if c.status >= 400 && (words.Error == "" || words.Hint == "") {
				t.Errorf("the refusal %+v does not say what is wrong and how to mend it", words)
			}
		})
	}
	all := s.alerts()
	if len(all) != 1 {
		t.Fatalf("%d alerts are stored, want one about all that this source sent and nobody could read", len(all))
	}
	// The source is new: there is time to mend it, and then somebody is called.
	if e := s.until(all[0].ID, timeline.CalloutWaiting, ""); e.Text != "grace of 5m before the first ring" || s.night(all[0].ID).count(timeline.AlertRepeated, "") != 3 {
		t.Errorf("the night was:\n%s", s.night(all[0].ID))
	}
}

// The database goes away: alerts are refused with 503 and a Retry-After, and taken when it is back.
func TestIntakeWithoutADatabaseSaysWhenToTryAgain(t *testing.T) {
	t.Parallel()
	db := storetest.NewServer(t)
	db.Start(t)
	s := serve(t, withEnv("KADEN_DATABASE_URL="+db.URL("postgres")))
	s.alarm("while it is there")
	db.Stop(t)
	resp, err := http.Post(s.door(), "application/json", strings.NewReader(`{"title":"while it is away","severity":"critical"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("answered %s, Retry-After %q; want 503 and a time", resp.Status, resp.Header.Get("Retry-After"))
	}
	if s.isReady() {
		t.Error("/readyz says that all is well")
	}
	db.Start(t)
	eventually(t, patience, "the same alert is taken", func() bool {
		_, status, err := s.post(s.door(), `{"title":"while it is away","severity":"critical"}`)
		return err == nil && status == http.StatusAccepted
	})
	if all := s.alerts(); len(all) != 2 {
		t.Errorf("%d alerts are stored, want 2", len(all))
	}
}

// Without a speech program nobody is called to hear silence: it is said at the start, by the doctor, and
// for each alert; and what held the call-out up is our own fault, which burns nobody's turn.
func TestWithoutAVoiceNobodyIsCalledToHearSilence(t *testing.T) {
	t.Parallel()
	x := newExchange(t, takesIt)
	s := newServer(t, func(s *server) { s.env = []string{"PATH=" + t.TempDir(), "LANG=en_US.UTF-8"} })
	doctor := tell(t, s.env, "", "doctor", "--config", s.file)
	if doctor.code == 0 || !strings.Contains(doctor.out, "flite") || !strings.Contains(doctor.out, "open_jtalk") || !strings.Contains(doctor.out, "apt-get install") {
		t.Errorf("the doctor says (exit %d):\n%s%s", doctor.code, doctor.out, doctor.err)
	}
	s.start()
	s.ready()
	if said := s.greeted.String(); !strings.Contains(said, "no speech engine for English") || !strings.Contains(said, "apt-get install flite") || strings.Contains(said, "This rings:") {
		t.Errorf("the greeting does not say that there is no voice:\n%s", said)
	}
	eventually(t, patience, "its own phrases were tried", func() bool {
		return strings.Count(tail(s.log.Name(), 1<<20), "phrases are not ready") == 2
	})
	for _, language := range []string{"English", "Japanese"} {
		said := slices.DeleteFunc(s.loud(0), func(line string) bool { return !strings.Contains(line, "no speech engine for "+language) })
		if len(said) != 1 {
			t.Errorf("that nobody speaks %s is said %d times:\n%s", language, len(said), strings.Join(said, "\n"))
		}
	}
	if call := s.command("", "call", "me", "--say", "hello"); call.code == 0 || !strings.Contains(call.err, "would be silent") || !strings.Contains(call.err, "apt-get install flite") {
		t.Errorf("a test call that nobody would hear (exit %d):\n%s%s", call.code, call.out, call.err)
	}
	s.apply("person: me\nlanguage: en-US\ncontacts: ["+x.address("me")+"]", "plan: default\nsteps:\n  - call: [me]\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	e := s.until(id, timeline.CalloutStalled, "")
	if !strings.Contains(e.Text, "speech") {
		t.Errorf("the timeline says %q, and not that speech is missing", e.Text)
	}
	eventually(t, patience, "it is tried again", func() bool { return s.night(id).count(timeline.AttemptDialing, "me") >= 2 })
	n := s.night(id)
	if n.Status != "stored" {
		t.Errorf("the alert is %s:\n%s", n.Status, n)
	}
	if called := x.calledAt("me"); len(called) > 0 {
		t.Error("me was called, and there is nothing that could have been said")
	}
}

// The speech programs hang. Nobody waits for them: the console is answered, the greeting comes, and each place says what is wrong.
func TestASpeechProgramThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	for _, program := range []string{"flite", "open_jtalk"} {
		if err := os.WriteFile(filepath.Join(path, program), []byte("#!/bin/sh\nexec /bin/sleep 600\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	x := newExchange(t, takesIt)
	s := newServer(t, func(s *server) { s.env = []string{"PATH=" + path, "LANG=en_US.UTF-8"} })
	s.start()
	s.ready()
	if said := s.greeted.String(); !strings.Contains(said, "flite took more than 10s") {
		t.Errorf("the greeting does not say what hangs:\n%s", said)
	}
	s.apply("person: me\nlanguage: en-US\ncontacts: ["+x.address("me")+"]", "plan: default\nsteps:\n  - call: [me]\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	for range 3 {
		begun := time.Now()
		var status struct{ Warnings []struct{ Code string } }
		if err := s.get("/api/status", &status); err != nil || len(status.Warnings) == 0 || status.Warnings[0].Code != "no-engine" {
			t.Errorf("the console is told %+v, %v", status.Warnings, err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("the console has waited for %v", took)
		}
	}
	if e := s.until(id, timeline.CalloutStalled, ""); !strings.Contains(e.Text, "the words were not ready within 3s; kaden doctor tries the engines") {
		t.Errorf("the timeline says %q", e.Text)
	}
	if len(x.calledAt("me")) > 0 {
		t.Error("me was called to hear silence")
	}
}

// A newcomer names a telephone and has no trunk yet: "this rings" would not be true, and what is missing stands before it.
func TestTheGreetingSaysWhatKeepsItFromRinging(t *testing.T) {
	t.Parallel()
	s := serve(t, with("--phone", "tel:+819012345678"))
	said := s.greeted.String()
	missing, rings := strings.Index(said, "nothing reaches me: there is no trunk to the telephone network"), strings.Index(said, "This rings:")
	if missing < 0 || rings < missing {
		t.Errorf("the greeting does not say that there is no trunk:\n%s", said)
	}
}

// The database is another machine's; the doctor asks whether it is there, whether the server runs or not.
func TestTheDoctorAsksTheDatabase(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	away := local(freePort(t))
	for _, c := range []struct{ url, says string }{
		{"postgres://kaden:geheim@" + away + "/kaden", away},
		{"postgres://kaden:geheim@127.0.0.1:none/kaden", "postgres://user:password@host/name"},
	} {
		got := tell(t, environment("KADEN_DATABASE_URL="+c.url), "", "doctor", "--config", s.file)
		line := ""
		for l := range strings.Lines(got.out) {
			if strings.Contains(l, "database") {
				line += l
			}
		}
		if got.code != 1 || !strings.HasPrefix(line, "WRONG database") || !strings.Contains(line, c.says) || !strings.Contains(line, "KADEN_DATABASE_URL") {
			t.Errorf("exit %d, says %q", got.code, line)
		}
		if strings.Contains(got.out, "geheim") {
			t.Errorf("the password is shown: %s", got.out)
		}
	}
}
