package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// PhoneToken is what a browser signs in with to be a phone.
type PhoneToken struct {
	Token    string    `json:"token" doc:"An access token for Twilio's voice SDK. It allows incoming calls."`
	Identity string    `json:"identity" doc:"The browser rings for client: and this."`
	Expires  time.Time `json:"expires"`
	Listed   bool      `json:"listed" doc:"Whether the person has this address among the contacts. Without it no plan rings the browser."`
}

func (a *API) phoneRoutes() {
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
