package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
)

// PhoneToken is what a browser signs in with to be a phone.
type PhoneToken struct {
	Token    string    `json:"token" doc:"An access token for Twilio's voice SDK. It allows incoming calls, and calls to whom /api/phone/callee knows."`
	Identity string    `json:"identity" doc:"The browser rings for client: and this."`
	Expires  time.Time `json:"expires"`
	Listed   bool      `json:"listed" doc:"Whether the person has this address among the contacts. Without it no plan rings the browser."`
}

// Callee is somebody whom the console's phone may call.
type Callee struct {
	To      string `json:"to" doc:"What the SDK is told: device.connect({ params: { To } })." example:"tel:+819012345678"`
	Warning string `json:"warning,omitempty" doc:"What speaks against it, though it may be called."`
}

func (a *API) phoneRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "callee", Method: http.MethodGet, Path: "/api/phone/callee",
		Summary:     "Whether the console's phone may call somebody; nobody is called by asking",
		Description: "The same rules hold as for any <Dial>: emergency numbers never, premium-rate and foreign ones as the trunks say. Who is not there now is said, too.",
	}, func(ctx context.Context, in *struct {
		To string `query:"to" required:"true" minLength:"1" maxLength:"2048" doc:"A telephone number however it is written, client:…, sip:… or sim:…." example:"090-1234-5678"`
	}) (*body[Callee], error) {
		c, err := a.callee(ctx, in.To)
		if err != nil {
			return nil, err
		}
		return answer(c), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "phone", Method: http.MethodPost, Path: "/api/phone",
		Summary: "A token with which a browser rings for a person", DefaultStatus: http.StatusOK,
	}, func(_ context.Context, in *struct {
		Body struct {
			Person string `json:"person" maxLength:"256" doc:"The person's id."`
		}
	}) (*body[PhoneToken], error) {
		if a.cfg.Phone == nil {
			return nil, refuse(http.StatusNotFound, "this kaden has no browser phones", "")
		}
		t, err := a.cfg.Phone(in.Body.Person)
		if err != nil {
			return nil, refuse(http.StatusUnprocessableEntity, err.Error(), "/api/people lists everybody")
		}
		return answer(t), nil
	})
}

func (a *API) callee(ctx context.Context, to string) (Callee, error) {
	if a.cfg.MayPhone == nil {
		return Callee{}, refuse(http.StatusNotFound, "the phone of this console calls nobody", "")
	}
	address, err := number.ParseAddress(to)
	if err != nil {
		return Callee{}, refuse(http.StatusUnprocessableEntity, err.Error(), "a number (+819012345678), client:name, sip:user@host or sim:name")
	}
	warning, err := a.cfg.MayPhone(ctx, address)
	if err != nil {
		return Callee{}, refuse(http.StatusUnprocessableEntity, err.Error(), "")
	}
	if address.Scheme != number.Tel {
		if why, away := a.roll().away(oncall.Method{Address: address}, a.cfg.House(), a.cfg.Schemes); away {
			return Callee{}, refuse(http.StatusUnprocessableEntity, "nobody is there: "+why.Text, "")
		}
	}
	return Callee{address.String(), warning}, nil
}
