package rest_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/rest/resttest"
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
