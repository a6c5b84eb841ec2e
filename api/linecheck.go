package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/trunk"
)

// Finding is one thing that was looked at about a line to the telephone network.
type Finding struct {
	What   string `json:"what"`
	Level  string `json:"level" enum:"ok,wrong,unknown" doc:"unknown: the other side does not say."`
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty" doc:"What to do about what is wrong."`
}

func (a *API) lineRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "checkTrunk", Method: http.MethodPost, Path: "/api/trunks/{name}/check",
		Summary: "Looks whether a trunk or an upstream would take a call now, or an SMSC a message; sends none, and calls only if asked to",
	}, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"64" example:"ntt"`
		Call string `query:"call" maxLength:"64" doc:"A number to be called over the trunk; whoever answers hears a sentence."`
	}) (*body[[]Finding], error) {
		set := a.cfg.House()
		known := slices.ContainsFunc(set.SMSCs, func(s trunk.SMSC) bool { return s.Name == in.Name }) ||
			slices.ContainsFunc(set.Upstreams, func(u trunk.Upstream) bool { return u.Name == in.Name }) || slices.ContainsFunc(set.Trunks, func(t trunk.Trunk) bool { return t.Name == in.Name })
		if a.cfg.CheckLine == nil || !known {
			return nil, refuse(http.StatusNotFound, "there is no trunk, upstream or smsc "+in.Name, "kaden export shows what there is")
		}
		found, err := a.cfg.CheckLine(ctx, in.Name, in.Call)
		if err != nil {
			return nil, a.trouble(ctx, in.Name, err)
		}
		return answer(found), nil
	})
}
