package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Limits of what a Journal keeps, in memory and beyond.
const (
	waiting    = 4096                   // entries that are not written yet; what comes on top is dropped, and counted
	mostQueued = 32 << 20               // bytes of them
	atOnce     = 1024                   // entries of one write
	gather     = 250 * time.Millisecond // before a write, so that calls seldom find the disk busy with it
	patience   = 10 * time.Second
	lastAsked  = 8       // exchanges of a call that a notice may be about
	mostCalls  = 1000    // calls whose last exchanges are at hand
	mostAtHand = 8 << 20 // bytes of those
	mostBody   = 8 << 10 // bytes of an answer in the history of a call; a notification has all of it
	callback   = 15003   // a status callback went wrong
	inRoom     = 16011   // that of a conference
)

// Book keeps what a Journal has written down.
type Book interface {
	KeepDebug(ctx context.Context, exchanges []account.Exchange, notifications []account.Notification) error
}

// Journal is an Asker that writes down what is asked and answered, and what went wrong, for owners to look at. It
// holds nobody up: it is written a moment later, and what there is too much of is dropped. It may be used by any
// number of goroutines.
type Journal struct {
	log  *slog.Logger
	next call.Asker
	book Book
	ours func(url string) bool // questions that stay within the house and are nobody's business

	queue  chan entry
	queued atomic.Int64 // bytes

	mu      sync.Mutex
	calls   map[sid.Call][]asked
	order   []sid.Call
	atHand  int // bytes
	dropped int
}

// asked is an exchange, and where its answer came from after redirects.
type asked struct {
	account.Exchange
	from string
}

// entry is an exchange or a notification.
type entry struct {
	exchange *account.Exchange
	note     *account.Notification
}

// size is about how many bytes an entry holds.
func (e entry) size() int64 {
	if e.exchange != nil {
		return int64(size(*e.exchange))
	}
	return int64(size(e.note.Exchange) + len(e.note.Text))
}

func size(e account.Exchange) (n int) {
	n = 256 + len(e.URL) + len(e.Body)
	for _, fields := range []map[string][]string{e.Params, e.Header} {
		for name, values := range fields {
			n += len(name)
			for _, v := range values {
				n += len(v)
			}
		}
	}
	return n
}

var _ call.Asker = (*Journal)(nil)

// NewJournal makes a Journal before next. ours may be nil. What it hears waits for Run to write it.
func NewJournal(log *slog.Logger, next call.Asker, book Book, ours func(url string) bool) *Journal {
	return &Journal{log: log, next: next, book: book, ours: ours, queue: make(chan entry, waiting), calls: map[sid.Call][]asked{}}
}

// Ask asks, and writes it down.
func (j *Journal) Ask(ctx context.Context, a call.Ask) (call.Reply, error) {
	began := time.Now()
	reply, err := j.next.Ask(ctx, a)
	j.heard(a, began, reply, err)
	return reply, err
}

// loader is an Asker that can bring sound files (voice.Loader).
type loader interface {
	Load(ctx context.Context, a call.Ask, limit int) (call.Reply, error)
}

// Load is Ask for sound files, whose sound is not written down.
func (j *Journal) Load(ctx context.Context, a call.Ask, limit int) (call.Reply, error) {
	l, ok := j.next.(loader)
	if !ok {
		return j.Ask(ctx, a)
	}
	began := time.Now()
	reply, err := l.Load(ctx, a, limit)
	j.heard(a, began, reply, err)
	return reply, err
}

// heard writes down what came of a question.
func (j *Journal) heard(a call.Ask, began time.Time, reply call.Reply, err error) {
	if a.Account == "" || j.ours != nil && j.ours(a.URL) {
		return
	}
	e := account.Exchange{
		Account: a.Account, Call: a.Call, At: began, Method: a.Method, URL: a.URL, Params: a.Params, Status: reply.Status,
		Took: time.Since(began), Header: reply.Header, Body: words(reply),
	}
	text := ""
	if p, ok := errors.AsType[*call.Problem](err); ok {
		e.Code, text = p.Code, p.Text
	} else if err != nil {
		e.Code, text = retrieval, err.Error()
	} else if reply.Status >= 400 {
		e.Code, text = retrieval, fmt.Sprintf("the server answered with HTTP %d", reply.Status)
	}
	if errors.Is(err, context.Canceled) {
		return // nobody wanted to know any more
	}
	j.remember(asked{e, reply.URL})
	short := e
	short.Body = beginning(e.Body)
	j.write(entry{exchange: &short})
	if e.Code != 0 && tells(a) {
		code := callback
		if a.Params.Has("StatusCallbackEvent") {
			code = inRoom
		}
		j.note(account.Notification{Account: a.Account, Call: a.Call, Warning: code == callback, Code: code, Text: "status callback not delivered: " + text, Exchange: e})
	}
}

