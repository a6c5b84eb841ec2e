package rest_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
)

// Twilio's Go client decodes each resource of queues, conferences, recordings, streams and messages to browsers into its own structs. The
// calls are real, on simulated phones that answer by themselves.
func TestTwilioForGoRunsQueuesAndConferences(t *testing.T) {
	have := exec.Command("go", "build", "-mod=readonly", "github.com/twilio/twilio-go/rest/api/v2010")
	have.Dir, have.Env = filepath.Join("..", "conformance"), append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	if out, err := have.CombinedOutput(); err != nil {
		t.Skipf("skipped: twilio-go is not in the module cache (cd conformance && go mod download): %s", out)
	}
	books := memstore.New()
	if err := books.PutAccount(t.Context(), account.Account{SID: owner, AuthToken: token}); err != nil {
		t.Fatal(err)
	}
	p := phonetest.New(t, func(s *phonetest.Setup) {
		s.Store, s.Recordings, s.Drain = books, archive{books}, 10*time.Second
	})
	for _, who := range []string{"sato", "suzuki"} {
		p.Behaves(who, simleg.Behaviour{AnswerAfter: 50 * time.Millisecond})
	}
	s := httptest.NewServer(rest.New(slog.New(slog.DiscardHandler), rest.Config{
		Accounts: books, NotFound: account.ErrNotFound, Calls: books, Desk: rest.AtDesk(p.Desk),
		Live: p.Desk, Queues: books, Conferences: books, Recordings: books,
		Pages: &browserPages{subs: map[sid.Subscription]sid.Call{}},
	}))
	t.Cleanup(s.Close)
	env := append(os.Environ(), "KADEN_TEST_URL="+s.URL, "KADEN_TEST_SID="+string(owner), "KADEN_TEST_TOKEN="+token, "KADEN_TEST_LIVE=1", "KADEN_TEST_FROM="+us)
	if out := tell(t, env, "go", "test", "-count=1", "-v", "-run", "Queues|Conferences|Pages", "."); strings.Contains(out, "SKIP") {
		t.Errorf("it skipped itself:\n%s", out)
	}
}
