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
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/rest/resttest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/webhook"
)

// serve puts the API behind a port, with phones that answer at once or ring on.
func serve(t *testing.T) (env []string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	store, books := resttest.NewStore(), memstore.New()
	stock(t, books)
	asker := webhook.New(log, webhook.Config{AllowLoopback: true, AuthToken: func(sid.Account) string { return token }})
	t.Cleanup(asker.Close)
	desk := resttest.NewDesk(store, asker, func(to string) resttest.Phone {
		switch to {
		case sato:
			return resttest.Phone{Answers: 100 * time.Millisecond}
		case tanaka:
			return resttest.Phone{Refuses: call.Busy}
		}
		return resttest.Phone{}
	})
	t.Cleanup(desk.Close)
	cfg := rest.Config{
		Accounts: books, NotFound: account.ErrNotFound, Calls: store, Desk: desk, Keys: books, Applications: books, Numbers: newShelf(), Recordings: books,
		Debug: books, CallerIDs: books, Validations: rest.NewValidations(log, desk, books, asker, within), SIP: &sipStore{},
		Money: november(), Triggers: books, Verify: books, Teller: rest.NewTeller(log, desk, within),
	}
	t.Cleanup(postman(&cfg))
	s := httptest.NewServer(rest.New(log, cfg))
	t.Cleanup(s.Close)
	return append(os.Environ(), "KADEN_TEST_URL="+s.URL, "KADEN_TEST_SID="+string(owner), "KADEN_TEST_TOKEN="+token,
		"KADEN_TEST_ANSWERS="+sato, "KADEN_TEST_RINGS="+suzuki, "KADEN_TEST_FROM="+us, "KADEN_TEST_MESSAGES=1")
}

// stock fills the books with an account, and something that can be read of what only calls leave behind.
func stock(t *testing.T, books *memstore.Store) {
	t.Helper()
	now := time.Now()
	asked := account.Exchange{Account: owner, Call: callID(1), At: now, Method: "POST", URL: "https://example.com/v", Status: 500, Header: map[string][]string{"Content-Type": {"text/html"}}, Body: "<h1>", Code: 11200}
	for _, err := range []error{
		books.PutAccount(t.Context(), account.Account{SID: owner, AuthToken: token, Created: now, Updated: now}),
		books.PutRecording(t.Context(), account.Recording{SID: sid.New[sid.Recording](), Account: owner, Call: callID(1), Source: "RecordVerb", Track: "inbound", Channels: 1,
			Status: "completed", Started: now, Duration: 3 * time.Second, Created: now, Updated: now}, []byte("RIFF")),
		books.PutCallerID(t.Context(), account.CallerID{SID: sid.New[sid.Number](), Account: owner, Number: "+81355556666", Name: "office", Created: now, Updated: now}),
		books.KeepDebug(t.Context(), []account.Exchange{asked}, []account.Notification{
			{SID: sid.New[sid.Notification](), Account: owner, Call: callID(1), Code: 11200, Text: "the server answered with HTTP 500", Exchange: asked, At: now}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// tell runs one of the programs of conformance.
func tell(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = filepath.Join("..", "conformance"), env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return string(out)
}

func TestTwilioForGoWorksWithIt(t *testing.T) {
	have := exec.Command("go", "build", "-mod=readonly", "github.com/twilio/twilio-go/rest/api/v2010")
	have.Dir, have.Env = filepath.Join("..", "conformance"), append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	if out, err := have.CombinedOutput(); err != nil {
		t.Skipf("skipped: twilio-go is not in the module cache (cd conformance && go mod download): %s", out)
	}
	// Queues, conferences and pages need real calls: live_clients_test.go.
	if out := tell(t, serve(t), "go", "test", "-count=1", "-v", "-skip", "^Test(Queues|Conferences|Pages)$", "."); strings.Contains(out, "SKIP") {
		t.Errorf("it skipped itself:\n%s", out)
	}
}

func TestTwilioForNodeWorksWithIt(t *testing.T) {
	if _, err := os.Stat(filepath.Join("..", "conformance", "node_modules", "twilio")); err != nil {
		t.Skip("skipped: the npm package twilio is not installed (cd conformance && npm ci)")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("skipped: node is not installed")
	}
	env := serve(t)
	tell(t, env, "node", "client.mjs")
	tell(t, env, "node", "books.mjs")
	tell(t, env, "node", "verify.mjs")
}

func TestTwilioForPythonWorksWithIt(t *testing.T) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import twilio").Run() == nil {
			env := serve(t)
			tell(t, env, python, "client.py")
			tell(t, env, python, "books.py")
			tell(t, env, python, "verify.py")
			return
		}
	}
	t.Skip("skipped: python3-twilio is not installed (apt-get install python3-twilio)")
}
