package api

import (
	"context"
	_ "embed" // the page
	"html/template"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"rsc.io/qr"
)

// The settings of a phone with its password, for whoever holds the phone and is not signed in. The address works once,
// within a quarter of an hour. The page shows nothing before a button is pressed, so that a chat which looks at the
// address does not use it up; Linphone fetches its file without a page.

const (
	phoneLinkPath  = linkPath + "phone/"
	phoneLinkKind  = "phone" // tickets of these links
	phoneLinkValid = 15 * time.Minute
)

// PhoneLink leads to the settings of one phone with its password, once. Page and Linphone are two ways to the same one:
// whichever is used first ends both.
type PhoneLink struct {
	Phone    string    `json:"phone" example:"sato@office.example.jp"`
	Page     string    `json:"page" doc:"A page for people: the settings, to be typed into any softphone."`
	Linphone string    `json:"linphone" doc:"What Linphone fetches: its assistant's remote provisioning takes this address, or the code."`
	Code     string    `json:"code" doc:"The address for Linphone as a QR code (SVG)."`
	Expires  time.Time `json:"expires"`
}

var (
	//go:embed phonelink.html
	phoneLinkHTML string

	phoneLinkPage = template.Must(template.New("phone").Parse(phoneLinkHTML))
)

func (a *API) phoneLinkRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "phoneLink", Method: http.MethodPost, Path: "/api/phones/{id}/link",
		Summary:     "An address that shows a phone's settings with its password, once, for 15 minutes",
		Description: "For the person who sets the phone up. Whoever has the address has the phone: hand it over as one hands over a password.",
		Middlewares: huma.Middlewares{withRequest}, DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"300" example:"sato@office.example.jp"`
	}) (*body[PhoneLink], error) {
		l, err := a.phoneLink(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return answer(l), nil
	})
	a.mux.HandleFunc("GET "+phoneLinkPath+"{token}", a.askPhoneLink)
	a.mux.HandleFunc("POST "+phoneLinkPath+"{token}", a.showPhoneLink)
	a.mux.HandleFunc("GET "+phoneLinkPath+"{token}/linphone.xml", a.provision)
}

func (a *API) phoneLink(ctx context.Context, id string) (PhoneLink, error) {
	s, err := a.softphone(id)
	if err != nil {
		return PhoneLink{}, err
	}
	if s.Password == "" {
		return PhoneLink{}, refuse(http.StatusNotFound, "the password of this phone is not known here", "password: of its document says what it is")
	}
	secret, until := newSecret(), time.Now().Add(phoneLinkValid)
	l := PhoneLink{Phone: s.User + "@" + s.Domain, Page: a.base(requestOf(ctx)) + phoneLinkPath + secret, Expires: until}
	l.Linphone = l.Page + "/linphone.xml"
	code, err := qr.Encode(l.Linphone, qr.L)
	if err != nil {
		return PhoneLink{}, refuse(http.StatusUnprocessableEntity, "the address is too long for a QR code", "public-url: is what it begins with")
	}
	l.Code = string(svg(code))
	if err := a.cfg.Tickets.PutTicket(ctx, phoneLinkKind, hash(secret), l.Phone, until); err != nil {
		return PhoneLink{}, a.trouble(ctx, "the link", err)
	}
	return l, nil
}

// phoneSheet is what the page shows.
type phoneSheet struct {
	linkWords
	Style       template.CSS
	Tone, State string
	Hint        string
	Ask         bool
	Lines       []PhoneField
}

func (a *API) askPhoneLink(w http.ResponseWriter, r *http.Request) {
	_, ok, err := a.cfg.Tickets.Ticket(r.Context(), phoneLinkKind, hash(r.PathValue("token")))
	words := linkWordsOf(r)
	switch {
	case err != nil:
		a.phoneLinkDown(w, words, err)
	case !ok:
		showSheet(w, http.StatusNotFound, usedUp(words))
	default:
		showSheet(w, http.StatusOK, phoneSheet{linkWords: words, State: words.Words["phone"], Hint: words.Words["phoneHint"], Ask: true})
	}
}

func (a *API) showPhoneLink(w http.ResponseWriter, r *http.Request) {
	s, ok, err := a.takePhoneLink(r)
	words := linkWordsOf(r)
	switch {
	case err != nil:
		a.phoneLinkDown(w, words, err)
	case !ok:
		showSheet(w, http.StatusNotFound, usedUp(words))
	default:
		showSheet(w, http.StatusOK, phoneSheet{linkWords: words, Tone: "taken", State: s.User + "@" + s.Domain, Hint: words.Words["phoneOnce"], Lines: s.Sheet(words.Lang)})
	}
}

// provision is Linphone fetching its file.
func (a *API) provision(w http.ResponseWriter, r *http.Request) {
	s, ok, err := a.takePhoneLink(r)
	switch {
	case err != nil:
		a.log.Error("settings of a phone not given", "err", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
	case !ok:
		http.Error(w, "this address was used already, or is over", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		w.Write(s.Linphone())
	}
}

// takePhoneLink uses a link up; false: there is none, or its phone is gone.
func (a *API) takePhoneLink(r *http.Request) (Softphone, bool, error) {
	id, ok, err := a.cfg.Tickets.TakeTicket(r.Context(), phoneLinkKind, hash(r.PathValue("token")))
	if err != nil || !ok {
		return Softphone{}, false, err
	}
	s, err := a.softphone(id)
	a.log.Info("settings of a phone given with its password", "phone", id, "from", r.RemoteAddr)
	return s, err == nil, nil
}

func (a *API) phoneLinkDown(w http.ResponseWriter, words linkWords, err error) {
	a.log.Error("link to a phone's settings not looked up", "err", err)
	showSheet(w, http.StatusServiceUnavailable, phoneSheet{linkWords: words, Tone: "alarm", State: words.Words["down"], Hint: words.Words["phoneDown"]})
}

func usedUp(words linkWords) phoneSheet {
	return phoneSheet{linkWords: words, Tone: "over", State: words.Words["phoneGone"], Hint: words.Words["phoneAgain"]}
}

func showSheet(w http.ResponseWriter, status int, p phoneSheet) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Lang)
	h.Set("Content-Security-Policy", linkPolicy)
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Add("Vary", "Accept-Language")
	p.Style = template.CSS(linkCSS)
	w.WriteHeader(status)
	phoneLinkPage.Execute(w, p) // whoever does not read to the end is gone
}
