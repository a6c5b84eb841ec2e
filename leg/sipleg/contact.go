package sipleg

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// contactHost is where the carrier finds us: where it sees us, if that is not where we think we are and nobody has
// configured an address.
func (a *attendant) contactHost(f flow) string {
	a.mu.Lock()
	seen := a.standing.Seen
	a.mu.Unlock()
	if a.behind(f) && seen.IsValid() {
		return seen.String()
	}
	return a.srv.ownHost(f)
}

// behind tells whether we stand behind a router that translates addresses, and nobody has configured how we are seen.
func (a *attendant) behind(f flow) bool {
	return a.srv.cfg.Advertise == "" && f.udp && a.srv.lines.seenBy(f.peer.Addr()).IsValid()
}

func (a *attendant) contactFor(f flow, host string) string {
	c := "<sip:" + a.line.User + "@" + host + ";line=" + a.token
	if !f.udp {
		c += ";transport=" + strings.ToLower(f.proto())
	}
	return c + ">"
}

// binding is a contact of this line that a registrar has.
type binding struct {
	uri     string
	at      string // host:port
	here    bool   // it is this process's; else one of an earlier life, or of another process
	expires string // "": as the answer says
}

// bindings reads which contacts of this line a registrar has.
func (a *attendant) bindings(r *response) (all []binding) {
	for _, line := range values(r, "Contact", "m") {
		for _, c := range splitList(line) {
			uri, params, ok := nameAddr(c)
			var u sip.Uri
			if !ok || sip.ParseUri(uri, &u) != nil {
				continue
			}
			token, _ := u.UriParams.Get("line")
			b := binding{uri: uri, at: hostPort(&u), expires: params["expires"]}
			b.here = b.at == a.said && (token == a.token || token == "" && u.User == a.line.User)
			if b.here || token == a.token {
				all = append(all, b)
			}
		}
	}
	return all
}

func hostPort(u *sip.Uri) string { return bracketed(u.Host) + ":" + itoa(portNumber(u.Port)) }

// contacts reads what a registrar has: how long ours is registered, and which are of earlier lives of ours.
func (a *attendant) contacts(r *response) (granted time.Duration, old []string) {
	whole := seconds(values(r, "Expires"))
	if whole == 0 {
		whole = a.expires
	}
	for _, b := range a.bindings(r) {
		switch {
		case !b.here:
			old = append(old, "<"+b.uri+">;expires=0")
		case b.expires != "":
			granted = seconds([]string{b.expires})
		default:
			granted = whole
		}
	}
	if granted > 0 {
		return granted, old
	}
	// Some list nothing, and some rewrite what we said: then nobody can tell which one is ours.
	return whole, nil
}

// splitList cuts a header at its commas, but for those in quotes and in angle brackets.
func splitList(s string) (all []string) {
	quoted, inside, begin := false, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"' && !inside:
			quoted = !quoted
		case quoted:
		case c == '<':
			inside = true
		case c == '>':
			inside = false
		case c == ',' && !inside:
			all = append(all, strings.TrimSpace(s[begin:i]))
			begin = i + 1
		}
	}
	if rest := strings.TrimSpace(s[begin:]); rest != "" {
		all = append(all, rest)
	}
	return all
}

// nameAddr takes <uri>;a=b apart; false where there are no brackets.
func nameAddr(s string) (uri string, params map[string]string, ok bool) {
	open := strings.LastIndexByte(s, '<')
	end := strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		return "", nil, false
	}
	params = map[string]string{}
	for p := range strings.SplitSeq(s[end+1:], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if name != "" {
			params[strings.ToLower(name)] = value
		}
	}
	return s[open+1 : end], params, true
}
