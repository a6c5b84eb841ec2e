package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Where the server and the phones are found. They lie below the ports that the system gives away.
const (
	httpPort  = 18480
	sipPort   = 18460
	phonePort = 18490
	soundPort = 18470

	browserPort = 18475
)

// account is the server's, given to it by the environment.
const (
	accountSID = "ACbe0c00000000000000000000000000be"
	authToken  = "be0cbe0cbe0cbe0cbe0cbe0cbe0cbe0c"
)

// server is a kaden with a data directory of its own.
type server struct {
	b      *bench
	binary string
	data   string
	cmd    *exec.Cmd
	begun  time.Time // of the process
	log    *os.File
	client *http.Client
}

// newServer prepares one; it is not started.
func (b *bench) newServer(binary string) (*server, error) {
	dir, err := os.MkdirTemp(b.dir, "server-")
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	s := &server{b: b, binary: binary, data: filepath.Join(dir, "data"), log: log,
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	return s, nil
}

// serve starts a server with documents and waits until it is ready.
func (b *bench) serve(ctx context.Context, binary string, documents ...string) (*server, error) {
	s, err := b.newServer(binary)
	if err != nil {
		return nil, err
	}
	if err = s.start(); err == nil {
		err = s.ready(ctx)
	}
	if err == nil && len(documents) > 0 {
		err = s.apply(ctx, documents)
	}
	if err == nil {
		err = s.rest(ctx)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) start() error {
	args := []string{s.binary, "serve", "--data", s.data, "--http", local(httpPort), "--sip", local(sipPort), "--browsers", local(browserPort)}
	if s.b.core != "" {
		args = append([]string{"taskset", "-c", s.b.core}, args...)
	}
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Env = append(os.Environ(), "KADEN_ACCOUNT_SID="+accountSID, "KADEN_AUTH_TOKEN="+authToken)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.begun = time.Now()
	return s.cmd.Start()
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// ready waits until the server takes alerts.
func (s *server) ready(ctx context.Context) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		resp, err := s.client.Get(s.url("/readyz"))
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("kaden did not become ready; it said:\n%s", s.said())
}

// rest waits until the server has nothing left to do: at its very first start it speaks the house's phrases into its cache, some
// 15 s of a processor.
func (s *server) rest(ctx context.Context) error {
	const pause, idle = time.Second, 20 * time.Millisecond
	for last, end := work(s.pid()), time.Now().Add(2*time.Minute); time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(pause)
		now := work(s.pid())
		if now-last <= idle {
			return nil
		}
		last = now
	}
	return errors.Join(ctx.Err(), errors.New("kaden did not come to rest"))
}

func (s *server) said() string {
	b, _ := os.ReadFile(s.log.Name())
	return string(b[max(0, len(b)-2000):])
}

// kill ends the server as a power failure would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed, and says so
}

// stop ends the server and forgets its data.
func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil && s.cmd.ProcessState == nil {
		// Twice: calls in progress need not end by themselves.
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		time.Sleep(100 * time.Millisecond)
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		over := time.AfterFunc(10*time.Second, func() { _ = s.cmd.Process.Kill() })
		_ = s.cmd.Wait()
		over.Stop()
	}
	s.log.Close()
	s.client.CloseIdleConnections()
	os.RemoveAll(filepath.Dir(s.data))
}

func (s *server) url(path string) string { return "http://" + local(httpPort) + path }

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// apply gives documents to the server, as an operator does.
func (s *server) apply(ctx context.Context, documents []string) error {
	cmd := exec.CommandContext(ctx, s.binary, "apply", "-f", "-", "--server", s.url(""), "--token", authToken)
	cmd.Stdin = strings.NewReader(strings.Join(documents, "\n---\n") + "\n")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kaden apply: %w\n%s", err, said.String())
	}
	return nil
}

// alert sends one to a source and returns when it has been taken.
func (s *server) alert(source, key, status string) (sent, taken time.Time, err error) {
	body := fmt.Sprintf(`{"title":"The disk of the database is full","severity":"critical","status":%q,"key":%q}`, status, key)
	q, err := http.NewRequest(http.MethodPost, s.url("/in/"+source+"/"+sourceKey), strings.NewReader(body))
	if err != nil {
		return sent, taken, err
	}
	q.Header.Set("Content-Type", "application/json")
	sent = time.Now()
	resp, err := s.client.Do(q)
	if err != nil {
		return sent, taken, err
	}
	taken = time.Now()
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err == nil && resp.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("the alert was not taken: %s %s", resp.Status, text)
	}
	return sent, taken, err
}

// sourceKey is the secret of every source.
const sourceKey = "0123456789abcdef0123456789abcdef"

// person is a document; addresses are rung in order.
func person(name, address string) string {
	b, _ := json.Marshal([]string{address})
	return fmt.Sprintf("person: %s\nname: %s\nlanguage: en-US\ncontacts: %s", name, name, b)
}

// plan and the source that leads to it. The words are the same for all, so that they are spoken once.
func plan(name, steps string) string {
	return fmt.Sprintf("plan: %s\nsay: { en: \"Alert. {{.Title}}.\" }\nsteps:\n%s\n---\nsource: %s\nkind: json\nkey: %s\nplan: %s", name, steps, name, sourceKey, name)
}

// sounds serves the driver's prompt to the server.
type sounds struct {
	srv *http.Server
	url string
}

func serveSounds(prompt []byte) (*sounds, error) {
	l, err := net.Listen("tcp", local(soundPort))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/prompt.wav", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		w.Write(muLawWAV(prompt))
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, "<Response><Hangup/></Response>")
	})
	s := &sounds{&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, "http://" + l.Addr().String()}
	go func() {
		if err := s.srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "bench: sounds:", err)
		}
	}()
	return s, nil
}

func (s *sounds) close() { s.srv.Close() }

// muLawWAV puts a header before µ-law samples.
func muLawWAV(samples []byte) []byte {
	var b bytes.Buffer
	u32 := func(v int) { b.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) }
	u16 := func(v int) { b.Write([]byte{byte(v), byte(v >> 8)}) }
	b.WriteString("RIFF")
	u32(50 + len(samples))
	b.WriteString("WAVEfmt ")
	u32(18)
	u16(7)
	u16(1)
	u32(8000)
	u32(8000)
	u16(1)
	u16(8)
	u16(0)
	b.WriteString("fact")
	u32(4)
	u32(len(samples))
	b.WriteString("data")
	u32(len(samples))
	b.Write(samples)
	return b.Bytes()
}
