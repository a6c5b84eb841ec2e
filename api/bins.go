package api

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Bins is what the API has to know of TwiML that is kept here, besides the house.
type Bins interface {
	// BinURLs are where a bin is asked with a signature, and where anybody is answered, "" for nowhere.
	BinURLs(b account.Bin) (signed, open string)
	// RemoveBin deletes a bin. problems with an error among them, those of documents that need it, mean that it stays.
	// dispatch.ErrNotFound if there is none.
	RemoveBin(ctx context.Context, name string) (problems problem.List, err error)
	// Versions is what its document has said, newest first, also after it was deleted.
	Versions(ctx context.Context, kind, name string) ([]manifest.Version, error)
}

// Bin is TwiML that is kept here.
type Bin struct {
	Name  string `json:"name"`
	SID   string `json:"sid"`
	URL   string `json:"url" doc:"Where it is asked, with X-Twilio-Signature."`
	Open  string `json:"open,omitempty" doc:"Where whoever knows this address is answered, if the bin has a key."`
	Key   string `json:"key,omitempty" doc:"The end of that address. Writing the bin without it takes the address away."`
	TwiML string `json:"twiml"`

	Fields []string `json:"fields" nullable:"false" doc:"The parameters of a request that its TwiML asks for."`
}

// BinText is what a bin is to say.
type BinText struct {
	TwiML string `json:"twiml" maxLength:"65536" doc:"With {{fields}} that the request fills in."`
	SID   string `json:"sid,omitempty" doc:"EH and 32 hex digits that it had elsewhere; made of the name unless given."`
	Key   string `json:"key,omitempty" doc:"20 random letters and digits or more: /bins/KEY answers without a signature."`
}

// BinWritten is what became of a bin.
type BinWritten struct {
	Written  bool         `json:"written" doc:"False: one of the problems is an error, and nothing was changed."`
	Problems problem.List `json:"problems" nullable:"false" doc:"Lines and columns are those of the TwiML."`
	Fields   []string     `json:"fields" nullable:"false" doc:"The parameters of a request that its TwiML asks for."`
}

// BinTrial is a bin that is not written yet, or is, and a request for it.
type BinTrial struct {
	TwiML  string            `json:"twiml" maxLength:"65536"`
	Params map[string]string `json:"params,omitempty" doc:"Of the request: From, To, Digits and whatever the bin asks for."`
}

// BinTried is what it would answer.
type BinTried struct {
	TwiML    string       `json:"twiml" doc:"With its fields filled in; empty if one of the problems is an error of its fields."`
	Problems problem.List `json:"problems" nullable:"false" doc:"Of the answer; lines and columns are those of the answer."`
}

// BinVersion is what a bin said from a time on.
type BinVersion struct {
	Number  int64     `json:"number"`
	Applied time.Time `json:"applied"`
	TwiML   string    `json:"twiml"`
}

type binName struct {
	Name string `path:"name" maxLength:"200"`
}

