package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
)

// Verified is the last proof that a person was at an address.
type Verified struct {
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty" doc:"Who asked for it."`
	Tap int       `json:"tap" doc:"1: the first call was answered; 2: only the second one, ten seconds later."`
	DND bool      `json:"dnd" doc:"The person had do-not-disturb on, and heard it all the same."`
}

// Proof is a call with a code that is on its way.
type Proof struct {
	ID string `json:"id" doc:"Give the code that is heard to /api/verifications/{id}."`
}

// Proven is what a right code has shown.
type Proven struct {
	Person  string `json:"person"`
	Address string `json:"address"`
	Verified
}

func (a *API) peopleRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "people", Method: http.MethodGet, Path: "/api/people",
		Summary: "Who can be called, at which addresses, and which of them are proven",
	}, func(ctx context.Context, _ *struct{}) (*body[[]Person], error) {
		all, err := a.cfg.Records.Verifications(ctx)
		if err != nil {
			return nil, a.trouble(ctx, "proofs of addresses", err)
		}
		people := a.people(a.cfg.House())
		for i := range people {
			for j := range people[i].Contacts {
				c := &people[i].Contacts[j]
				for _, v := range all {
					if v.Person == people[i].ID && v.Address == c.Address {
						c.Verified = &Verified{v.At, v.By, v.Tap, v.DND}
					}
				}
			}
		}
		return answer(people), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "verify", Method: http.MethodPost, Path: "/api/people/{id}/verify",
		Summary:       "Calls one contact of a person and reads out a code",
		Description:   "With dnd the person has do-not-disturb on, and is called twice within three minutes, as a night's call would be; most phones let the second one through.",
		DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"100" example:"sato"`
		Body struct {
			Who
			Contact string `json:"contact" minLength:"1" maxLength:"2048" doc:"One of the person's addresses." example:"tel:+819012345678"`
			DND     bool   `json:"dnd,omitempty" doc:"Do-not-disturb is on."`
		}
	}) (*body[Proof], error) {
		address, err := a.contactOf(in.ID, in.Body.Contact)
		if err != nil {
			return nil, err
		}
		var p Proof
		err = a.recorded(ctx, "the call to "+in.ID, func(ctx context.Context) (err error) {
			p.ID, err = a.cfg.Callouts.Verify(ctx, in.ID, address, whoever(ctx, in.Body.By), in.Body.DND)
			return err
		})
		if err != nil {
			return nil, err
		}
		return answer(p), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "verifyCode", Method: http.MethodPost, Path: "/api/verifications/{id}",
		Summary: "Takes the code that was heard: the address is proven",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Code string `json:"code" minLength:"1" maxLength:"20"`
		}
	}) (*body[Proven], error) {
		var v dispatch.Verification
		err := a.recorded(ctx, "the code", func(ctx context.Context) (err error) {
			v, err = a.cfg.Callouts.VerifyCode(ctx, in.ID, digits(in.Body.Code))
			switch {
			case errors.Is(err, dispatch.ErrWrongCode):
				return refuse(http.StatusUnprocessableEntity, "this is not the code that was read out", "it is said twice; call again to hear another one")
			case errors.Is(err, dispatch.ErrNotFound):
				return refuse(http.StatusNotFound, "this code is no longer waited for", "call again to hear another one")
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		return answer(Proven{v.Person, v.Address, Verified{v.At, v.By, v.Tap, v.DND}}), nil
	})
}

// contactOf finds an address among a person's, so that nobody is called whom the house does not know.
func (a *API) contactOf(person, contact string) (string, error) {
	set := a.cfg.House()
	p, ok := set.People[person]
	if !ok {
		return "", refuse(http.StatusNotFound, "there is no person "+person, "people here: "+strings.Join(slices.Sorted(maps.Keys(set.People)), ", "))
	}
	var all []string
	for _, c := range p.Contacts {
		all = append(all, c.Address.String())
	}
	addr, err := number.ParseAddress(contact)
	if err != nil || !slices.Contains(all, addr.String()) {
		return "", refuse(http.StatusUnprocessableEntity, contact+" is no contact of "+person, "contacts of "+person+": "+strings.Join(all, ", "))
	}
	if why := unreachable(oncall.Method{Address: addr}, set.Lines(), a.cfg.Schemes); why != "" {
		return "", refuse(http.StatusUnprocessableEntity, contact+" cannot be called: "+why, "")
	}
	return addr.String(), nil
}

// digits are those of a code as it was typed: spaces and full-width forms are no mistake.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		case r == ' ', r == '\u3000', r == '-':
			return -1
		}
		return r
	}, code)
}
