package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/sid"
)

// act answers one request.
type act func(s *server, r *request) (answer, error)

// place is what a path leads to. The zero place leads nowhere.
type place struct {
	account sid.Account // in the path, "" for /Accounts
	id      string      // of the instance
	methods map[string]act
}

// resource is one of Twilio's: what may be done with the list and with one of it.
type resource struct {
	list, instance map[string]act
}

var accounts = resource{
	list:     map[string]act{http.MethodGet: (*server).listAccounts},
	instance: map[string]act{http.MethodGet: (*server).fetchAccount},
}

// ofAccount are the resources below an account, by the name in the path.
var ofAccount = map[string]resource{
	"Calls": {
		list:     map[string]act{http.MethodGet: (*server).listCalls, http.MethodPost: (*server).createCall},
		instance: map[string]act{http.MethodGet: (*server).fetchCall, http.MethodPost: (*server).updateCall, http.MethodDelete: (*server).deleteCall},
	},
	"Balance":               {list: map[string]act{http.MethodGet: (*server).fetchBalance}},
	"Usage/Records":         usageOver(allTime),
	"Usage/Records/AllTime": usageOver(allTime),
	"Usage/Records/Daily":   usageOver(daily),
	"Usage/Records/Monthly": usageOver(monthly),
}

// route reads a path. net/http's own patterns would redirect where a path is not clean, and twilio-go follows
// no redirect: whatever is not exactly right is not there. Names are case-sensitive; .json may be missing.
func route(path string) place {
	rest, ok := strings.CutPrefix(path, "/2010-04-01/Accounts")
	if !ok {
		return place{}
	}
	rest = strings.TrimSuffix(rest, ".json")
	if rest == "" {
		return place{methods: accounts.list}
	}
	parts := strings.Split(rest, "/")[1:]
	if rest[0] != '/' || slices.Contains(parts, "") {
		return place{}
	}
	id, err := sid.Parse[sid.Account](parts[0])
	if err != nil {
		return place{}
	}
	if len(parts) > 2 && parts[1] == "Usage" {
		parts = []string{parts[0], strings.Join(parts[1:], "/")}
	}
	switch p := (place{account: id}); len(parts) {
	case 1:
		p.methods = accounts.instance
		return p
	case 2:
		p.methods = ofAccount[parts[1]].list
		return p
	case 3:
		p.id, p.methods = parts[2], ofAccount[parts[1]].instance
		return p
	}
	return place{}
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
