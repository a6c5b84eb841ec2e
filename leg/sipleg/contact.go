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

// contacts reads what a registrar has: how long ours is registered, and which are of earlier lives of ours.
func (a *attendant) contacts(r *response) (granted time.Duration, old []string) {
	whole := seconds(values(r, "Expires"))
	if whole == 0 {
		whole = a.expires
	}
	listed := 0
	for _, line := range values(r, "Contact", "m") {
		for _, c := range splitList(line) {
			uri, params, ok := nameAddr(c)
			var u sip.Uri
			if !ok || sip.ParseUri(uri, &u) != nil {
				continue
			}
			listed++
			token, _ := u.UriParams.Get("line")
			ours := bracketed(u.Host)+":"+itoa(portNumber(u.Port)) == a.said
			switch {
			case ours && (token == a.token || token == "" && u.User == a.line.User):
				granted = whole
				if text, ok := params["expires"]; ok {
					granted = seconds([]string{text})
				}
			case token == a.token:
				old = append(old, "<"+uri+">;expires=0")
			}
		}
	}
	switch {
	case granted > 0:
		return granted, old
	case listed == 0: // some list nothing
		return whole, nil
	}
	// What we said was rewritten on the way: which one is ours, nobody can tell.
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
