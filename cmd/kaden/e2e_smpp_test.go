package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// smsc is a carrier's short message centre that is not ours: conformance/smsc.mjs, on the npm package smpp.
type smsc struct {
	t    *testing.T
	in   io.Writer
	port int

	mu    sync.Mutex
	heard []map[string]any
}

// newSMSC starts one, or skips the test where it cannot be had. files are a key and a certificate, for TLS.
func newSMSC(t *testing.T, files ...string) *smsc {
	t.Helper()
	conformance, err := filepath.Abs(filepath.Join("..", "..", "conformance"))
	if err != nil {
		t.Fatal(err)
	}
	node := needs(t, "node", "nodejs")
	if _, err := os.Stat(filepath.Join(conformance, "node_modules", "smpp")); err != nil {
		t.Skip("skipped: the npm package smpp is not installed (cd conformance && npm ci)")
	}
	cmd := exec.Command(node, append([]string{"smsc.mjs"}, files...)...)
	leash(cmd)
	cmd.Dir, cmd.Stderr = conformance, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &smsc{t: t, in: in}
	lines := bufio.NewScanner(out)
	var first struct{ Port int }
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &first) != nil || first.Port == 0 {
		t.Fatalf("the SMSC did not start: %s", lines.Text())
	}
	c.port = first.Port
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines.Scan() {
			var what map[string]any
			if json.Unmarshal(lines.Bytes(), &what) == nil {
				c.mu.Lock()
				c.heard = append(c.heard, what)
				c.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		in.Close() // it ends then
		<-read
		cmd.Wait()
		if t.Failed() {
			for _, what := range c.heard {
				t.Logf("the SMSC: %v", what)
			}
		}
	})
	return c
}

