package twiml

import (
	"errors"
	"fmt"
	"strconv"
)

// Queue is the noun of a Dial that takes whoever has waited longest in a queue.
type Queue struct {
	Pos
	Queue  string // its name; one account's queues are not another's
	URL    string // heard by the one who waited before being joined; "" is nothing
	Method string // GET or POST; "" is POST
	Unrun  map[string]string
}

// Name is the noun's name in a document.
func (*Queue) Name() string { return "Queue" }

var queueUnrun = []string{"postWorkActivitySid", "reservationSid"}

func (c *checker) queue(n *node, v values) Noun {
	for range c.parts(n) {
	}
	q := &Queue{Pos: n.Pos, Queue: n.text(), URL: v["url"], Method: v["method"], Unrun: v.some(queueUnrun)}
	if len([]rune(q.Queue)) > maxQueueName {
		c.warn(n.Pos, codeQueueLong, n.name, fmt.Sprintf("the name is longer than %d characters", maxQueueName), "a shorter name")
	}
	if q.Queue == "" {
		c.warn(n.Pos, codeQueueNone, n.name, "no name: skipped", "put the queue's name between <Queue> and </Queue>")
		return nil
	}
	return q
}

func (q *Queue) write(w *writer) error {
	m, err := method(q.Method)
	if err != nil {
		return fmt.Errorf("Queue: %w", err)
	}
	rest, err := kept("Queue", q.Unrun, queueUnrun)
	if err != nil {
		return err
	}
	if trim(q.Queue) == "" {
		return errors.New("Queue: no name")
	}
	w.leaf("Queue", q.Queue, append([]Attr{attr("url", q.URL), attr("method", m)}, rest...)...)
	return nil
}

// Enqueue puts the call into a queue, in which it stays until somebody dials that, or it leaves.
type Enqueue struct {
	Pos
	Queue      string // its name, at most 64 characters; it is made if there is none
	Action     string // asked when the call has left the queue; "" is the next verb
	Method     string // GET or POST; "" is POST
	WaitURL    string // run again and again while it waits; "" is music
	Quiet      bool   // waitUrl="": nothing is heard
	WaitMethod string // GET or POST; "" is POST
	MaxSize    int    // how many may wait in the queue, this call included; 0 is as many as the queue itself allows
	Unrun      map[string]string
}

// NewEnqueue makes an Enqueue into a queue.
func NewEnqueue(queue string) *Enqueue { return &Enqueue{Queue: queue} }

// Name is the verb's name in a document.
func (*Enqueue) Name() string { return "Enqueue" }

var enqueueUnrun = []string{"workflowSid"}

const maxQueueName = 64 // Twilio's page on Enqueue

func (c *checker) enqueue(n *node, v values) Verb {
	q := &Enqueue{
		Pos: n.Pos, Queue: n.text(), Action: v["action"], Method: v["method"],
		WaitURL: v["waitUrl"], WaitMethod: v["waitUrlMethod"], MaxSize: v.number("maxQueueSize", 0), Unrun: v.some(enqueueUnrun),
	}
	_, said := v["waitUrl"]
	q.Quiet = said && q.WaitURL == ""
	switch {
	case q.Unrun["workflowSid"] != "":
		c.warn(n.Pos, 0, n.name, "kaden has no TaskRouter: workflowSid and <Task> are passed over", "a <Dial><Queue> takes whoever waits")
	case q.Queue == "":
		c.warn(n.Pos, codeEnqueueNo, n.name, "no name: the call waits in the queue \"default\"", "put the queue's name between <Enqueue> and </Enqueue>")
	case len([]rune(q.Queue)) > maxQueueName:
		c.warn(n.Pos, codeEnqueueBig, n.name, fmt.Sprintf("the name is longer than %d characters", maxQueueName), "a shorter name")
	}
	return q
}

func (q *Enqueue) write(w *writer) error {
	m, err := method(q.Method)
	wait, err2 := method(q.WaitMethod)
	if err = errors.Join(err, err2); err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	rest, err := kept("Enqueue", q.Unrun, enqueueUnrun)
	if err != nil {
		return err
	}
	silence := attr("waitUrl", q.WaitURL)
	if q.Quiet {
		silence = Attr{Name: "waitUrl"}
	}
	most := unless("maxQueueSize", strconv.Itoa(q.MaxSize), "0")
	if err := checked("Enqueue", []Attr{most}); err != nil {
		return err
	}
	w.leaf("Enqueue", q.Queue, append([]Attr{attr("action", q.Action), attr("method", m), silence, attr("waitUrlMethod", wait), most}, rest...)...)
	return nil
}

// Leave takes the call out of its queue; it stands in what is heard by somebody who waits.
type Leave struct{ Pos }

// Name is the verb's name in a document.
func (*Leave) Name() string { return "Leave" }

func (c *checker) leave(n *node, _ values) Verb { return &Leave{n.Pos} }

func (*Leave) write(w *writer) error {
	w.leaf("Leave", "")
	return nil
}