// tells whether a question only tells somebody something: nobody else says it when that fails.
func tells(a call.Ask) bool {
	for _, mark := range []string{"CallbackSource", "RecordingStatus", "StatusCallbackEvent", "StreamEvent", "VerificationStatus"} {
		if a.Params.Has(mark) {
			return true
		}
	}
	// These are told to documents of a call as well: the action of an <Sms>, and all that is asked after a detection.
	return !a.Params.Has("CallStatus") && (a.Params.Has("MessageStatus") || a.Params.Has("MachineDetectionDuration"))
}

// words is an answer as far as it can be read.
func words(r call.Reply) string {
	if kind, _, _ := mime.ParseMediaType(r.ContentType); strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/") || strings.HasPrefix(kind, "image/") {
		return ""
	}
	return strings.ToValidUTF8(string(r.Body[:min(len(r.Body), MaxBody)]), "\uFFFD")
}

// beginning is as much of a body as the history of a call holds.
func beginning(s string) string {
	if len(s) <= mostBody {
		return s
	}
	return strings.ToValidUTF8(s[:mostBody], "") + "…"
}

// remember keeps the exchange at hand for notices about it.
func (j *Journal) remember(e asked) {
	if e.Call == "" {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	list, known := j.calls[e.Call]
	if !known {
		j.order = append(j.order, e.Call)
	}
	j.atHand += size(e.Exchange)
	if list = append(list, e); len(list) > lastAsked {
		j.atHand -= size(list[0].Exchange)
		list = list[1:]
	}
	j.calls[e.Call] = list
	for len(j.order) > mostCalls || j.atHand > mostAtHand && len(j.order) > 1 {
		for _, old := range j.calls[j.order[0]] {
			j.atHand -= size(old.Exchange)
		}
		delete(j.calls, j.order[0])
		j.order = j.order[1:]
	}
}

// about is the exchange that a notice is about: the last one that failed with its code, else the last one that brought
// the document at url; none if neither is at hand.
func (j *Journal) about(id sid.Call, url string, code int) account.Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, x := range slices.Backward(j.calls[id]) {
		if x.Code != 0 && x.Code == code {
			return x.Exchange
		}
	}
	for _, x := range slices.Backward(j.calls[id]) {
		if x.URL == url || x.from == url {
			return x.Exchange
		}
	}
	return account.Exchange{}
}

// Note writes down what went wrong in a document of a call, at url ("" for TwiML that was given with it), with the
// request and its answer.
func (j *Journal) Note(n account.Notification, url string) {
	if n.Account == "" {
		return
	}
	n.Exchange = j.about(n.Call, url, n.Code)
	if n.Exchange.URL == "" {
		n.Exchange.URL = url
	}
	j.note(n)
}

func (j *Journal) note(n account.Notification) {
	n.SID, n.At = sid.New[sid.Notification](), time.Now()
	j.write(entry{note: &n})
}

func (j *Journal) write(e entry) {
	if j.queued.Add(e.size()) <= mostQueued {
		select {
		case j.queue <- e:
			return
		default:
		}
	}
	j.queued.Add(-e.size())
	j.mu.Lock()
	j.dropped++
	j.mu.Unlock()
}

// Run writes what is heard until ctx ends, and what is left then.
func (j *Journal) Run(ctx context.Context) error {
	for {
		select {
		case e := <-j.queue:
			select {
			case <-time.After(gather):
			case <-ctx.Done():
			}
			j.flush(ctx, e)
		case <-ctx.Done():
			select {
			case e := <-j.queue:
				j.flush(ctx, e)
			default:
				return nil
			}
		}
	}
}

// flush writes an entry and those that wait behind it.
func (j *Journal) flush(ctx context.Context, e entry) {
	var exchanges []account.Exchange
	var notes []account.Notification
	for n := 0; ; n++ {
		j.queued.Add(-e.size())
		if e.exchange != nil {
			exchanges = append(exchanges, *e.exchange)
		} else {
			notes = append(notes, *e.note)
		}
		if n == atOnce {
			break
		}
		var more bool
		select {
		case e = <-j.queue:
			more = true
		default:
		}
		if !more {
			break
		}
	}
	j.mu.Lock()
	dropped := j.dropped
	j.dropped = 0
	j.mu.Unlock()
	if dropped > 0 {
		j.log.Warn("too much happened at once to be written down for the debugger", "dropped", dropped)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	if err := j.book.KeepDebug(ctx, exchanges, notes); err != nil {
		j.log.Warn("the debugger's entries are not kept", "entries", len(exchanges)+len(notes), "err", err)
	}
}
