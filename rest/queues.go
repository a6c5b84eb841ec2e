package rest

import (
	"context"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Queues keeps what is known of queues, and lists it.
type Queues interface {
	call.Queues
	// Queues lists newest first; next is the place to go on after, 0 at the end.
	Queues(ctx context.Context, owner sid.Account, p account.Page) (list []call.QueueRecord, next int64, err error)
}

// queueRoutes are an account's queues and who waits in each.
var queueRoutes = routes{
	"Queues":             {http.MethodGet: (*server).listQueues, http.MethodPost: (*server).createQueue},
	"Queues/*":           {http.MethodGet: (*server).fetchQueue, http.MethodPost: (*server).updateQueue, http.MethodDelete: (*server).deleteQueue},
	"Queues/*/Members":   {http.MethodGet: (*server).listMembers},
	"Queues/*/Members/*": {http.MethodGet: (*server).fetchMember, http.MethodPost: (*server).dequeueMember},
}

// queueBody is Twilio's Queue resource.
type queueBody struct {
	AccountSID      sid.Account `json:"account_sid"`
	AverageWaitTime int         `json:"average_wait_time"`
	CurrentSize     int         `json:"current_size"`
	DateCreated     *string     `json:"date_created"`
	DateUpdated     *string     `json:"date_updated"`
	FriendlyName    string      `json:"friendly_name"`
	MaxSize         int         `json:"max_size"`
	SID             sid.Queue   `json:"sid"`
	URI             string      `json:"uri"`
}

func (s *server) queueJSON(q call.QueueRecord) queueBody {
	i := s.cfg.Live.QueueInfo(q.SID)
	return queueBody{
		AccountSID: q.Account, AverageWaitTime: int(i.Average / time.Second), CurrentSize: len(i.Members),
		DateCreated: date(q.Created), DateUpdated: date(q.Updated), FriendlyName: q.Name, MaxSize: q.Most, SID: q.SID,
		URI: accountPath(q.Account) + "/Queues/" + string(q.SID) + ".json",
	}
}

// memberBody is Twilio's Member resource.
type memberBody struct {
	CallSID      sid.Call  `json:"call_sid"`
	DateEnqueued *string   `json:"date_enqueued"`
	Position     int       `json:"position"`
	QueueSID     sid.Queue `json:"queue_sid"`
	URI          string    `json:"uri"`
	WaitTime     int       `json:"wait_time"`
}

func memberJSON(q call.QueueRecord) func(call.QueueMember) memberBody {
	return func(m call.QueueMember) memberBody {
		return memberBody{
			CallSID: m.Call, DateEnqueued: date(m.Since), Position: m.Position, QueueSID: q.SID, WaitTime: int(m.Waited / time.Second),
			URI: accountPath(q.Account) + "/Queues/" + string(q.SID) + "/Members/" + string(m.Call) + ".json",
		}
	}
}

// queue finds the queue that is named first in the path.
func (s *server) queue(r *request) (call.QueueRecord, error) {
	if s.cfg.Queues == nil || s.cfg.Live == nil {
		return call.QueueRecord{}, notFound(r.URL.Path)
	}
	id, err := sid.Parse[sid.Queue](r.ids[0])
	if err != nil {
		return call.QueueRecord{}, notFound(r.URL.Path)
	}
	q, err := s.cfg.Queues.Queue(r.Context(), r.account.SID, id)
	if errors.Is(err, call.ErrNoQueue) {
		err = notFound(r.URL.Path)
	}
	return q, err
}

// listQueues lists queues, newest first: GET /Queues.
func (s *server) listQueues(r *request) (answer, error) {
	if s.cfg.Queues == nil || s.cfg.Live == nil {
		return answer{}, notFound(r.URL.Path)
	}
	l, err := s.fields(r.query).readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.Queues.Queues(r.Context(), r.account.SID, l.asked())
	if err != nil {
		return answer{}, err
	}
	return listed(l, r, accountPath(r.account.SID)+"/Queues.json", "queues", nil, next, list, s.queueJSON), nil
}

// readQueue reads a name and a size into q; what is not given stays as it is.
func (f *fields) readQueue(q *call.QueueRecord) error {
	if name := f.text("FriendlyName"); name != "" {
		q.Name = name
	}
	if n := utf8.RuneCountInString(q.Name); n == 0 || n > 64 {
		f.refuse(20002, "FriendlyName is not valid: a queue has a name of 1 to 64 characters, not %d", n)
	}
	if n := f.most("MaxSize", 1, call.LargestQueue); n > 0 {
		q.Most = n
	}
	return f.err
}

func nameTaken(err error, name string) error {
	if errors.Is(err, call.ErrQueueExists) {
		return invalid(22003, "FriendlyName %q is the name of another queue of this account", clip(name))
	}
	return err
}

// createQueue makes a queue: POST /Queues.
func (s *server) createQueue(r *request) (answer, error) {
	if s.cfg.Queues == nil || s.cfg.Live == nil {
		return answer{}, notFound(r.URL.Path)
	}
	q := call.QueueRecord{Account: r.account.SID, Most: call.UsualQueue}
	if err := s.fields(r.form).readQueue(&q); err != nil {
		return answer{}, err
	}
	q, err := s.cfg.Live.MakeQueue(r.Context(), q)
	if err != nil {
		return answer{}, nameTaken(err, q.Name)
	}
	return answer{status: http.StatusCreated, body: s.queueJSON(q)}, nil
}

// fetchQueue shows a queue: GET /Queues/QU….
func (s *server) fetchQueue(r *request) (answer, error) {
	q, err := s.queue(r)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: s.queueJSON(q)}, nil
}

