package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"rsc.io/qr"
)

// Phone is a user of a SIP domain of ours, and where the phones are that have registered as it.
type Phone struct {
	ID       string         `json:"id" doc:"User and domain; sip: in front of it makes the address that rings it." example:"sato@office.example.jp"`
	Title    string         `json:"title,omitempty"`
	SRTP     string         `json:"srtp,omitempty" enum:"off,offered,required" doc:"Whether its sound is encrypted; missing: as the phone likes."`
	Contacts []PhoneContact `json:"contacts" nullable:"false" doc:"None: it cannot be called now."`
}

// PhoneContact is one registered phone.
type PhoneContact struct {
	Address   string    `json:"address" doc:"As the phone gave it."`
	Source    string    `json:"source" doc:"Where it came from; another one than in the address: it is behind a NAT." example:"203.0.113.9:31234"`
	Transport string    `json:"transport" enum:"udp,tcp,tls"`
	Agent     string    `json:"agent,omitempty" doc:"What it calls itself."`
	Since     time.Time `json:"since"`
	Updated   time.Time `json:"updated" doc:"When it was heard of last."`
	Expires   time.Time `json:"expires"`
}

// PhoneSettings is what is typed into a softphone.
type PhoneSettings struct {
	Phone string       `json:"phone"`
	Lines []PhoneField `json:"lines" nullable:"false"`
	Text  string       `json:"text" doc:"The same as text."`
}

// PhoneField is one field of a softphone's settings.
type PhoneField struct {
	Name  string `json:"name" example:"Domain"`
	Value string `json:"value"`
}

// Phones is the phones of the house. nil parts are none.
type Phones struct {
	All       func() []Phone                             // every user, by name
	Server    string                                     // where phones send SIP: host, or host:port
	ServerTLS string                                     // … over TLS; "" is nowhere
	Password  func(id string) (password string, ok bool) // of a phone; nil: none is told, and no links are made
}

func (a *API) sipPhoneRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "phones", Method: http.MethodGet, Path: "/api/phones",
		Summary: "SIP phones: which there are, and which are registered",
	}, func(context.Context, *struct{}) (*body[[]Phone], error) {
		return answer(a.phones()), nil
	})
	type which struct {
		ID       string `path:"id" maxLength:"300" example:"sato@office.example.jp"`
		Language string `query:"language" enum:"en,ja" default:"en"`
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: "phoneSettings", Method: http.MethodGet, Path: "/api/phones/{id}/settings",
		Summary: "What is typed into a softphone to make it this phone; the password is not shown (see phoneLink)",
	}, func(_ context.Context, in *which) (*body[PhoneSettings], error) {
		s, err := a.phoneSettings(in.ID, in.Language)
		if err != nil {
			return nil, err
		}
		return answer(s), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "phoneSettingsCode", Method: http.MethodGet, Path: "/api/phones/{id}/settings.svg",
		Summary: "The same as a QR code, to be scanned and copied from", Responses: text("The code.", "image/svg+xml"),
	}, func(_ context.Context, in *which) (*file, error) {
		s, err := a.phoneSettings(in.ID, in.Language)
		if err != nil {
			return nil, err
		}
		code, err := qr.Encode(s.Text, qr.M)
		if err != nil {
			return nil, refuse(http.StatusUnprocessableEntity, "the settings are too long for a QR code", "read them at /api/phones/"+s.Phone+"/settings")
		}
		return &file{ContentType: "image/svg+xml", Body: svg(code)}, nil
	})
	a.phoneLinkRoutes()
}

func (a *API) phones() []Phone {
	if a.cfg.Phones.All == nil {
		return []Phone{}
	}
	return a.cfg.Phones.All()
}

func (a *API) phoneSettings(id, language string) (PhoneSettings, error) {
	soft, err := a.softphone(id)
	if err != nil {
		return PhoneSettings{}, err
	}
	soft.Password = ""
	s := PhoneSettings{Phone: soft.User + "@" + soft.Domain, Lines: soft.Sheet(language)}
	for _, l := range s.Lines {
		s.Text += l.Name + ": " + l.Value + "\n"
	}
	return s, nil
}

// softphone is what a phone of ours has to know, its password as well.
func (a *API) softphone(id string) (Softphone, error) {
	all := a.phones()
	i := slices.IndexFunc(all, func(p Phone) bool { return p.ID == id })
	if i < 0 && !strings.Contains(id, "@") { // the user alone, where it is clear whose
		i = slices.IndexFunc(all, func(p Phone) bool { return strings.HasPrefix(p.ID, id+"@") })
	}
	if i < 0 {
		return Softphone{}, refuse(http.StatusNotFound, fmt.Sprintf("there is no phone %q", id), "kaden phone list shows them; a phone: document makes one")
	}
	s := Softphone{Title: all[i].Title, SRTP: all[i].SRTP, Server: a.cfg.Phones.Server, ServerTLS: a.cfg.Phones.ServerTLS}
	s.User, s.Domain, _ = strings.Cut(all[i].ID, "@")
	if a.cfg.Phones.Password != nil {
		if password, ok := a.cfg.Phones.Password(all[i].ID); ok {
			s.Password = password
		}
	}
	return s, nil
}
