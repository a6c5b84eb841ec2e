package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// idleBrowsers are on duty and wait, as most browsers do all night: what each costs, and how long a page needs from
// opening its socket to being on duty. The pages' side is Twilio's signalling as the SDK speaks it.
func idleBrowsers(ctx context.Context, b *bench) ([]row, error) {
	const pages, tabs = 500, 5
	var documents []string
	for i := range pages / tabs {
		documents = append(documents, person(fmt.Sprintf("b%03d", i), fmt.Sprintf("client:b%03d", i)))
	}
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	tokens := make([]string, pages/tabs)
	for i := range tokens {
		if tokens[i], err = s.phoneToken(ctx, fmt.Sprintf("b%03d", i)); err != nil {
			return nil, err
		}
	}
	before, err := s.inUse()
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(ctx)
	var echoing sync.WaitGroup
	defer echoing.Wait()
	defer end()
	var took []time.Duration
	for i := range pages {
		begun := time.Now()
		c, err := s.onDuty(ctx, tokens[i/tabs])
		if err != nil {
			return nil, fmt.Errorf("page %d: %w; kaden said:\n%s", i, err, s.said())
		}
		took = append(took, time.Since(begun))
		echoing.Go(func() {
			defer c.CloseNow()
			for {
				_, text, err := c.Read(life)
				if err != nil {
					return
				}
				if len(bytes.TrimSpace(text)) == 0 && c.Write(life, websocket.MessageText, text) != nil {
					return
				}
			}
		})
	}
	select { // two heartbeats, so that what they need is there too
	case <-time.After(11 * time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, err := s.inUse()
	if err != nil {
		return nil, err
	}
	each := (after - before) / pages / 1024
	return []row{{
		what: "500 browsers on duty: heap and stacks for each, garbage included", goal: "60 kB",
		measured: num(each) + " kB", verdict: below(each, 60, "kB"), runs: times(1),
	}, {
		what: "a page's socket opened → on duty (p50 / p99 of 500)", measured: spreadOf(took).String(), runs: times(1),
	}}, nil
}

// phoneToken is what the console's phone signs in with.
func (s *server) phoneToken(ctx context.Context, person string) (string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url("/api/phone"), strings.NewReader(fmt.Sprintf(`{"person":%q}`, person)))
	if err != nil {
		return "", err
	}
	q.Header.Set("Authorization", "Bearer "+authToken)
	q.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(q)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var got struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		return "", fmt.Errorf("no token for %s: %s %w", person, resp.Status, err)
	}
	return got.Token, nil
}

// onDuty is a page that has registered.
func (s *server) onDuty(ctx context.Context, token string) (*websocket.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	c, _, err := websocket.Dial(ctx, strings.Replace(s.url("/signal"), "http", "ws", 1), nil)
	if err != nil {
		return nil, err
	}
	for _, say := range []string{
		fmt.Sprintf(`{"type":"listen","version":"1.6","payload":{"token":%q}}`, token),
		`{"type":"register","version":"1.6","payload":{"media":{"audio":true}}}`,
	} {
		if err := c.Write(ctx, websocket.MessageText, []byte(say)); err != nil {
			return nil, err
		}
	}
	for {
		_, text, err := c.Read(ctx)
		switch {
		case err != nil:
			return nil, err
		case bytes.Contains(text, []byte(`"type":"ready"`)):
			return c, nil
		case bytes.Contains(text, []byte(`"type":"error"`)):
			return nil, fmt.Errorf("refused: %s", text)
		}
	}
}

// inUse is what the server's heap and stacks take up. What the process holds beyond that is the collector's reserve, which
// depends on when one looks.
func (s *server) inUse() (float64, error) {
	heap, err := s.figure("go_memstats_heap_inuse_bytes")
	if err != nil {
		return 0, err
	}
	stacks, err := s.figure("go_memstats_stack_inuse_bytes")
	return heap + stacks, err
}

// figure is one of the server's own metrics.
func (s *server) figure(name string) (float64, error) {
	resp, err := s.client.Get(s.url("/metrics"))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	return 0, fmt.Errorf("the server has no figure %s", name)
}
