package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// acceptAlert is what dispatch stores for one alert, in one transaction.
func acceptAlert(id string) func(tx dispatch.Tx) error {
	return func(tx dispatch.Tx) error {
		if _, err := tx.SeenDelivery(alert.Delivery{ID: id, Source: "mackerel", Raw: []byte(id)}); err != nil {
			return err
		}
		if _, _, err := tx.OpenIncident("mackerel", id); err != nil {
			return err
		}
		i := storetest.Incident(id, id)
		if err := tx.PutIncident(i); err != nil {
			return err
		}
		if err := tx.AddCallout(storetest.Callout(i.Callout, "a", 1)); err != nil {
			return err
		}
		if err := tx.PutAttempts(storetest.Attempt("at-"+id, i.Callout, "a", 1)); err != nil {
			return err
		}
		return tx.Append(timeline.Event{Kind: timeline.AlertStored, Alert: id}, timeline.Event{Kind: timeline.AttemptDialing, Alert: id})
	}
}

// TestMain turns this program into the one that is killed, when it is asked to.
func TestMain(m *testing.M) {
	if os.Getenv("KADEN_TEST_WRITER") != "" {
		writeUntilKilled()
	}
	os.Exit(m.Run())
}

// writeUntilKilled stores alerts from twenty goroutines and prints the name of each that was accepted.
func writeUntilKilled() {
	s, err := store.Open(context.Background(), slog.New(slog.DiscardHandler), store.Config{
		DataDir: os.Getenv("KADEN_TEST_DIR"), URL: os.Getenv("KADEN_TEST_URL"), Seal: plainSeal{}})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	go s.Run(context.Background())
	accepted := make(chan string)
	for w := range 20 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv("KADEN_TEST_WRITER"), w, n)
				if err := s.Write(context.Background(), acceptAlert(id)); err == nil {
					accepted <- id
				}
			}
		}()
	}
	for id := range accepted {
		fmt.Println(id)
	}
}

type plainSeal struct{}

func (plainSeal) Seal(b []byte) []byte          { return b }
func (plainSeal) Open(b []byte) ([]byte, error) { return b, nil }

func TestKilledUnderLoadNothingAcceptedIsLostAndNothingIsTorn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, c store.Config) {
		rounds := 5
		var accepted []string
		for round := range rounds {
			accepted = append(accepted, killWriter(t, c, fmt.Sprint("r", round))...)
		}
		t.Logf("%d alerts accepted in %d lives", len(accepted), rounds)
		if c.URL == "" {
			integrity(t, filepath.Join(c.DataDir, "kaden.db"))
		}
		s := open(t, c)
		for _, id := range accepted {
			if _, err := s.IncidentByID(t.Context(), id); err != nil {
				t.Errorf("%s was accepted: %v", id, err)
			}
		}
		whole(t, s)
	})
}

// killWriter runs a writer for a moment, kills it, and gives back what it said to have accepted.
func killWriter(t *testing.T, c store.Config, name string) (accepted []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "KADEN_TEST_WRITER="+name, "KADEN_TEST_DIR="+c.DataDir, "KADEN_TEST_URL="+c.URL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	killAfter := 20 + rand.IntN(300) // alerts
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "error:") {
			t.Fatal(lines.Text())
		}
		if accepted = append(accepted, lines.Text()); len(accepted) == killAfter {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
	if len(accepted) < killAfter {
		t.Fatalf("the writer ended by itself after %d alerts", len(accepted))
	}
	if !strings.HasPrefix(accepted[len(accepted)-1], name) || strings.Count(accepted[len(accepted)-1], "-") != 2 {
		accepted = accepted[:len(accepted)-1] // killed within the line
	}
	return accepted
}

// whole checks that each alert that is there is there with all its parts, and that numbers have no doubles.
func whole(t *testing.T, s *store.Store) {
	t.Helper()
	n, before := 0, ""
	for {
		list, err := s.Incidents(t.Context(), dispatch.Query{Before: before, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			n, before = n+1, i.ID
			_, err := s.CalloutByID(t.Context(), i.Callout)
			attempts, err2 := s.AttemptsOf(t.Context(), i.Callout)
			events, err3 := s.Events(t.Context(), i.ID, 0, 0)
			if err := errors.Join(err, err2, err3); err != nil || len(attempts) != 1 || len(events) != 2 {
				t.Errorf("%s is torn: %d attempts, %d events, %v", i.ID, len(attempts), len(events), err)
			}
		}
		if len(list) == 0 {
			break
		}
	}
	seq, events := int64(0), 0
	for {
		list, err := s.Events(t.Context(), "", seq, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		events += len(list)
		seq = list[len(list)-1].Seq
	}
	if events != 2*n {
		t.Errorf("%d events of %d alerts", events, n)
	}
}

func integrity(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %q %v", verdict, err)
	}
}

func TestPostgresIsKilledUnderLoadAndComesBack(t *testing.T) {
	t.Parallel()
	server := storetest.NewServer(t)
	server.Start(t)
	s := open(t, store.Config{URL: server.URL("postgres")})
	defer running(t, s)()
	type answer struct {
		id  string
		err error
	}
	ctx, stop := context.WithCancel(t.Context())
	answers := make(chan answer)
	for w := range 10 {
		go func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", w, n)
				a := answer{id, s.Write(t.Context(), acceptAlert(id))}
				if a.err != nil { // a sender waits before it tries again
					select {
					case <-time.After(20 * time.Millisecond):
					case <-ctx.Done():
					}
				}
				answers <- a
			}
			answers <- answer{}
		}()
	}
	var accepted []string
	refused := 0
	// until counts answers until so many more were accepted, or refused.
	until := func(accept, refuse int) {
		t.Helper()
		accept += len(accepted)
		refuse += refused
		for len(accepted) < accept || refused < refuse {
			select {
			case a := <-answers:
				if a.err == nil {
					accepted = append(accepted, a.id)
				} else {
					refused++
				}
			case <-time.After(30 * time.Second):
				t.Fatal("no answer for 30 s")
			}
		}
	}
	until(100, 0)
	stopped := make(chan struct{})
	go func() { server.Stop(t); close(stopped) }()
	until(0, 20) // refused, not hung
	<-stopped
	until(0, 10)
	go server.Start(t)
	until(100, 0) // the pool has recovered by itself
	stop()
	for left := 10; left > 0; {
		if a := <-answers; a.id == "" {
			left--
		} else if a.err == nil {
			accepted = append(accepted, a.id)
		}
	}
	t.Logf("%d accepted, %d refused", len(accepted), refused)
	for _, id := range accepted {
		if _, err := s.IncidentByID(t.Context(), id); err != nil {
			t.Errorf("%s was accepted: %v", id, err)
		}
	}
	whole(t, s)
}
