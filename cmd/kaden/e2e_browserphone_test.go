package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// office is a kaden with TLS, as a browser phone needs it, and an app of somebody's own beside it.
type office struct {
	*server
	*wires
	app *httptest.Server

	key, secret, application string // of the customer's account

	mu    sync.Mutex
	twiml map[string]string // by path
	asked []url.Values      // what the app was asked
}

func newOffice(t testing.TB) *office {
	t.Helper()
	cert, key := selfSigned(t)
	https := local(freePort(t))
	o := &office{wires: newWires(t, https), twiml: map[string]string{}}
	o.app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		o.mu.Lock()
		o.asked = append(o.asked, r.Form)
		text, ok := o.twiml[r.URL.Path]
		o.mu.Unlock()
		switch {
		case strings.HasSuffix(r.URL.Path, ".wav"):
			w.Header().Set("Content-Type", "audio/wav")
			w.Write(sine(440, 60*time.Second))
		case ok:
			w.Header().Set("Content-Type", "text/xml")
			io.WriteString(w, text)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(o.app.Close)
	o.server = serve(t, with("--https", https, "--tls-cert", cert, "--tls-key", key))
	return o
}

// says is what the app answers at a path.
func (o *office) says(path, verbs string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.twiml[path] = "<Response>" + verbs + "</Response>"
	return o.app.URL + path
}

// told is the first request that the app was sent for a call of a page.
func (o *office) told(name, value string) url.Values {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range o.asked {
		if v.Get(name) == value {
			return v
		}
	}
	return nil
}

func selfSigned(t testing.TB) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kaden.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600)
	return cert, key
}

// create makes a resource over the REST API.
func (o *office) create(path string, form url.Values) (made map[string]any) {
	o.t.Helper()
	q, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url("/2010-04-01/Accounts/"+o.account()+path), strings.NewReader(form.Encode()))
	if err != nil {
		o.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.SetBasicAuth(o.account(), o.server.token())
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode > 299 {
		o.t.Fatalf("POST %s: %s %v %v", path, resp.Status, made, err)
	}
	return made
}

// hangUp ends a call over the REST API.
func (o *office) hangUp(call string) {
	o.t.Helper()
	o.create("/Calls/"+call+".json", url.Values{"Status": {"completed"}})
}

// device makes the SDK's Device in a tab, on duty, with the events that matter noted.
func (o *office) device(p *tab, token string) {
	p.t.Helper()
	p.device(token, o.wires.addr(), "")
}

// device is the same at any address, with more options, as JavaScript writes them.
func (p *tab) device(token, addr, options string) {
	p.t.Helper()
	p.devices(token, []string{addr}, options)
}

// devices is the same with addresses that are tried one after the other.
func (p *tab) devices(token string, addrs []string, options string) {
	p.t.Helper()
	list, _ := json.Marshal(addrs)
	p.run(`window.calls = []; const where = %s;
		window.device = new Twilio.Device(%q, { chunderw: where.length > 1 ? where : where[0], sounds: quiet, closeProtection: false, allowIncomingWhileBusy: true, enableImprovedSignalingErrorPrecision: true, %s });
		follow('device', device, ['registered', 'unregistered', 'error', 'tokenWillExpire']);
		device.on('incoming', (call) => { window.call = call; calls.push(call); note('incoming'); follow('call', call, ['accept', 'cancel', 'disconnect', 'error', 'reject', 'reconnecting', 'reconnected', 'messageSent']); call.on('messageReceived', (m) => note('message', m.content)); });
		await device.register(); await saw('device registered')`, list, token, options)
}

// phoneToken is what the console's own phone gets.
func (o *office) phoneToken(person string) string {
	o.t.Helper()
	var got struct{ Token string }
	q, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url("/api/phone"), strings.NewReader(fmt.Sprintf(`{"person":%q}`, person)))
	if err != nil {
		o.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+o.server.token())
	q.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		o.t.Fatalf("no token for %s: %s %v", person, resp.Status, err)
	}
	return got.Token
}

// rings orders a call to a browser that hears 440 Hz.
func (o *office) rings(identity string) string {
	o.t.Helper()
	return o.order(url.Values{"To": {"client:" + identity}, "From": {"client:kaden"}, "Url": {o.says("/tone", `<Play>`+o.app.URL+`/440.wav</Play>`)}})
}

// wires are the cable between the pages and the server, which can be cut.
type wires struct {
	l net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	down  bool
}

func newWires(t testing.TB, to string) *wires {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wires{l: l, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); w.cut() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", to)
			w.mu.Lock()
			if err != nil || w.down {
				from.Close()
				if err == nil {
					there.Close()
				}
				w.mu.Unlock()
				continue
			}
			w.conns[from], w.conns[there] = true, true
			w.mu.Unlock()
			go w.carry(from, there)
			go w.carry(there, from)
		}
	}()
	return w
}

func (w *wires) carry(from, to net.Conn) {
	io.Copy(to, from)
	from.Close()
	to.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, from)
	delete(w.conns, to)
}

func (w *wires) addr() string { return w.l.Addr().String() }

// cut ends every connection without a word.
func (w *wires) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		c.Close()
	}
}