// updateQueue gives a queue another name or size: POST /Queues/QU…. Whoever waits goes on waiting.
func (s *server) updateQueue(r *request) (answer, error) {
	q, err := s.queue(r)
	if err != nil {
		return answer{}, err
	}
	before := q
	if err := s.fields(r.form).readQueue(&q); err != nil {
		return answer{}, err
	}
	if q != before {
		q.Updated = time.Now()
		if err := s.cfg.Queues.PutQueue(r.Context(), q); err != nil {
			return answer{}, nameTaken(err, q.Name)
		}
	}
	return answer{status: http.StatusOK, body: s.queueJSON(q)}, nil
}

// deleteQueue deletes a queue in which nobody waits: DELETE /Queues/QU….
func (s *server) deleteQueue(r *request) (answer, error) {
	q, err := s.queue(r)
	if err != nil {
		return answer{}, err
	}
	switch err := s.cfg.Live.DropQueue(r.Context(), r.account.SID, q.SID); {
	case errors.Is(err, call.ErrQueueInUse):
		return answer{}, refused(http.StatusConflict, 20009, "Queue %s cannot be deleted: %v", q.SID, err)
	case errors.Is(err, call.ErrNoQueue):
		return answer{}, notFound(r.URL.Path)
	case err != nil:
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// listMembers lists who waits, the one who has waited longest first: GET /Queues/QU…/Members.
func (s *server) listMembers(r *request) (answer, error) {
	q, err := s.queue(r)
	if err != nil {
		return answer{}, err
	}
	l, err := s.fields(r.query).readList()
	if err != nil {
		return answer{}, err
	}
	list, next := piece(l, s.cfg.Live.QueueInfo(q.SID).Members)
	path := accountPath(r.account.SID) + "/Queues/" + string(q.SID) + "/Members.json"
	return listed(l, r, path, "queue_members", nil, next, list, memberJSON(q)), nil
}

// piece is a page of a list that is all here.
func piece[T any](l listing, all []T) (list []T, next int64) {
	from := min(l.after, int64(len(all)))
	if list = all[from:]; len(list) > l.size {
		list, next = list[:l.size], from+int64(l.size)
	}
	return list, next
}

// front stands for the one who has waited longest.
const front = "Front"

// member finds who is named last in the path.
func (s *server) member(r *request, q call.QueueRecord) (call.QueueMember, error) {
	for _, m := range s.cfg.Live.QueueInfo(q.SID).Members {
		if r.id == front || r.id == string(m.Call) {
			return m, nil
		}
	}
	return call.QueueMember{}, notFound(r.URL.Path)
}

// fetchMember shows who waits: GET /Queues/QU…/Members/CA… or Front.
func (s *server) fetchMember(r *request) (answer, error) {
	q, err := s.queue(r)
	if err != nil {
		return answer{}, err
	}
	m, err := s.member(r, q)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: memberJSON(q)(m)}, nil
}

// dequeueMember takes a call out of its queue and lets it go on with other TwiML: POST /Queues/QU…/Members/CA… or
// Front. The answer shows it as it waited.
func (s *server) dequeueMember(r *request) (answer, error) {
	q, err := s.queue(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	p := call.Program{URL: f.link("Url", 21205), Method: f.method("Method")}
	if p.URL == "" {
		f.refuse(21205, "Url is required: what is the call to go on with?")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	which := sid.Call(r.id)
	if r.id == front {
		which = ""
	}
	m, err := s.cfg.Live.Dequeue(q.SID, which, p)
	switch {
	case errors.Is(err, call.ErrNotQueued):
		return answer{}, notFound(r.URL.Path)
	case err != nil:
		return answer{}, invalid(22002, "The call cannot be taken out of the queue: %v", err)
	}
	return answer{status: http.StatusOK, body: memberJSON(q)(m)}, nil
}