func (a *API) binRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "bins", Method: http.MethodGet, Path: "/api/bins",
		Summary: "TwiML that is kept here, by name",
	}, func(context.Context, *struct{}) (*body[[]Bin], error) {
		all := a.cfg.House().Bins
		list := make([]Bin, 0, len(all))
		for _, name := range slices.Sorted(maps.Keys(all)) {
			list = append(list, a.bin(all[name]))
		}
		return answer(list), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "bin", Method: http.MethodGet, Path: "/api/bins/{name}",
		Summary: "One of them",
	}, func(_ context.Context, in *binName) (*body[Bin], error) {
		b, ok := a.cfg.House().Bins[in.Name]
		if !ok {
			return nil, noBin(in.Name)
		}
		return answer(a.bin(b)), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "write-bin", Method: http.MethodPut, Path: "/api/bins/{name}",
		Summary:     "Writes a bin, new or not",
		Description: "What it said before is kept. An answer 200 with errors among its problems means that nothing was changed.",
	}, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"200"`
		Body BinText
	}) (*body[BinWritten], error) {
		return a.writeBin(ctx, account.Bin{Name: in.Name, SID: sid.Bin(in.Body.SID), Key: in.Body.Key, TwiML: in.Body.TwiML})
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "check-bin", Method: http.MethodPost, Path: "/api/bins/check",
		Summary: "What is wrong with a bin that is not written yet",
	}, func(_ context.Context, in *struct{ Body BinText }) (*body[BinWritten], error) {
		b := account.Bin{Name: "check", SID: sid.Bin(in.Body.SID), Key: in.Body.Key, TwiML: in.Body.TwiML}
		return answer(BinWritten{false, orNone(manifest.CheckBin(b)), fields(b)}), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "try-bin", Method: http.MethodPost, Path: "/api/bins/try",
		Summary:     "What a bin would answer to a request, with what is wrong in that",
		Description: "Nothing is written, and nobody is called.",
	}, func(_ context.Context, in *struct{ Body BinTrial }) (*body[BinTried], error) {
		return answer(tryBin(in.Body)), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "delete-bin", Method: http.MethodDelete, Path: "/api/bins/{name}", DefaultStatus: http.StatusNoContent,
		Summary: "Deletes a bin that no number, domain or application needs; its versions are kept",
	}, func(ctx context.Context, in *binName) (*struct{}, error) {
		problems, err := a.cfg.Bins.RemoveBin(ctx, in.Name)
		if err != nil {
			return nil, a.troubleWithBin(ctx, in.Name, err)
		}
		for _, p := range problems {
			if p.Level == problem.Error {
				return nil, refuse(http.StatusConflict, "bin "+in.Name+" is needed: "+p.String(), "change that first")
			}
		}
		return nil, nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "bin-versions", Method: http.MethodGet, Path: "/api/bins/{name}/versions",
		Summary: "What a bin has said, newest first, also after it was deleted",
	}, func(ctx context.Context, in *binName) (*body[[]BinVersion], error) {
		all, err := a.cfg.Bins.Versions(ctx, "bin", in.Name)
		if err != nil {
			return nil, a.troubleWithBin(ctx, in.Name, err)
		}
		list := make([]BinVersion, len(all))
		for i, v := range all {
			b, _, _ := account.ReadBin([]byte(v.Text)) // it was whole when it was applied
			list[i] = BinVersion{v.Number, v.Applied, b.TwiML}
		}
		return answer(list), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "restore-bin", Method: http.MethodPost, Path: "/api/bins/{name}/versions/{number}/restore",
		Summary: "Lets a bin say again what it said then",
	}, func(ctx context.Context, in *struct {
		Name   string `path:"name" maxLength:"200"`
		Number int64  `path:"number"`
	}) (*body[BinWritten], error) {
		all, err := a.cfg.Bins.Versions(ctx, "bin", in.Name)
		if err != nil {
			return nil, a.troubleWithBin(ctx, in.Name, err)
		}
		i := slices.IndexFunc(all, func(v manifest.Version) bool { return v.Number == in.Number })
		if i < 0 {
			return nil, refuse(http.StatusNotFound, "bin "+in.Name+" has no such version", "/api/bins/"+in.Name+"/versions lists those that are kept")
		}
		b, _, _ := account.ReadBin([]byte(all[i].Text))
		return a.writeBin(ctx, b)
	})
}

func (a *API) bin(b account.Bin) Bin {
	out := Bin{Name: b.Name, SID: string(b.SID), Key: b.Key, TwiML: b.TwiML, Fields: fields(b)}
	out.URL, out.Open = a.cfg.Bins.BinURLs(b)
	return out
}

// writeBin applies the document of a bin, if its TwiML can run.
func (a *API) writeBin(ctx context.Context, b account.Bin) (*body[BinWritten], error) {
	problems := manifest.CheckBin(b)
	if problems.Refused() {
		return answer(BinWritten{false, problems, fields(b)}), nil
	}
	_, found, err := a.cfg.Manifest.Apply(ctx, []byte(manifest.FormatBin(b)))
	if err != nil {
		return nil, a.troubleWithBin(ctx, b.Name, err)
	}
	if !found.Refused() {
		return answer(BinWritten{true, orNone(problems), fields(b)}), nil // what else was found is about other documents
	}
	return answer(BinWritten{false, slices.DeleteFunc(found, func(p problem.Problem) bool { return p.Level != problem.Error }), fields(b)}), nil
}

// fields are the parameters that a bin asks for, read from its text.
func fields(b account.Bin) []string {
	read, _, _ := account.ReadBin([]byte(manifest.FormatBin(b)))
	return append([]string{}, read.Fields()...)
}

// tryBin fills a bin in as a request would, and checks what comes of it.
func tryBin(t BinTrial) BinTried {
	if e := account.CheckTemplate(t.TwiML); e != nil {
		return BinTried{"", problem.List{{Line: e.Line, Column: e.Column, Level: problem.Error, Text: e.Text}}}
	}
	b, _, _ := account.ReadBin([]byte(manifest.FormatBin(account.Bin{Name: "try", TwiML: t.TwiML})))
	params := url.Values{}
	for name, value := range t.Params {
		params.Set(name, value)
	}
	text := b.Render(params)
	_, found := twiml.Parse([]byte(text))
	return BinTried{text, orNone(found)}
}

func (a *API) troubleWithBin(ctx context.Context, name string, err error) error {
	if p := a.trouble(ctx, "bin "+name, err); p.(*Refusal).Status != http.StatusNotFound {
		return p
	}
	return noBin(name)
}

func noBin(name string) *Refusal {
	return refuse(http.StatusNotFound, "there is no bin "+name, "/api/bins lists those there are")
}

func orNone(l problem.List) problem.List {
	if l == nil {
		return problem.List{}
	}
	return l
}
