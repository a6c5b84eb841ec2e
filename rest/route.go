package rest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/sid"
)

// act answers one request.
type act func(s *server, r *request) (answer, error)

// methods are what may be done at one path, by the method of HTTP.
type methods map[string]act

// routes are resources by their path below the account; * stands for an identifier.
type routes map[string]methods

// place is what a path leads to. The zero place leads nowhere.
type place struct {
	account sid.Account // in the path, "" for /Accounts
	rest    []string    // the path below the account
	ids     []string    // in rest, in order
	json    bool        // the path ends in .json
	methods methods
}

// accountList and accountInstance are the accounts themselves.
var (
	accountList     = methods{http.MethodGet: (*server).listAccounts, http.MethodPost: (*server).createAccount}
	accountInstance = methods{http.MethodGet: (*server).fetchAccount, http.MethodPost: (*server).updateAccount}
)

// ofAccount are the resources below an account.
var ofAccount = plan(
	applicationRoutes, callRoutes, callerIDRoutes, conferenceRoutes, debugRoutes, keyRoutes, messageRoutes, moneyRoutes, numberRoutes, pageRoutes, queueRoutes, recordingRoutes, sipRoutes, streamRoutes, tapeRoutes, tokenRoutes, triggerRoutes, usageRoutes,
)

// verify are the resources of Twilio's Verify API, version 2. They are those of whoever asks.
var verify = plan(verifyRoutes)

// crossing is a point of a path: where the names go, and where an identifier goes.
type crossing struct {
	names map[string]*crossing
	any   *crossing
	methods
}

// plan makes one map of the routes of all resources.
func plan(all ...routes) *crossing {
	root := &crossing{}
	for _, r := range all {
		for path, m := range r {
			at := root
			for part := range strings.SplitSeq(path, "/") {
				at = at.step(part)
			}
			if at.methods == nil {
				at.methods = methods{}
			}
			maps.Copy(at.methods, m)
		}
	}
	return root
}

// step is the crossing one part further on; it is made if it is not there.
func (c *crossing) step(part string) *crossing {
	if part == "*" {
		if c.any == nil {
			c.any = &crossing{}
		}
		return c.any
	}
	if c.names == nil {
		c.names = map[string]*crossing{}
	}
	if c.names[part] == nil {
		c.names[part] = &crossing{}
	}
	return c.names[part]
}

// route reads a path. net/http's own patterns would redirect where a path is not clean, and twilio-go follows
// no redirect: whatever is not exactly right is not there. Names are case-sensitive; .json may be missing.
func route(path string) place {
	if rest, ok := strings.CutPrefix(path, "/v2/"); ok {
		return place{}.below(verify, strings.Split(rest, "/"))
	}
	rest, ok := strings.CutPrefix(path, "/2010-04-01/Accounts")
	if !ok {
		return place{}
	}
	rest, json := strings.CutSuffix(rest, ".json")
	if rest == "" {
		return place{json: json, methods: accountList}
	}
	parts := strings.Split(rest, "/")[1:]
	if rest[0] != '/' || slices.Contains(parts, "") {
		return place{}
	}
	id, err := sid.Parse[sid.Account](parts[0])
	if err != nil {
		return place{}
	}
	p := place{account: id, json: json, methods: accountInstance}
	if len(parts) == 1 {
		return p
	}
	return p.below(ofAccount, parts[1:])
}

// below is the place that a path leads to from a crossing.
func (p place) below(at *crossing, path []string) place {
	p.rest = path
	for _, part := range path {
		next := at.names[part]
		if next == nil {
			next = at.any
			p.ids = append(p.ids, part)
		}
		if next == nil || part == "" {
			return place{}
		}
		at = next
	}
	p.methods = at.methods
	return p
}

// allow is the Allow header of the place.
func (p place) allow() string {
	var list []string
	for m := range p.methods {
		list = append(list, m)
		if m == http.MethodGet {
			list = append(list, http.MethodHead)
		}
	}
	slices.Sort(list)
	return strings.Join(append(list, http.MethodOptions), ", ")
}
