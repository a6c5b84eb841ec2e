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
	From       string         // caller ID where the plan names none
	Reach      []number.Class // classes it may reach; empty: all that may be dialled at all
	Refuse     []number.Class // classes it may not reach, with the reason shown
	Spelling   string         // e164 (+8190…), national (090…), digits (8190…)
	Prefix     string         // dialled before the number: 184, 186
	Channels   int            // calls at once
	Interval   time.Duration  // least time between new calls: 1 s for Twilio-like ones
	InBandDTMF bool
	Unreliable bool // answers with announcements (rule 30)
	Prices     tariff.Table
}
