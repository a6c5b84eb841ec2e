package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/kaden-project/kaden/timeline"
)

const (
	heartbeat  = 15 * time.Second // proxies cut what is silent for a minute, and a page wants to know sooner
	writeIn    = 10 * time.Second // who has not taken a line by then is gone
	room       = 256              // commits that may wait for a slow reader
	replayPage = 500
	longReplay = 10_000 // a page that slept through more than this reads everything anew
)

func (a *API) eventRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: "/api/events",
		Summary: "What happens, as it happens (server-sent events)",
		Description: "Each message is a timeline event with its seq as id; a reader that comes back with Last-Event-ID misses none. " +
			"hello comes first and names the server's version; beat comes every 15 seconds, so that a stream that says nothing is known to be dead; reset says that too much was missed to be sent again, so that everything should be read anew.",
		Responses: text("The stream.", "text/event-stream"),
	}, func(_ context.Context, in *struct {
		Last  string `header:"Last-Event-ID" maxLength:"20" doc:"The last seq that was read."`
		After string `query:"after" maxLength:"20" doc:"The same for clients that cannot set a header; 0 is from the beginning."`
	}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			s := &stream{api: a, w: w, rc: http.NewResponseController(w)}
			s.serve(r.Context(), in.Last, in.After)
		}}, nil
	})
}

// stream is one reader of events.
type stream struct {
	api  *API
	w    http.ResponseWriter
	rc   *http.ResponseController
	last int64 // the highest seq that was sent
}

// errSlow ends the stream of a reader that does not keep up. Its browser comes back and reads from the store.
var errSlow = errors.New("reader too slow")

func (s *stream) serve(ctx context.Context, last, after string) {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep it until there is more
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(s.api.life, func() { stop(errors.New("kaden is shutting down")) })()

	// Listening begins before the replay, so that nothing falls between.
	live := make(chan []timeline.Event, room)
	defer s.api.cfg.Records.Announce(func(events []timeline.Event) {
		select {
		case live <- events:
		default:
			stop(errSlow)
		}
	})()
	if err := s.begin(ctx, last, after); err != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			if context.Cause(ctx) == errSlow {
				s.api.log.Warn("reader of events dropped", "err", errSlow)
			}
			return
		case events := <-live:
			err = s.send(events)
		case <-beat.C:
			err = s.write("event: beat\ndata: {}\n\n")
		}
		if err != nil {
			return
		}
	}
}

// begin greets the reader and sends what it missed.
func (s *stream) begin(ctx context.Context, last, after string) error {
	hello, err := json.Marshal(map[string]string{"version": s.api.cfg.Version, "node": s.api.cfg.Node})
	if err != nil {
		return err
	}
	if err := s.write(fmt.Sprintf("retry: 2000\nevent: hello\ndata: %s\n\n", hello)); err != nil {
		return err
	}
	limit := longReplay
	if last == "" {
		last, limit = after, 0 // who asks for a place by hand wants all of it
	}
	if last == "" {
		return nil
	}
	from, err := strconv.ParseInt(last, 10, 64)
	if err != nil || from < 0 {
		return s.write(reset)
	}
	if from > 0 && !s.known(ctx, from) {
		return s.write(reset) // the records are others than the reader knew, and so are their numbers
	}
	return s.replay(ctx, from, limit)
}

// reset tells a reader to read everything anew.
const reset = "event: reset\ndata: {}\n\n"

// known tells whether there is an event seq, or a later one. If the store cannot say, replay will.
func (s *stream) known(ctx context.Context, seq int64) bool {
	events, err := s.api.cfg.Records.Events(ctx, "", seq-1, 1)
	return err != nil || len(events) > 0
}

func (s *stream) replay(ctx context.Context, from int64, limit int) error {
	s.last = from
	for sent := 0; ; {
		events, err := s.api.cfg.Records.Events(ctx, "", s.last, replayPage)
		if err != nil {
			s.api.log.Error("events not read again", "err", err)
			return err // the reader comes back
		}
		if err := s.send(events); err != nil {
			return err
		}
		if len(events) < replayPage {
			return nil
		}
		if sent += len(events); limit > 0 && sent >= limit {
			return s.write(reset)
		}
	}
}

func (s *stream) send(events []timeline.Event) error {
	var text []byte
	for _, e := range events {
		if e.Seq <= s.last {
			continue
		}
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		text = fmt.Appendf(text, "id: %d\ndata: %s\n\n", e.Seq, data)
		s.last = e.Seq
	}
	if len(text) == 0 {
		return nil
	}
	return s.write(string(text))
}

func (s *stream) write(text string) error {
	// A writer without deadlines is one of a test.
	if err := s.rc.SetWriteDeadline(time.Now().Add(writeIn)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.rc.Flush()
}
