// Package job is work that any node may do later, at least once: status callbacks that a crash left
// undelivered, notices, clean-up. Phones never wait for it. It is built on River and lives in the same
// database as the records, so that a job is there exactly if the change that needs it is.
package job

// Args describe one piece of work; they are kept as JSON. Kind names it, two letters or more.
type Args interface {
	Kind() string
}
