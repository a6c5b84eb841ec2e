package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// Messages are the platforms as carriers of short messages.
type Messages struct{ c *Client }

var _ message.Carrier = Messages{}

// Messages is the way out for short messages.
func (c *Client) Messages() Messages { return Messages{c} }

// letter is a message as the platform shows it.
type letter struct {
	SID       string  `json:"sid"`
	Status    string  `json:"status"`
	To        string  `json:"to"`
	From      string  `json:"from"`
	Body      string  `json:"body"`
	Direction string  `json:"direction"`
	Code      *int    `json:"error_code"`
	Text      *string `json:"error_message"`
	Segments  string  `json:"num_segments"`
	Price     *string `json:"price"` // negative: what it costs
	Unit      *string `json:"price_unit"`
	Created   string  `json:"date_created"`
}

// word is what it says.
func (l letter) word() message.Word {
	w := message.Word{There: l.SID, Status: message.Status(l.Status), Segments: atoi(l.Segments)}
	if l.Code != nil {
		w.Code = *l.Code
	}
	if l.Text != nil {
		w.Text = masked(*l.Text)
	}
	if l.Price != nil && l.Unit != nil {
		if a, err := tariff.ParseAmount(strings.TrimPrefix(*l.Price, "-")); err == nil && currency(*l.Unit) {
			w.Price = tariff.Money{Amount: a, Currency: strings.ToUpper(*l.Unit)}
		}
	}
	return w
}

