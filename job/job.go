// Package job is work that any node may do later, at least once: status callbacks that a crash left
// undelivered, notices, clean-up. Phones never wait for it.
//
// A room describes a piece of work by a type ([Args]) and says who does it ([Handle]); dispatch adds it in
// the transaction that needs it (dispatch.Tx). Package store keeps jobs in the database of the records,
// so that a job is there exactly if the change that needs it is, and has River run them.
package job

// Args describe one piece of work; they are kept as JSON. Kind names it, two letters or more.
type Args interface {
	Kind() string
}
