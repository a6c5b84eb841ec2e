package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// maxReply bounds what is read of a platform's answer.
const maxReply = 1 << 20

// resource is a call as the platform shows it.
type resource struct {
	SID         string      `json:"sid"`
	Status      call.Status `json:"status"`
	To          string      `json:"to"`
	From        string      `json:"from"`
	Direction   string      `json:"direction"`
	AnsweredBy  string      `json:"answered_by"`
	DateCreated string      `json:"date_created"`
	StartTime   string      `json:"start_time"`
	QueueTime   string      `json:"queue_time"` // ms until it is dialled, about
}

// created is when the platform made the call, zero if it does not say.
func (r resource) created() time.Time {
	for _, text := range []string{r.DateCreated, r.StartTime} {
		for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", time.RFC3339} {
			if at, err := time.Parse(layout, text); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// refusal is a platform's clear no: what was asked for has not happened.
type refusal struct {
	status int // HTTP
	code   int // Twilio's, 0 if it gave none
	text   string
	after  time.Duration // Retry-After
}

func (r *refusal) Error() string {
	if r.code != 0 {
		return fmt.Sprintf("%s (HTTP %d, code %d)", r.text, r.status, r.code)
	}
	return fmt.Sprintf("%s (HTTP %d)", r.text, r.status)
}

// unsure is an answer that was lost, or that leaves open what has happened.
type unsure struct{ err error }

func (u *unsure) Error() string { return "not known whether it was done: " + u.err.Error() }
func (u *unsure) Unwrap() error { return u.err }

// create orders a call.
func (c *Client) create(ctx context.Context, u trunk.Upstream, form url.Values) (r resource, err error) {
	err = c.ask(ctx, u, http.MethodPost, "/Calls.json", form, &r)
	if err == nil && !known(r.SID) {
		err = &unsure{errors.New("the answer names no call")}
	}
	return r, err
}

// fetch looks at a call.
func (c *Client) fetch(ctx context.Context, u trunk.Upstream, id string) (r resource, err error) {
	err = c.ask(ctx, u, http.MethodGet, "/Calls/"+url.PathEscape(id)+".json", nil, &r)
	return r, err
}

// update changes a call: its Status, or what it hears.
func (c *Client) update(ctx context.Context, u trunk.Upstream, id string, form url.Values) (r resource, err error) {
	err = c.ask(ctx, u, http.MethodPost, "/Calls/"+url.PathEscape(id)+".json", form, &r)
	return r, err
}

// list finds the calls from one number to another, newest first.
func (c *Client) list(ctx context.Context, u trunk.Upstream, to, from string) ([]resource, error) {
	var page struct {
		Calls []resource `json:"calls"`
	}
	err := c.ask(ctx, u, http.MethodGet, "/Calls.json?"+url.Values{"To": {to}, "From": {from}, "PageSize": {"50"}}.Encode(), nil, &page)
	return page.Calls, err
}

// ask sends one request below the account and reads the answer into out, unless that is nil. The error is a *refusal or an *unsure;
// for a question without effect both mean that there was no answer.
func (c *Client) ask(ctx context.Context, u trunk.Upstream, method, path string, form url.Values, out any) error {
	return c.request(ctx, u, method, u.URL+"/2010-04-01/Accounts/"+u.Account+path, form, out)
}

func (c *Client) request(ctx context.Context, u trunk.Upstream, method, where string, form url.Values, out any) error {
	ctx, stop := context.WithTimeout(ctx, c.limits.Request)
	defer stop()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	q, err := http.NewRequestWithContext(ctx, method, where, body)
	if err != nil {
		return &refusal{text: err.Error()}
	}
	q.SetBasicAuth(u.Account, u.Token)
	q.Header.Set("Accept", "application/json")
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.http.Do(q)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // it repeats the address, numbers and all
			err = u.Err
		}
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" { // nothing has left
			return &refusal{text: "the platform cannot be reached: " + dial.Err.Error()}
		}
		return &unsure{err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return &unsure{err}
	}
	c.clock(u, resp.Header.Get("Date"))
	if resp.StatusCode/100 == 2 && out == nil {
		return nil
	}
	if resp.StatusCode/100 == 2 {
		if err := json.Unmarshal(text, out); err != nil {
			return &unsure{fmt.Errorf("the answer cannot be read: %w", err)}
		}
		return nil
	}
	no := refused(resp, text)
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout {
		return &unsure{no}
	}
	return no
}

// refused reads a platform's error; one that is not in its form is shown as it is, cut short.
func refused(resp *http.Response, text []byte) *refusal {
	no := &refusal{status: resp.StatusCode}
	var body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &body) == nil {
		no.code, no.text = body.Code, masked(body.Message)
	}
	if no.text == "" {
		no.text = masked(strings.Join(strings.Fields(string(bytes.ToValidUTF8(text, nil))), " "))
	}
	if no.text == "" {
		no.text = resp.Status
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		no.after = time.Duration(min(s, 3600)) * time.Second
	}
	return no
}

// masked is a platform's text, cut short and without whole telephone numbers: it goes to the log.
func masked(s string) string { return clip(number.Mask(plain(s))) }

// plain is a stranger's text as a store can keep it: UTF-8 without zeros.
func plain(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "") }

func clip(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// clock notes how far the platform's clock is from ours, to know which of its calls are new.
func (c *Client) clock(u trunk.Upstream, date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew[u.Name] = time.Until(at).Round(time.Second)
}

func (c *Client) skewOf(u trunk.Upstream) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew[u.Name]
}

// search finds the calls that an order of ours may have made: to and from are its own, they are as old as it is,
// and no other attempt's.
func (c *Client) search(ctx context.Context, u trunk.Upstream, rem remains) (found []resource, err error) {
	all, err := c.list(ctx, u, rem.To, rem.From)
	if err != nil {
		return nil, err
	}
	skew := c.skewOf(u)
	oldest, newest := rem.Since.Add(skew-clocks), rem.Until.Add(skew+time.Second)
	if rem.Until.IsZero() {
		newest = c.born.Add(skew + time.Second)
	}
	for _, r := range all {
		at := r.created()
		switch {
		case !known(r.SID), r.To != rem.To, r.Direction != "" && r.Direction != "outbound-api", c.accounted(r.SID):
		case !at.IsZero() && (at.Before(oldest) || at.After(newest)):
		default:
			found = append(found, r)
		}
	}
	return found, nil
}

// clocks is how far a platform's times may be off, its whole seconds included.
const clocks = 3 * time.Second

// hangUp ends a call there. Where the platform will not, because it is over, the answer is how the call is.
func (c *Client) hangUp(ctx context.Context, u trunk.Upstream, id string, status call.Status) (resource, error) {
	r, err := c.update(ctx, u, id, form("Status", string(status)))
	if err != nil && !errors.As(err, new(*unsure)) {
		return c.fetch(ctx, u, id)
	}
	return r, err
}
