package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/dispatch"
)

// Hold is the kill switch while it holds: nobody is rung.
type Hold struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until" doc:"When it lets go by itself; at most half an hour after it was put."`
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
}

// Drill is a rehearsal that has begun.
type Drill struct {
	Alert string `json:"alert" doc:"The alert that was made up for it."`
}

func (a *API) holdRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "hold", Method: http.MethodPost, Path: "/api/hold",
		Summary:     "The kill switch: nobody is rung for a while",
		Description: "Alerts are still taken in; call-outs stand still and go on when it lets go. Ringing phones stop; whoever is on the phone may go on. Where it holds already, both reasons are kept with their names, and the later end counts.",
	}, func(ctx context.Context, in *struct {
		Body *struct {
			Who
			For string `json:"for,omitempty" maxLength:"20" doc:"How long; 30m unless given, and at most." example:"10m"`
			Why string `json:"why,omitempty" maxLength:"200" doc:"For those who find that it holds."`
		}
	}) (*body[Hold], error) {
		who, why, length := "", "", ""
		if b := in.Body; b != nil {
			who, why, length = b.By, strings.TrimSpace(b.Why), b.For
		}
		d, err := duration(length)
		if err != nil {
			return nil, err
		}
		var h dispatch.Hold
		err = a.recorded(ctx, "the kill switch", func(ctx context.Context) (err error) {
			h, err = a.cfg.Callouts.Halt(ctx, whoever(ctx, who), why, d)
			return err
		})
		if err != nil {
			return nil, err
		}
		return answer(Hold(h)), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "lift", Method: http.MethodDelete, Path: "/api/hold",
		Summary: "Lets go of the kill switch: calling goes on at once", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		By string `query:"by" maxLength:"100" doc:"Who decides; console or api unless given."`
	}) (*struct{}, error) {
		return nil, a.recorded(ctx, "the kill switch", func(ctx context.Context) error {
			return a.cfg.Callouts.Unhalt(ctx, whoever(ctx, in.By))
		})
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "drill", Method: http.MethodPost, Path: "/api/drills",
		Summary:       "Begins a drill: a rehearsal of a plan that says that it is one",
		Description:   "Real alerts go before it. From 22 to 7 o'clock it is refused unless it is forced.",
		DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, in *struct {
		Body struct {
			Who
			Plan  string `json:"plan" minLength:"1" maxLength:"100"`
			Force bool   `json:"force,omitempty" doc:"Even at night."`
		}
	}) (*body[Drill], error) {
		var d Drill
		err := a.recorded(ctx, "drill of "+in.Body.Plan, func(ctx context.Context) (err error) {
			d.Alert, err = a.cfg.Callouts.Drill(ctx, in.Body.Plan, whoever(ctx, in.Body.By), in.Body.Force)
			switch {
			case errors.Is(err, dispatch.ErrNight):
				return refuse(http.StatusConflict, "people sleep: no drill begins between 22 and 7 o'clock", "force it (--force, or force: true) if it must be now")
			case errors.Is(err, dispatch.ErrNoPlan):
				return refuse(http.StatusNotFound, "there is no plan "+in.Body.Plan, "plans here: "+strings.Join(slices.Sorted(maps.Keys(a.cfg.House().Plans)), ", "))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		return answer(d), nil
	})
}

// held is the kill switch as it stands, nil if it does not hold.
func (a *API) held(now time.Time) *Hold {
	h := a.cfg.Callouts.Held()
	if !h.Until.After(now) {
		return nil
	}
	v := Hold(h)
	return &v
}

func (h *Hold) warning() Warning {
	text := fmt.Sprintf("nobody is rung until %s: %s put the kill switch", h.Until.Local().Format("15:04:05"), h.By)
	if h.Why != "" {
		text += " (" + h.Why + ")"
	}
	return Warning{Code: "held", Loud: true, About: h.By, Text: text, Hint: "kaden hold off, or the console, lets go of it"}
}
