package clientsdk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Tab is a page that is on duty: calls to its identity ring it.
type Tab struct {
	Account  sid.Account
	Identity string
	Source   string    // the host that it comes from
	Agent    string    // what its browser calls itself; cut short where it is longer than anybody reads
	Since    time.Time // when it came on duty, without a break
}

// Duty lists every tab on duty, by account and identity, and then in the order in which they came. A page that has
// vanished without a word is in it until nothing was heard of it for 15 s.
func (s *Server) Duty() []Tab {
	s.mu.Lock()
	tabs := make([]Tab, 0, len(s.duty))
	for w, all := range s.duty {
		for _, k := range all {
			tabs = append(tabs, Tab{w.account, w.identity, k.source, k.agent, k.since})
		}
	}
	s.mu.Unlock()
	slices.SortStableFunc(tabs, func(a, b Tab) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Identity, b.Identity), a.Since.Compare(b.Since))
	})
	return tabs
}

// mostAgent is how much of a User-Agent is remembered, in bytes; browsers' own have some 120.
const mostAgent = 200

// agentOf is a User-Agent with a memory of its own: a string of a request holds all its headers.
func agentOf(header string) string {
	return strings.Clone(strings.ToValidUTF8(header[:min(len(header), mostAgent)], ""))
}
