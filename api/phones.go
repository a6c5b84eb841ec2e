package api

import (
	"cmp"
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
	All    func() []Phone // every user, by name
	Server string         // where phones send SIP: host, or host:port
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
		Summary: "What is typed into a softphone to make it this phone; the password is not shown",
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
}

func (a *API) phones() []Phone {
	if a.cfg.Phones.All == nil {
		return []Phone{}
	}
	return a.cfg.Phones.All()
}

// settingWords are the fields of softphones as most of them call them: user, domain, server, and what to choose.
var settingWords = map[string][]string{
	"en": {
		"User name", "Authentication name", "Password", "the one in the phone's document", "Domain", "Server (proxy)", "Transport",
		"Register every", "%d seconds", "Codecs", "Keys (DTMF)",
	},
	"ja": {
		"ユーザー名", "認証 ID", "パスワード", "電話機の文書に書いたもの", "ドメイン", "サーバー（プロキシ）", "トランスポート",
		"登録の間隔", "%d 秒", "コーデック", "キー（DTMF）",
	},
}

// registerEvery keeps the way through most NATs' and firewalls' memory open.
const registerEvery = 300

func (a *API) phoneSettings(id, language string) (PhoneSettings, error) {
	all := a.phones()
	i := slices.IndexFunc(all, func(p Phone) bool { return p.ID == id })
	if i < 0 && !strings.Contains(id, "@") { // the user alone, where it is clear whose
		i = slices.IndexFunc(all, func(p Phone) bool { return strings.HasPrefix(p.ID, id+"@") })
	}
	if i < 0 {
		return PhoneSettings{}, refuse(http.StatusNotFound, fmt.Sprintf("there is no phone %q", id), "kaden phone list shows them; a phone: document makes one")
	}
	user, domain, _ := strings.Cut(all[i].ID, "@")
	w := settingWords[cmp.Or(language, "en")]
	s := PhoneSettings{Phone: all[i].ID, Lines: []PhoneField{
		{w[0], user},
		{w[1], user},
		{w[2], w[3]},
		{w[4], domain},
		{w[5], a.cfg.Phones.Server},
		{w[6], "UDP / TCP"},
		{w[7], fmt.Sprintf(w[8], registerEvery)},
		{w[9], "G.711 (PCMU, PCMA)"},
		{w[10], "RFC 2833 / RFC 4733"},
	}}
	for _, l := range s.Lines {
		s.Text += l.Name + ": " + l.Value + "\n"
	}
	return s, nil
}
