package store

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

// hashOf is a key of fixed length for a source and its name for something, which may be longer than an
// index can hold and is chosen by strangers.
func hashOf(source, name string) string {
	h := sha256.Sum256([]byte(source + "\x00" + name))
	return hex.EncodeToString(h[:])
}

// delivery is a row of what was sent.
type delivery struct {
	alert.Delivery
	hash   string
	stored time.Time
}

var deliveries = newTable("delivery", "hash id source kind raw header remote received stored",
	func(d *delivery) []any {
		return []any{&d.hash, &d.ID, &d.Source, &d.Kind, &d.Raw, object{&d.Header}, &d.Remote, moment{&d.ReceivedAt}, moment{&d.stored}}
	})

// incident is a row of an incident; hash finds it by source and key.
type incident struct {
	dispatch.Incident
	hash string
}

var incidents = newTable("incident", "id hash status alert repeats callout taken_by opened updated resolved delivery word word_by drill",
	func(i *incident) []any {
		return []any{&i.ID, &i.hash, &i.Status, object{&i.Alert}, &i.Repeats, &i.Callout, &i.By,
			moment{&i.Opened}, moment{&i.Updated}, moment{&i.Resolved}, &i.DeliveryID,
			&i.Word, &i.WordBy, &i.Drill}
	})

var callouts = newTable("callout", "id incident plan state active due version owner fence created updated",
	func(c *dispatch.Callout) []any {
		return []any{&c.ID, &c.Alert, &c.Plan, text{&c.State}, &c.Active, moment{&c.Due}, &c.Version, &c.Owner, &c.Fence,
			moment{&c.Created}, moment{&c.Updated}}
	})

// What ends a ghost is written by KeepRemains while the call's owner may be writing the rest, so an
// upsert leaves it alone. What its call has cost, and how it sounded, is written with the end of the call.
var attempts = newTable("attempt", "id callout incident person address line call trunk status cause digit node fence target remains dialed rang answered ended "+
	"purpose inbound answered_by price price_unit sound",
	func(a *dispatch.Attempt) []any {
		return []any{&a.ID, &a.Callout, &a.Alert, &a.Person, &a.Address, &a.Line, &a.Call, &a.Trunk, &a.Status, &a.Cause,
			&a.Digit, &a.Node, &a.Fence, (*[]byte)(&a.Target), (*[]byte)(&a.Remains),
			moment{&a.Dialed}, moment{&a.Rang}, moment{&a.Answered}, moment{&a.Ended},
			&a.Purpose, &a.Inbound, &a.AnsweredBy, (*int64)(&a.Price.Amount), &a.Price.Currency, object{&a.Sound}}
	}, "target", "remains", "price", "price_unit", "sound")

// putAttempt inserts or replaces; what ends a ghost is replaced only by something.
var putAttempt = attempts.upsert + ", target = COALESCE(excluded.target, attempt.target), remains = COALESCE(excluded.remains, attempt.remains)"

var events = newTable("event", "seq at kind incident callout person attempt call cause digit text",
	func(e *timeline.Event) []any {
		return []any{&e.Seq, moment{&e.At}, &e.Kind, &e.Alert, &e.Callout, &e.Person, &e.Attempt, &e.Call, &e.Cause, &e.Digit, &e.Text}
	})

// callRow is a call, or what is left of one that was deleted.
type callRow struct {
	call.Record
	deleted bool
}

var calls = newTable("call", "sid account parent direction from_address to_address status cause sip_status trunk attempt answered_by "+
	"program callback callback_seq created updated started answered ended node remains deleted price price_unit sound",
	func(r *callRow) []any {
		return []any{&r.SID, &r.Account, &r.Parent, &r.Direction, &r.From, &r.To, &r.Status, &r.Cause, &r.SIPStatus, &r.Trunk,
			&r.Attempt, &r.AnsweredBy, object{&r.Program}, object{&r.Callback}, &r.CallbackSeq, moment{&r.Created}, moment{&r.Updated},
			moment{&r.Started}, moment{&r.Answered}, moment{&r.Ended}, &r.Node, (*[]byte)(&r.Remains), &r.deleted,
			(*int64)(&r.Price.Amount), &r.Price.Currency, object{&r.Sound}}
	})

// putCall inserts or replaces; a call that was deleted stays so.
var putCall = calls.upsert + " WHERE NOT call.deleted"

// post is a row of a callback that is not yet known to be delivered.
type post struct {
	call.Post
	job bool // the net has taken it up
}

var posts = newTable("post", "id account call method url params due job",
	func(p *post) []any {
		return []any{&p.ID, &p.Account, &p.Call, &p.Method, &p.URL, object{&p.Params}, moment{&p.Due}, &p.job}
	})
