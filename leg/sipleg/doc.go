// Package sipleg makes phone connections over SIP and RTP.
//
// A [Server] owns the sockets: it dials ([leg.Dialer]), takes calls and ends what an earlier life of the
// process left at a carrier ([leg.Ender]). A [Leg] is one dialog and one RTP port. Messages of one socket
// are handled in the order in which they came; nothing here waits for the far end while it holds a lock.
// A [Line] is a carrier: how it is spoken to, and, where it wants that, signed on to ([Server.SetLines]); a [Standing]
// says how it is, with what to do where it is not well.
//
// sipgo reads the messages; transactions, dialogs and offers are this package's own (docs/adr/0060).
package sipleg
