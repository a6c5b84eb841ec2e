// Package fixed lets Twilio's own Go client work against kaden without being told so: see README.md above.
package fixed

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
	verify "github.com/twilio/twilio-go/rest/verify/v2"
)

// Twilio's own Go client with the address that is built in. A dialer stands for the hosts file; whom to trust is
// said by SSL_CERT_FILE.
func TestTheAddressThatIsBuiltIn(t *testing.T) {
	at, sid, token := os.Getenv("KADEN_TEST_TLS"), os.Getenv("KADEN_TEST_SID"), os.Getenv("KADEN_TEST_TOKEN")
	if at == "" || sid == "" || token == "" {
		t.Skip("skipped: no server with TLS: set KADEN_TEST_TLS, KADEN_TEST_SID and KADEN_TEST_TOKEN")
	}
	answers, from := os.Getenv("KADEN_TEST_ANSWERS"), os.Getenv("KADEN_TEST_FROM")
	var d net.Dialer
	hc := &client.Client{Credentials: client.NewCredentials(sid, token), HTTPClient: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "api.twilio.com:443" && address != "verify.twilio.com:443" {
				t.Errorf("dials %s", address)
			}
			return d.DialContext(ctx, network, at)
		},
	}}}
	hc.SetAccountSid(sid)
	api := openapi.NewApiServiceWithClient(hc)
	account, err := api.FetchAccount(sid)
	if err != nil || account.Sid == nil || *account.Sid != sid {
		t.Fatalf("%+v, %v", account, err)
	}
	p := &openapi.CreateCallParams{}
	p.SetTo(answers)
	p.SetFrom(from)
	p.SetTwiml("<Response><Hangup/></Response>")
	placed, err := api.CreateCall(p)
	if err != nil {
		t.Fatal(err)
	}
	found, err := api.FetchCall(*placed.Sid, &openapi.FetchCallParams{})
	if err != nil || *found.To != answers {
		t.Errorf("%+v, %v", found, err)
	}
	v := verify.NewApiServiceWithClient(hc)
	for range 2 { // two, so that the list has a second page, at the same address
		if _, err := v.CreateService((&verify.CreateServiceParams{}).SetFriendlyName("go")); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := v.ListService((&verify.ListServiceParams{}).SetPageSize(1)); err != nil || len(list) < 2 {
		t.Errorf("%+v, %v", list, err)
	}
}
