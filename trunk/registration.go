package trunk

import (
	"context"
	"time"
)

// Registration is how a trunk's registration stands with its carrier: one process is signed on, for all that share a database.
type Registration struct {
	Trunk string
	Node  string // whose it is

	// What that node wrote down. After a takeover all but Contact and Routes are empty until the new one does.
	Contact string   // where the carrier has us: <sip:…>. After a takeover it is that of the node that had it before
	Routes  []string // the way that the carrier wants calls to take (Service-Route, RFC 3608)
	State   string   // in a word, as kaden's API says it; "": nothing is known yet
	Why     string   // what is wrong; "" is nothing
	Remedy  string
	Since   time.Time // of State
	Until   time.Time // of what the carrier has granted
}

// Roll is how the registrations stand with the processes that share them.
type Roll struct {
	All    []Registration // those that are somebody's, by trunk
	Sure   time.Time      // until then nobody else can have those that are this node's, by this process's clock
	Others int            // other nodes that are alive
}

// Registrations are shared by the processes on one database: each is one living node's. A node's lease is theirs too, so a node
// without a sign of life loses them. A node that has none (any more) gets an error from all three.
type Registrations interface {
	// TakeRegistrations makes those of the trunks this node's that are nobody's, or a dead node's, or of an earlier life, and
	// tells how all stand then.
	TakeRegistrations(ctx context.Context, node string, trunks []string) (Roll, error)
	// KeepRegistration writes down how one stands that is r.Node's; an error if it is another's.
	KeepRegistration(ctx context.Context, r Registration) error
	// GiveRegistration gives one back that is r.Node's: others may take it at once, and are told. r.Contact is what the carrier
	// still has, "" if we were signed off. One that is another's is left alone.
	GiveRegistration(ctx context.Context, r Registration) error
}
