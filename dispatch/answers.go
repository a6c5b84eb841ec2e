package dispatch

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/twiml"
)

// ServeHTTP answers under /callouts/{attempt}/{token}/{part}: with TwiML for whoever carries the call. Addresses
// in it lead where the public URL does.
func (d *Dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	reply := d.answer(r.Context(), r.URL.Path, r.Form)
	if d.cfg.PublicURL != "" && strings.HasPrefix(reply.ContentType, "text/") {
		reply.Body = bytes.ReplaceAll(reply.Body, []byte(Origin+"/"), []byte(d.cfg.PublicURL+"/"))
	}
	w.Header().Set("Content-Type", reply.ContentType)
	w.WriteHeader(reply.Status)
	w.Write(reply.Body)
}

// Ask answers local calls in the process; it is call.Asker for addresses below [Origin].
func (d *Dispatcher) Ask(ctx context.Context, a call.Ask) (call.Reply, error) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return call.Reply{}, &call.Problem{Code: 11100, Text: "not a URL: " + a.URL, Err: err}
	}
	form := u.Query()
	for k, v := range a.Params {
		form[k] = v
	}
	var reply call.Reply
	switch {
	// Only calls of this process ask here, so that what they say of themselves is true.
	case u.Path == callBackPath || strings.HasPrefix(u.Path, callBackPath+"/"):
		reply = d.page(d.onCallBack(ctx, strings.TrimPrefix(u.Path, callBackPath), form))
	case u.Path == hotlinePath+stepMusic:
		reply = d.music()
	case u.Path == hotlinePath || strings.HasPrefix(u.Path, hotlinePath+"/"):
		reply = d.page(d.onHotline(ctx, strings.TrimPrefix(u.Path, hotlinePath), form))
	default:
		reply = d.answer(ctx, u.Path, form)
	}
	reply.URL = a.URL
	return reply, nil
}

// answer serves what a token opens: scripts, codes, sounds.
func (d *Dispatcher) answer(ctx context.Context, path string, form url.Values) call.Reply {
	part := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch {
	case len(part) == 4 && part[0] == "callouts" && part[2] == d.token(part[1]):
		if doc := d.part(ctx, part[1], part[3], form); doc != nil {
			return d.page(doc)
		}
	case len(part) == 3 && part[0] == "sounds" && part[2] == d.sign("sound "+part[1]):
		return d.sound(ctx, part[1])
	case len(part) == 3 && part[0] == "codes" && part[2] == d.sign("code "+part[1]):
		return d.page(d.codeScript(part[1]))
	}
	return call.Reply{Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such script")}
}

func (d *Dispatcher) page(doc *twiml.Response) call.Reply {
	body, err := twiml.Write(doc)
	if err != nil {
		d.log.Error("script not written", "err", err)
		return call.Reply{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte("the script cannot be written")}
	}
	return call.Reply{Status: http.StatusOK, ContentType: "text/xml", Body: body}
}

// part is one document of the script of an attempt's call; nil if there is no such part.
func (d *Dispatcher) part(ctx context.Context, attempt, name string, form url.Values) *twiml.Response {
	switch name {
	case partScript:
		return d.onScript(attempt, form)
	case partKey:
		return d.onKey(ctx, attempt, form)
	case partSpeak:
		return d.onSpeak(attempt, form)
	case partWord:
		return d.onWord(ctx, attempt, form)
	case partJoin:
		return d.onJoin(ctx, attempt, form)
	case partLeft:
		return d.onLeft(ctx, attempt, form)
	case partLeftKey:
		return d.onLeftKey(ctx, attempt, form)
	case partRoom:
		return d.onRoom(ctx, form)
	case partMachine:
		return d.onMachine(attempt)
	case partGone:
		return d.onGone(ctx, attempt, form)
	case partOver:
		return d.onOver(ctx, form.Get("about"), form.Get("why"))
	}
	return nil
}

// onScript gives the message; heard are the attempts whose message was heard to its end.
func (d *Dispatcher) onScript(attempt string, form url.Values) *twiml.Response {
	l := d.lines.led(attempt)
	if l == nil {
		return goodbye(phrasesOf("en"))
	}
	riders, heard := l.aboard(), attempts(form, "heard")
	for _, rd := range riders {
		if slices.Contains(heard, rd.attempt) {
			rd.run.send(callout.Event{At: now(), Kind: callout.Told, Attempt: rd.attempt})
		}
	}
	if len(riders) == 0 {
		return goodbye(d.phrasesFor(l))
	}
	t := d.telling(l, riders, l.plain())
	t.again = len(heard) > 0 && slices.Contains(heard, t.riders[0].attempt)
	doc := d.script(t)
	if form.Get("real") != "" { // a drill was told until now
		doc.Verbs = slices.Insert(doc.Verbs, 0, t.p.say(t.p.realAlert))
	}
	return doc
}

// attempts reads a list of them from a form.
func attempts(form url.Values, name string) []string { return strings.Fields(form.Get(name)) }

// onOver tells a listener that it is over, and why.
func (d *Dispatcher) onOver(ctx context.Context, about, why string) *twiml.Response {
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return goodbye(phrasesOf("en"))
	}
	v, set := r.view(), d.cfg.House()
	p := phrasesOf(d.languageFor(set, r.attempt(about).Person, v.State.Plan))
	text := p.goodbye
	switch {
	case why == callout.WhyResolved:
		at := v.Incident.Resolved
		if at.IsZero() {
			at = now()
		}
		text = p.resolvedAt(at)
	case why == callout.WhyCallBack:
		text = p.superseded
	case why == callout.WhyStopped && v.State.Drill && v.State.By == byRealAlert:
		text = p.gaveWay
	case why == callout.WhyStopped && v.State.Status == callout.Running: // given back: the plan goes on
		text = p.givesUp
	case why == callout.WhyStopped, why == callout.WhyHalted:
		text = p.stopped
	case v.State.By == r.attempt(about).Person && v.State.Status == callout.Acknowledged:
		text = p.stillOn
	case v.State.By != "":
		text = d.named(set, p, v.State.By, p.taken, p.takenBy)
	}
	if v.State.Drill && text != p.gaveWay {
		return announce(p, text, p.drilled)
	}
	if why == callout.WhyTaken && d.joinable(v.State) {
		offer := gather(partJoin+"?offered=1&about="+url.QueryEscape(about), afterwards, p.say(text), p.say(p.joinOffer))
		return &twiml.Response{Verbs: []twiml.Verb{offer, &twiml.Hangup{}}}
	}
	return announce(p, text)
}

// joinable tells whether those who confirm are brought together. With a caller who has hung up there is nobody to talk to.
func (d *Dispatcher) joinable(s callout.State) bool {
	return s.Plan.Joins(callout.StepLast) && (!s.Plan.Hotline || len(d.guestsOf(s.ID)) > 0)
}

// phrasesFor is the language of the person on a line.
func (d *Dispatcher) phrasesFor(l *line) phrases {
	plan := callout.Plan{}
	if riders := l.aboard(); len(riders) > 0 {
		plan = riders[0].run.view().State.Plan
	}
	return phrasesOf(d.languageFor(d.cfg.House(), l.person, plan))
}

// calloutOf is the call-out an attempt belongs to: attempts are named co-…-1, co-…-2.
func calloutOf(attempt string) string {
	if i := strings.LastIndexByte(attempt, '-'); i > 0 {
		return attempt[:i]
	}
	return attempt
}