// currency tells whether a platform's word is one: three letters.
func currency(s string) bool {
	return len(s) == 3 && strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Route chooses the upstream whose own number the sender is, else the first that may reach the number.
func (m Messages) Route(from, to string) (string, error) {
	ups := m.c.cfg.Upstreams()
	if len(ups) == 0 {
		return "", message.ErrNoCarrier
	}
	var why string
	best := ""
	for _, u := range ups {
		if no := u.Refuses(number.Number(to)); no != "" {
			why = no
			continue
		}
		if u.From == from {
			return u.Name, nil
		}
		if best == "" {
			best = u.Name
		}
	}
	if best == "" {
		return "", &message.Refusal{Code: unreachable(to), Text: why}
	}
	return best, nil
}

// unreachable is Twilio's code for a number that no upstream may write to: abroad it is a permission.
func unreachable(to string) int {
	if number.Number(to).Class() == number.Abroad {
		return 21408
	}
	return 21612
}

// Send hands a message over.
func (m Messages) Send(ctx context.Context, r message.Record) (message.Word, error) {
	u, err := m.c.find(r.Carrier)
	if err != nil {
		return message.Word{}, &message.Refusal{Text: err.Error()}
	}
	v := form("To", r.To, "From", r.From, "Body", r.Body)
	if m.c.cfg.PublicURL != "" {
		v.Set("StatusCallback", m.c.letterAddress(u, r.SID))
	}
	var got letter
	err = m.c.ask(ctx, u, http.MethodPost, "/Messages.json", v, &got)
	switch {
	case err != nil:
		return message.Word{}, refusedMessage(err)
	case !knownMessage(got.SID):
		return message.Word{}, errors.New("the answer names no message")
	}
	return got.word(), nil
}

// refusedMessage is a platform's error for package message.
func refusedMessage(err error) error {
	var no *refusal
	if !errors.As(err, &no) || errors.As(err, new(*unsure)) {
		return err
	}
	// Nothing has left, and it is worth trying again: it is full, or cannot be reached.
	busy := no.busy() || no.status == 0
	return &message.Refusal{Code: no.code, Text: words(no), Busy: busy, After: no.after}
}

// Find lists the messages there that are like r and no older, newest first.
func (m Messages) Find(ctx context.Context, r message.Record) ([]message.Word, error) {
	u, err := m.c.find(r.Carrier)
	if err != nil {
		return nil, err
	}
	var page struct {
		Messages []letter `json:"messages"`
	}
	query := url.Values{"To": {r.To}, "From": {r.From}, "PageSize": {"50"}}
	if err := m.c.ask(ctx, u, http.MethodGet, "/Messages.json?"+query.Encode(), nil, &page); err != nil {
		return nil, err
	}
	oldest := r.Created.Add(m.c.skewOf(u) - clocks)
	var out []message.Word
	for _, l := range page.Messages {
		at := resource{DateCreated: l.Created}.created()
		if knownMessage(l.SID) && l.To == r.To && l.Body == r.Body && l.Direction != string(message.Inbound) && (at.IsZero() || !at.Before(oldest)) {
			out = append(out, l.word())
		}
	}
	return out, nil
}

// Look asks how a message is.
func (m Messages) Look(ctx context.Context, r message.Record) (message.Word, error) {
	u, err := m.c.find(r.Carrier)
	if err != nil {
		return message.Word{}, err
	}
	if !knownMessage(r.There) {
		return message.Word{}, &message.Refusal{Text: "it has no name there"}
	}
	var got letter
	if err := m.c.ask(ctx, u, http.MethodGet, "/Messages/"+url.PathEscape(r.There)+".json", nil, &got); err != nil {
		return message.Word{}, refusedMessage(err)
	}
	if got.SID != r.There {
		return message.Word{}, fmt.Errorf("asked for %s, it shows another", r.There)
	}
	return got.word(), nil
}

// knownMessage is known for messages, whose SIDs begin with SM or MM.
func knownMessage(id string) bool {
	_, err := sid.Parse[sid.Message]("SM" + strings.TrimPrefix(strings.TrimPrefix(id, "SM"), "MM"))
	return err == nil && (strings.HasPrefix(id, "SM") || strings.HasPrefix(id, "MM"))
}

// Parts of the addresses that messages have: Path + name/messages/SM…/token, and Path + name/inbound.
const (
	partMessages = "messages"
	partInbound  = "inbound"
)

// letterAddress is where the platform tells what becomes of a message.
func (c *Client) letterAddress(u trunk.Upstream, id sid.Message) string {
	return fmt.Sprintf("%s%s%s/%s/%s/%s", c.cfg.PublicURL, Path, url.PathEscape(u.Name), partMessages, id, c.token(u.Name, "message "+string(id)))
}

// onMessage takes a callback about a message that we have sent (contract 3.5).
func (c *Client) onMessage(w http.ResponseWriter, u trunk.Upstream, id string, form url.Values) {
	word := message.Word{There: form.Get("MessageSid"), Status: message.Status(form.Get("MessageStatus")), Code: atoi(form.Get("ErrorCode")), Text: masked(form.Get("ErrorMessage"))}
	if !knownMessage(word.There) {
		http.Error(w, "MessageSid is missing", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	if c.cfg.Letters != nil {
		c.cfg.Letters(sid.Message(id), word)
	}
}

// In is a message that an upstream has brought us.
type In struct {
	Upstream string
	There    string // the platform's own name for it
	From, To string
	Body     string
	Segments int
	Media    int // pictures and the like that came with it, which are not taken
}

// longestParty is as long as a number or a name of who writes can be.
const longestParty = 64

// readInbound reads a message that a platform brings (contract 3.5); false is a form that is none.
func readInbound(form url.Values) (In, bool) {
	in := In{
		There: form.Get("MessageSid"), From: plain(form.Get("From")), To: plain(form.Get("To")), Body: plain(form.Get("Body")),
		Segments: atoi(form.Get("NumSegments")), Media: atoi(form.Get("NumMedia")),
	}
	if r := []rune(in.Body); len(r) > message.MaxBody {
		in.Body = string(r[:message.MaxBody])
	}
	return in, knownMessage(in.There) && in.From != "" && in.To != "" && len(in.From) <= longestParty && len(in.To) <= longestParty
}

// inboundTime is less than a platform waits for our answer.
const inboundTime = 12 * time.Second

// onInbound takes a message that has come in; the answer is TwiML.
func (c *Client) onInbound(w http.ResponseWriter, r *http.Request, u trunk.Upstream, form url.Values) {
	in, ok := readInbound(form)
	if !ok {
		http.Error(w, "MessageSid, From or To is missing", http.StatusBadRequest)
		return
	}
	in.Upstream = u.Name
	if c.cfg.Inbound == nil {
		http.NotFound(w, r)
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), inboundTime)
	defer stop()
	if err := c.cfg.Inbound(ctx, in); err != nil {
		c.log.Error("a message that came in is not kept; the upstream may bring it again", "upstream", u.Name, "there", in.There, "err", err)
		w.Header().Set("Retry-After", strconv.Itoa(5))
		http.Error(w, "not kept", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Response/>`))
}
