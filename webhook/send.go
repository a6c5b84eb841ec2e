package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
)

// send tries one request as often as the question allows. next is where a redirect leads, or "".
func (c *Client) send(ctx context.Context, a call.Ask, q question, token string) (reply call.Reply, next string, err error) {
	for try := 0; ; try++ {
		var connected bool
		reply, next, connected, err = c.once(ctx, a, q, token)
		if try >= q.conn.retries || ctx.Err() != nil || !retry(q.conn, reply.Status, connected, err) {
			return reply, next, err
		}
	}
}

// retry decides whether the retry policy covers what happened. A refused address stays refused.
func retry(conn connection, status int, connected bool, err error) bool {
	switch {
	case errors.Is(err, ErrForbidden):
		return false
	case err != nil && !connected:
		return conn.again("ct")
	case err != nil:
		return conn.again("rt")
	case status >= 500:
		return conn.again("5xx")
	case status >= 400:
		return conn.again("4xx")
	}
	return false
}

// once sends one request and reads its reply. connected tells whether a connection stood, so that the
// server may have seen the request.
func (c *Client) once(ctx context.Context, a call.Ask, q question, token string) (reply call.Reply, next string, connected bool, err error) {
	key := q.key(a.Account)
	kept, fresh, known := c.cache.get(key, time.Now())
	known = known && len(kept.Body) <= q.limit
	kept.URL = q.doc
	if known && fresh {
		return kept, "", true, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := watch(cancel, late{q.url.Host, "accept a connection", q.conn.connect})
	defer w.stop()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { w.connected(late{q.url.Host, "answer", q.conn.read}) },
	})
	req, err := q.request(ctx, c.cfg.UserAgent, token)
	if err != nil {
		return call.Reply{}, "", false, err
	}
	if known {
		condition(req.Header, kept)
	}
	client := http.Client{
		Transport:     c.through,
		Jar:           c.cookies.of(a.Call),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return call.Reply{}, "", w.stood(), because(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(w.reader(resp.Body), int64(q.limit)+1))
	if err != nil {
		return call.Reply{}, "", true, because(ctx, err)
	}
	if known && resp.StatusCode == http.StatusNotModified {
		return c.cache.renew(key, kept, resp.Header, time.Now()), "", true, nil
	}
	reply = call.Reply{URL: q.doc, Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Header: resp.Header, Body: body}
	if len(body) <= q.limit {
		c.cache.put(key, reply, time.Now())
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		next = resp.Header.Get("Location")
	}
	return reply, next, true, nil
}

// because is the cause of a cancelled context where that is why a request ended, else err.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// request makes the bytes that are sent.
func (q question) request(ctx context.Context, agent, token string) (*http.Request, error) {
	var body io.Reader
	if q.form != nil {
		body = strings.NewReader(q.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, q.method, q.url.String(), body)
	if err != nil {
		return nil, &call.Problem{Code: badURL, Text: "request to " + q.url.Host + " cannot be made", Err: err}
	}
	h := req.Header
	if q.form != nil {
		h.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	h.Set("User-Agent", agent)
	h.Set("Accept", "*/*")
	h.Set("Cache-Control", "max-age=259200")
	if token != "" {
		h.Set("X-Twilio-Signature", Sign(token, q.signed(), q.form))
	}
	h.Set("I-Twilio-Idempotency-Token", q.token)
	// net/http: with an empty Idempotency-Key, which is not sent, a request that met a connection its
	// server was just closing is sent again on a new one. Else a call would hear "an application error
	// has occurred" because of a keep-alive timer.
	h["Idempotency-Key"] = nil
	return req, nil
}

// watchdog cancels a request that keeps us waiting: first for a connection, then for each piece of the reply.
type watchdog struct {
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	late  late
	conn  bool
	timer *time.Timer
}

func watch(cancel context.CancelCauseFunc, l late) *watchdog {
	w := &watchdog{cancel: cancel, late: l}
	w.timer = time.AfterFunc(l.after, w.bark)
	return w
}

func (w *watchdog) bark() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel(w.late)
}

func (w *watchdog) connected(l late) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn, w.late = true, l
	w.timer.Reset(l.after)
}

func (w *watchdog) stood() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conn
}

func (w *watchdog) stop() { w.timer.Stop() }

// reader gives every Read of r its own time.
func (w *watchdog) reader(r io.Reader) io.Reader { return patient{w, r} }

type patient struct {
	w *watchdog
	r io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	p.w.mu.Lock()
	p.w.timer.Reset(p.w.late.after)
	p.w.mu.Unlock()
	return p.r.Read(b)
}
