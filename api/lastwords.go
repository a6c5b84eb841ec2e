package api

import (
	"context"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// lastWords are why the test calls of late have ended, in the words of the trunk or the phone. They are kept by this process
// alone: whoever has ordered the call waits for them now.
type lastWords struct {
	mu   sync.Mutex
	of   map[sid.Call]*lastWord
	list []sid.Call // oldest first
}

// lastWord is that of one call.
type lastWord struct {
	said chan struct{} // closed once there is one
	text string
}

const (
	wordsKept = 200
	// lateWord is how long after a call's end its last word may come: the end is written down first, and told then.
	lateWord = time.Second
)

// hears takes the events of a call.
func (w *lastWord) hears(e call.Event) {
	if e.Status.Over() {
		w.text = e.Text
		close(w.said)
	}
}

func (l *lastWords) keep(id sid.Call, w *lastWord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[sid.Call]*lastWord{}
	}
	if len(l.list) >= wordsKept {
		delete(l.of, l.list[0])
		l.list = l.list[1:]
	}
	l.of[id], l.list = w, append(l.list, id)
}

// why is why a call that is over has ended; "" if that is not known here.
func (l *lastWords) why(ctx context.Context, id sid.Call) string {
	l.mu.Lock()
	w := l.of[id]
	l.mu.Unlock()
	if w == nil {
		return ""
	}
	select {
	case <-w.said:
		return w.text
	case <-time.After(lateWord):
	case <-ctx.Done():
	}
	return ""
}