// order tells it what to do.
func (c *smsc) order(what map[string]any) {
	c.t.Helper()
	b, err := json.Marshal(what)
	if err == nil {
		_, err = c.in.Write(append(b, '\n'))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// says are the things of one kind that it has said.
func (c *smsc) says(kind string) (list []map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range c.heard {
		if v, ok := what[kind].(map[string]any); ok {
			list = append(list, v)
		} else if what[kind] != nil {
			list = append(list, what)
		}
	}
	return list
}

// nth waits for the n-th thing of a kind, counted from 1.
func (c *smsc) nth(kind string, n int) (what map[string]any) {
	c.t.Helper()
	eventually(c.t, patience, fmt.Sprintf("%s %d at the SMSC", kind, n), func() bool {
		if all := c.says(kind); len(all) >= n {
			what = all[n-1]
		}
		return what != nil
	})
	return what
}

// document is the SMSC's, as a carrier's customer writes it.
func (c *smsc) document(more string) string {
	return fmt.Sprintf("smsc: carrier\nserver: 127.0.0.1:%d\nsystem-id: kaden\npassword: env:SMSC_PASSWORD\nfrom: \"+815087654321\"\nenquire-link: 1s\n%s", c.port, more)
}

// smscStands is how the SMSC stands, by the API.
func (s *server) smscStands() (state, why string) {
	var status struct {
		SMSCs []struct{ Standing struct{ State, Why string } }
	}
	if s.get("/api/status", &status) != nil || len(status.SMSCs) == 0 {
		return "", ""
	}
	return status.SMSCs[0].Standing.State, status.SMSCs[0].Standing.Why
}

func (s *server) untilSMSC(state string) (why string) {
	s.t.Helper()
	eventually(s.t, patience, "the SMSC is "+state, func() bool { is, w := s.smscStands(); why = w; return is == state })
	return why
}

// writes sends a message and gives its address.
func (s *server) writes(o *owner, from, body string) string {
	s.t.Helper()
	status, got := s.message("POST", "/Messages.json", url.Values{"To": {satoNumber}, "From": {from}, "Body": {body}, "StatusCallback": {o.srv.URL + "/status"}})
	if status != 201 || got["status"] != "queued" {
		s.t.Fatalf("a message was not taken: %d %v", status, got)
	}
	return strings.TrimPrefix(got["uri"].(string), "/2010-04-01/Accounts/"+s.account())
}

// untilMessage waits for a message to be in a state.
func (s *server) untilMessage(uri, status string) (body map[string]any) {
	s.t.Helper()
	eventually(s.t, patience, "the message is "+status, func() bool { _, body = s.message("GET", uri, nil); return body["status"] == status })
	return body
}

const satoDigits = "819011111111"

// Messages leave over a carrier's SMSC in either alphabet and at any length, its receipts become states, and what comes in
// is put together and asked about.
func TestMessagesOverSMPP(t *testing.T) {
	t.Parallel()
	c, o := newSMSC(t), newOwner(t)
	s := newServer(t, withEnv("SMSC_PASSWORD=secret"))
	s.start()
	s.ready()
	o.token = s.token()
	s.apply(c.document("prices: { currency: JPY, messages: [{ to: mobile, price: 8 }] }"), "number: \"+815087654321\"\ntwiml: <Response/>\nsms-url: "+o.srv.URL+"/sms")
	if bound := c.nth("bind", 1); bound["ok"] != true || bound["version"] != 52.0 {
		t.Fatalf("bound: %v", bound)
	}
	s.untilSMSC("registered")
	if said := s.command("", "trunk", "check", "carrier"); said.code != 0 || !strings.Contains(said.out, "enquire_link") {
		t.Errorf("trunk check: %+v", said)
	}

	plain := s.writes(o, "+815087654321", "disk full on db01 {€}")
	m := c.nth("submit", 1)
	if m["text"] != "disk full on db01 {€}" || m["from"] != "815087654321" || m["to"] != satoDigits || m["coding"] != 0.0 || m["receipt"] != 1.0 || fmt.Sprint(m["ton"]) != "[1 1 1 1]" {
		t.Errorf("the SMSC has %v", m)
	}
	s.untilMessage(plain, "sent")
	japanese := s.writes(o, "Kaden", "ディスクが一杯です 🚨")
	if m = c.nth("submit", 2); m["text"] != "ディスクが一杯です 🚨" || m["coding"] != 8.0 || m["from"] != "Kaden" || fmt.Sprint(m["ton"]) != "[5 0 1 1]" {
		t.Errorf("the SMSC has %v", m)
	}
	long := strings.Repeat("長い話。", 60)
	tale := s.writes(o, "+815087654321", long)
	if m = c.nth("submit", 3); m["text"] != long || m["payload"] != true {
		t.Errorf("the SMSC has %v", m)
	}

	receipt := func(more map[string]any) {
		d := map[string]any{"esm_class": 4, "source_addr": satoDigits, "source_addr_ton": 1, "source_addr_npi": 1, "destination_addr": "815087654321", "data_coding": 0}
		for k, v := range more {
			d[k] = v
		}
		c.order(map[string]any{"deliver": d})
	}
	receipt(map[string]any{"short_message": "id:m1 sub:001 dlvrd:001 submit date:2611260300 done date:2611260301 stat:DELIVRD err:000 text:disk full"})
	receipt(map[string]any{"receipted_message_id": "m2", "message_state": 5, "network_error_code": "\x03\x00\x01"})
	receipt(map[string]any{"short_message": "id:m3 sub:001 dlvrd:000 submit date:2611260300 done date:2611260301 stat:EXPIRED err:027 text:"})
	receipt(map[string]any{"short_message": "id:nobody sub:001 dlvrd:001 stat:DELIVRD err:000 text:"})
	if body := s.untilMessage(plain, "delivered"); body["price"] != "-8.00000" || body["price_unit"] != "JPY" {
		t.Errorf("delivered: %v", body)
	}
	if body := s.untilMessage(japanese, "undelivered"); body["error_code"] != 30005.0 {
		t.Errorf("not delivered: %v", body)
	}
	if body := s.untilMessage(tale, "undelivered"); body["error_code"] != 30003.0 || body["num_segments"] != "4" {
		t.Errorf("not delivered: %v", body)
	}
	eventually(t, patience, "the owner is told", func() bool { return o.has("sent") && o.has("delivered") && o.has("undelivered") })
	for n := range 4 {
		if how := c.nth("delivered", n+1); how["status"] != 0.0 {
			t.Errorf("receipt %d was answered %v", n+1, how)
		}
	}

	piece := func(n int, text string) {
		c.order(map[string]any{"deliver": map[string]any{"source_addr": satoDigits, "source_addr_ton": 1, "source_addr_npi": 1, "destination_addr": "815087654321",
			"dest_addr_ton": 1, "dest_addr_npi": 1, "data_coding": 8, "udh": []int{5, 0, 3, 42, 2, n}, "short_message": text}})
	}
	piece(2, "向かっています")
	piece(1, "今")
	eventually(t, patience, "the number's program is asked", func() bool { return o.has("in: " + satoNumber + " 今向かっています") })
	if m = c.nth("submit", 4); m["text"] != "understood" || m["to"] != satoDigits || m["from"] != "815087654321" {
		t.Errorf("the answer was %v", m)
	}
	if o.has("unsigned") {
		t.Errorf("the owner heard %v", o.heard)
	}

	if err := s.stop(); err != nil {
		t.Error(err)
	}
	c.nth("unbind", 1)
	if log := tail(s.log.Name(), 1<<22); strings.Contains(log, satoDigits) || strings.Contains(log, "SMSC_PASSWORD=secret") {
		t.Error("the log says a number, or the password")
	}
}

// kaden dies. What had not left is sent by the next life, once; what may have left is not sent again, and it says so; a
// receipt finds its message in the next life.
func TestACrashBetweenMessagesOverSMPP(t *testing.T) {
	t.Parallel()
	c, o := newSMSC(t), newOwner(t)
	s := newServer(t, withEnv("SMSC_PASSWORD=secret"))
	s.start()
	s.ready()
	o.token = s.token()
	s.apply(c.document("window: 1"))
	s.untilSMSC("registered")

	sent := s.writes(o, "+815087654321", "first")
	s.untilMessage(sent, "sent")
	c.order(map[string]any{"how": map[string]any{"submit": []any{"quiet"}}})
	open := s.writes(o, "+815087654321", "second") // and its answer never comes
	c.nth("submit", 2)
	waiting := s.writes(o, "+815087654321", "third") // for its place in the window
	if _, body := s.message("GET", waiting, nil); body["status"] != "queued" {
		t.Errorf("what waits is %v", body["status"])
	}
	s.kill()
	s.start()
	s.ready()
	if m := c.nth("submit", 3); m["text"] != "third" {
		t.Errorf("the next life sent %v", m)
	}
	s.untilMessage(waiting, "sent")
	if body := s.untilMessage(open, "failed"); body["error_code"] != 30008.0 || !strings.Contains(fmt.Sprint(body["error_message"]), "not known") {
		t.Errorf("what may have left is %v", body)
	}
	c.order(map[string]any{"deliver": map[string]any{"esm_class": 4, "source_addr": satoDigits, "source_addr_ton": 1, "destination_addr": "815087654321", "short_message": "id:m1 stat:DELIVRD err:000 text:first"}})
	s.untilMessage(sent, "delivered")

	// The SMSC is too busy for a moment, and gone for another: what is kept goes out, once.
	c.order(map[string]any{"how": map[string]any{"submit": []any{88, 20}}})
	busy := s.writes(o, "+815087654321", "fourth")
	s.untilMessage(busy, "sent")
	c.order(map[string]any{"unbind": true})
	c.nth("bind", 3)
	after := s.writes(o, "+815087654321", "fifth")
	s.untilMessage(after, "sent")
	if happens(t, time.Second, func() bool { return len(c.says("submit")) != 7 }) {
		t.Errorf("the SMSC has %v", c.says("submit"))
	}
}

// An SMSC over TLS; a password that is wrong is said, and what to do about it.
func TestAnSMSCOverTLSThatRefusesUs(t *testing.T) {
	t.Parallel()
	cert, key := ownCertificate(t)
	c := newSMSC(t, key, cert)
	s := newServer(t, withEnv("SMSC_PASSWORD=wrong"))
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file, []byte(strings.Replace(string(text), "sip:\n", "sip:\n  ca: "+cert+"\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.ready()
	s.apply(c.document("tls: true"))
	if why := s.untilSMSC("refused"); !strings.Contains(why, "ESME_RINVPASWD") {
		t.Errorf("it says %q", why)
	}
	if said := s.command("", "trunk", "check", "carrier"); said.code != 1 || !strings.Contains(said.out, "check password:") {
		t.Errorf("trunk check: %+v", said)
	}
	if said := s.command("", "doctor", "--config", s.file); said.code != 1 || !strings.Contains(said.out, "smsc carrier") || !strings.Contains(said.out, "ESME_RINVPASWD") {
		t.Errorf("the doctor: %+v", said)
	}
	s.apply(strings.Replace(c.document("tls: true"), "env:SMSC_PASSWORD", "secret", 1))
	s.untilSMSC("registered")
	s.apply(c.document(""))
	if why := s.untilSMSC("silent"); why == "" {
		t.Error("without TLS nothing is said")
	}
}
