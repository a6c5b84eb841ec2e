package rest_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/rest/resttest"
	"github.com/kaden-project/kaden/sid"
)

// restarts is a new start on what is kept: nobody knows of what was in memory.
func (c *codes) restarts() {
	c.t.Helper()
	c.books = c.books.Reopen()
	c.desk = &spy{Desk: resttest.NewDesk(c.store, nil, people)}
	c.t.Cleanup(c.desk.Close)
	c.teller = rest.NewTeller(slog.New(slog.DiscardHandler), c.desk, within)
	c.Handler = rest.New(slog.New(slog.DiscardHandler), rest.Config{
		Accounts: c.store, NotFound: resttest.ErrNoAccount, Calls: c.store, Desk: c.desk, Verify: c.books, Teller: c.teller,
	})
}

// Whoever deletes the service, or starts kaden anew, lets no telephone ring more often.
func TestWhatANumberWasToldOutlivesItsServiceAndTheProcess(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		service := c.service()
		for range 10 {
			made := c.verify(service, tanaka).is(201)
			c.ask("POST", service+"/Verifications/"+made.text("sid"), "Status", "canceled").is(200)
			time.Sleep(10 * time.Second)
		}
		c.ask("DELETE", service).is(204)
		service = c.service()
		c.verify(service, tanaka).refuses(429, 60212, "10 codes")
		c.restarts()
		c.verify(service, tanaka).refuses(429, 60212, "10 codes")

		c.verify(service, suzuki).is(201)
		time.Sleep(20 * time.Second)
		c.restarts()
		c.verify(service, suzuki).refuses(429, 60212, "at this moment") // nobody has closed the books of that call yet
		time.Sleep(10 * time.Minute)
		c.verify(service, tanaka).is(201)
	})
}

// slowly is a store that takes its time to say whom codes were told.
type slowly struct{ account.Verify }

func (s slowly) CodesTo(ctx context.Context, owner sid.Account, to number.Number, since time.Time) ([]account.Code, error) {
	list, err := s.Verify.CodesTo(ctx, owner, to, since)
	time.Sleep(10 * time.Millisecond)
	return list, err
}

// Of many services that tell the same number a code at once one calls.
func TestOfManyServicesAtOnceOneCalls(t *testing.T) {
	c := verifyHouse(t, func(cfg *rest.Config) { cfg.Verify = slowly{cfg.Verify} })
	var services []string
	for range 10 {
		services = append(services, c.service())
	}
	var all sync.WaitGroup
	var told atomic.Int32
	for _, s := range services {
		all.Go(func() {
			if c.verify(s, suzuki).status == 201 {
				told.Add(1)
			}
		})
	}
	all.Wait()
	if n := len(c.desk.placed()); n != 1 || told.Load() != 1 {
		t.Errorf("%d calls for %d answers", n, told.Load())
	}
}
