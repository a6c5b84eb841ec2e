// Package trunk knows lines to the telephone network (回線): which classes of numbers each may reach,
// how it wants them spelt, how many calls it carries, how fast new ones may follow. It is arithmetic
// and judgement; the calls themselves are placed by call and leg/sipleg.
package trunk

import (
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/tariff"
)

// Trunk is one line. The zero values of its limits mean: without limit.
type Trunk struct {
	Name       string
	Server     string // host or host:port, optionally sip:…;transport=tcp
	User       string // digest user, "" where the carrier knows us by address
	Password   string
	From       string                  // caller ID where the plan names none
	Reach      []number.Class          // classes it may reach, and no others; empty: all but those that need an Allow
	Allow      []number.Class          // reached besides: abroad, premium, what 050 lines do not reach
	Warn       []number.Class          // reached, with a warning to whoever writes such a number down
	Refuse     []number.Class          // not reached
	Why        map[number.Class]string // in the installation's own words, for Warn and Refuse
	Spelling   string                  // e164 (+8190…), national (090…), digits (8190…)
	Prefix     string                  // dialled before the number: 184, 186
	Channels   int                     // calls at once
	Interval   time.Duration           // least time between new calls: 1 s for Twilio-like ones
	Per        string                  // what the interval is counted for: PerTrunk, PerNumber, PerAccount; "" is PerTrunk
	InBandDTMF bool
	Unreliable bool // says with tones and announcements what others say in SIP, or answers with them (rules 29, 30)
	Upstream   bool // another platform: Server is its URL, User and Password are the account there
	Prices     tariff.Table
	SIP        SIP
	Messages   Messages
}

// What an interval is counted for.
const (
	PerTrunk   = "trunk"
	PerNumber  = "number"  // each caller ID for itself
	PerAccount = "account" // all trunks together that lead to the same server as the same user
)

// GateKey names the gate that a call passes which shows from: calls with the same key follow one another.
func (t Trunk) GateKey(from string) string {
	switch t.Per {
	case PerNumber:
		return "number " + t.Name + " " + from
	case PerAccount:
		return "account " + t.User + "@" + t.Server
	}
	return "trunk " + t.Name
}
