package sipleg

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// referral is what a REFER asks for.
type referral struct {
	target   string            // sip:, sips: or tel:, without headers and method
	headers  map[string]string // for the new call; never nil
	replaces replaced          // an attended transfer: the dialog that the new call takes the place of
}

// replaced names a dialog as the one who is to give it up sees it (RFC 3891 section 3).
type replaced struct{ callID, toTag, fromTag string }

func (r replaced) String() string {
	return r.callID + ";to-tag=" + r.toTag + ";from-tag=" + r.fromTag
}

// Limits on what a REFER may say.
const (
	longestReferTo   = 2048
	mostReferHeaders = 16
)

// readReferTo reads the Refer-To headers of a REFER; code is the refusal, 0 for none: one of them (RFC 3515 section
// 2.4.2), which asks for a call.
func readReferTo(lines []string) (to referral, code int) {
	var all []string
	for _, l := range lines {
		if len(l) > longestReferTo {
			return to, 400
		}
		all = append(all, splitList(l)...)
	}
	if len(all) != 1 {
		return to, 400
	}
	uri, _, bracketed := nameAddr(all[0])
	if !bracketed {
		uri, _, _ = strings.Cut(all[0], ";")
		if strings.Contains(uri, "?") { // its headers would be the header's own (RFC 3261 section 20)
			return to, 400
		}
	}
	uri = strings.TrimSpace(uri)
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune(`<>"`, r) }) {
		return to, 400
	}
	to.headers = map[string]string{}
	scheme, rest, _ := strings.Cut(uri, ":")
	switch scheme = strings.ToLower(scheme); {
	case rest == "":
		return to, 400
	case scheme == "tel":
		to.target = "tel:" + rest
		return to, 0
	case scheme != "sip" && scheme != "sips":
		return to, 416
	}
	begin := strings.LastIndexByte(rest, '@') + 1
	place, headers, _ := strings.Cut(rest[begin:], "?")
	host, method := withoutMethod(place)
	if method != "" && !strings.EqualFold(method, "INVITE") {
		return to, 603 // we call, and do nothing else for others
	}
	to.target = scheme + ":" + rest[:begin] + host
	var u sip.Uri
	if sip.ParseUri(to.target, &u) != nil || u.Host == "" {
		return to, 400
	}
	code = to.readHeaders(headers)
	return to, code
}

// withoutMethod takes the method out of a URI's parameters.
func withoutMethod(place string) (rest, method string) {
	parts := strings.Split(place, ";")
	rest = parts[0]
	for _, p := range parts[1:] {
		if name, value, _ := strings.Cut(p, "="); strings.EqualFold(name, "method") {
			method = value
			continue
		}
		rest += ";" + p
	}
	return rest, method
}

// readHeaders takes those headers of the address that a stranger may set (RFC 3261 section 19.1.5 warns of the rest).
func (to *referral) readHeaders(text string) (code int) {
	if text == "" {
		return 0
	}
	all := strings.Split(text, "&")
	if len(all) > mostReferHeaders {
		return 400
	}
	for _, one := range all {
		name, value, _ := strings.Cut(one, "=")
		name, err1 := url.PathUnescape(name)
		value, err2 := url.PathUnescape(value)
		if err1 != nil || err2 != nil || !clean(name) || !clean(value) || strings.ContainsAny(name, ": \t\"<>") {
			return 400
		}
		switch lower := strings.ToLower(name); {
		case lower == "replaces":
			var ok bool
			if to.replaces, ok = readReplaces(value); !ok {
				return 400
			}
		case strings.HasPrefix(lower, "x-"), lower == "subject", lower == "user-to-user":
			to.headers[name] = value
		}
	}
	return 0
}

// readReplaces reads a Replaces header. Whether it is for early dialogs only is of no use here.
func readReplaces(value string) (r replaced, ok bool) {
	parts := strings.Split(value, ";")
	r.callID = strings.TrimSpace(parts[0])
	for _, p := range parts[1:] {
		name, v, _ := strings.Cut(p, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "to-tag":
			r.toTag = strings.TrimSpace(v)
		case "from-tag":
			r.fromTag = strings.TrimSpace(v)
		}
	}
	return r, r.callID != "" && r.toTag != "" && r.fromTag != "" && !strings.ContainsAny(value, " ,<>\"")
}

// refers reads all of a REFER.
func refers(r *request) (to referral, code int) {
	to, code = readReferTo(rawValues(r.raw, "refer-to", "r"))
	if by := rawValues(r.raw, "referred-by", "b"); code == 0 && len(by) > 0 && len(by[0]) <= longestReferTo && clean(by[0]) {
		to.headers["Referred-By"] = by[0]
	}
	return to, code
}

// answeredLeg is the leg that a Replaces names, if it is an answered one of ours. No lock of a leg may be held.
func (s *Server) answeredLeg(r replaced) *Leg {
	l := s.find(r.callID, r.toTag)
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != up || l.dialog.tag != r.fromTag {
		return nil
	}
	return l
}

// ours tells whether a dialog is one of ours, answered or not.
func (s *Server) ours(r replaced) bool { return s.find(r.callID, r.toTag) != nil }

// readFragment reads how a call went out of a message/sipfrag (RFC 3420): its status line.
func readFragment(body []byte) (status int, reason string, ok bool) {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	version, rest, _ := strings.Cut(strings.TrimRight(string(line), "\r "), " ")
	digits, reason, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(digits)
	if version != "SIP/2.0" || err != nil || len(digits) != 3 || status < 100 || status > 699 || !clean(reason) {
		return 0, "", false
	}
	return status, strings.ToValidUTF8(reason[:min(len(reason), 200)], ""), true
}
