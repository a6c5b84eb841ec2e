package conformance

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// Twilio's own Go client with the address that is built in. A dialer stands for the hosts file; whom to trust is
// said by SSL_CERT_FILE.
func TestTheAddressThatIsBuiltIn(t *testing.T) {
	at := os.Getenv("KADEN_TEST_TLS")
	if at == "" {
		t.Skip("skipped: no server with TLS: set KADEN_TEST_TLS")
	}
	s := running(t)
	var d net.Dialer
	hc := &client.Client{Credentials: client.NewCredentials(s.sid, s.token), HTTPClient: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "api.twilio.com:443" {
				t.Errorf("dials %s", address)
			}
			return d.DialContext(ctx, network, at)
		},
	}}}
	hc.SetAccountSid(s.sid)
	api := openapi.NewApiServiceWithClient(hc)
	account, err := api.FetchAccount(s.sid)
	if err != nil || account.Sid == nil || *account.Sid != s.sid {
		t.Fatalf("%+v, %v", account, err)
	}
	p := &openapi.CreateCallParams{}
	p.SetTo(s.answers)
	p.SetFrom(s.from)
	p.SetTwiml("<Response><Hangup/></Response>")
	placed, err := api.CreateCall(p)
	if err != nil {
		t.Fatal(err)
	}
	found, err := api.FetchCall(*placed.Sid, &openapi.FetchCallParams{})
	if err != nil || *found.To != s.answers {
		t.Errorf("%+v, %v", found, err)
	}
}
