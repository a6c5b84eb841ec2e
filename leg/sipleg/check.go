package sipleg

import (
	"bytes"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// refusal is why a request is not taken.
type refusal struct {
	code  int
	words string // for the log and the Warning header
	extra []header
}

// allowed are the methods that a leg understands; foreign ones that exist are refused with 405, others with 501.
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY"

// events are those that we tell of: how a transfer goes (RFC 3515). There is nothing to subscribe to.
const events = "refer"

var (
	ourMethods = map[string]bool{"INVITE": true, "ACK": true, "CANCEL": true, "BYE": true, "OPTIONS": true, "INFO": true, "UPDATE": true, "PRACK": true, "REFER": true, "NOTIFY": true}
	methods    = map[string]bool{"REGISTER": true, "SUBSCRIBE": true, "PUBLISH": true, "MESSAGE": true}

	abilities = []header{{"Allow", allowed}, {"Accept", "application/sdp"}, {"Supported", "100rel, timer, norefersub"}}
)

// extensions are those that a request may require.
var extensions = map[string]bool{"100rel": true, "timer": true, "norefersub": true}

// once are the headers that a message has no more than one of.
var once = map[string]string{
	"from": "From", "f": "From", "to": "To", "t": "To", "call-id": "Call-ID", "i": "Call-ID", "cseq": "CSeq",
	"max-forwards": "Max-Forwards", "content-length": "Content-Length", "l": "Content-Length",
	"content-type": "Content-Type", "c": "Content-Type",
}

// checkLine looks at the first line of a request: two spaces, a method, a URI and the version, and nothing
// else (RFC 3261 section 7.1). sipgo forgives more than that.
func checkLine(line string) *refusal {
	parts := strings.Split(line, " ")
	if version := parts[len(parts)-1]; len(parts) == 3 && version != "SIP/2.0" {
		return &refusal{code: 505, words: "only SIP/2.0 is spoken"}
	}
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || strings.ContainsAny(line, "\t") {
		return &refusal{code: 400, words: "the request line is not method, URI and version with one space between"}
	}
	uri := parts[1]
	if strings.HasPrefix(uri, "<") {
		return &refusal{code: 400, words: "the request URI is in angle brackets"}
	}
	scheme, rest, ok := strings.Cut(uri, ":")
	switch {
	case !ok || scheme == "":
		return &refusal{code: 400, words: "the request URI has no scheme"}
	case strings.EqualFold(scheme, "tel"):
	case !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips"):
		return &refusal{code: 416, words: "only sip, sips and tel URIs can be called"}
	case strings.Contains(rest[strings.LastIndex(rest, "@")+1:], "?"):
		return &refusal{code: 400, words: "the request URI has headers in it"} // section 19.1.1, table 1
	}
	return nil
}

// checkHead looks at the headers as they were written; it needs no parser and so finds what one forgives.
func checkHead(head []byte) *refusal {
	seen := map[string]bool{}
	for line := range unfolded(head) {
		if strings.ContainsAny(line, "\r\n") {
			return &refusal{code: 400, words: "a line break that is none"} // it would be one in our answer
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			return &refusal{code: 400, words: "a header without a colon"}
		}
		lower := strings.ToLower(strings.TrimSpace(name))
		value = strings.TrimSpace(value)
		if lower == "via" || lower == "v" {
			seen["Via"] = true
		}
		if full, is := once[lower]; is {
			if seen[full] {
				return &refusal{code: 400, words: "more than one " + full}
			}
			seen[full] = true
		}
		if r := checkValue(lower, value); r != nil {
			return r
		}
	}
	for _, need := range []string{"From", "To", "Call-ID", "CSeq", "Via"} {
		if !seen[need] {
			return &refusal{code: 400, words: "no " + need}
		}
	}
	return nil
}

// unfolded are the header lines, each with its continuations (RFC 3261 section 7.3.1).
func unfolded(head []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		line, begun := "", false
		for l := range bytes.SplitSeq(head, []byte("\r\n")) {
			if len(l) > 0 && (l[0] == ' ' || l[0] == '\t') {
				line += " " + strings.Trim(string(l), " \t")
				continue
			}
			if begun && !yield(line) {
				return
			}
			line, begun = string(l), len(l) > 0
		}
		if begun {
			yield(line)
		}
	}
}

func checkValue(name, value string) *refusal {
	bad := func(words string) *refusal { return &refusal{code: 400, words: words} }
	switch name {
	case "to", "t", "from", "f":
		return checkAddress(name, value)
	case "contact", "m":
		if value != "*" {
			return checkAddress(name, value)
		}
	case "via", "v":
		for _, p := range strings.Split(value, ";")[1:] {
			if p = strings.TrimSpace(p); p == "" || strings.HasPrefix(p, ",") {
				return bad("an empty parameter in Via")
			}
		}
	case "cseq":
		words := strings.Fields(value)
		if len(words) != 2 {
			return bad("CSeq is not a number and a method")
		}
		if n, err := strconv.ParseUint(words[0], 10, 32); err != nil || n >= 1<<31 {
			return bad("CSeq is not a number below 2^31 and a method")
		}
	case "max-forwards":
		if _, err := strconv.ParseUint(value, 10, 8); err != nil {
			return bad("Max-Forwards is not from 0 to 255")
		}
	case "content-length", "l":
		if _, err := strconv.ParseUint(value, 10, 31); err != nil {
			return bad("Content-Length is no length")
		}
	}
	return nil
}

// checkAddress looks at a name-addr (RFC 3261 section 25.1): quotes that close, brackets without space in
// them, and a URI with headers only inside brackets.
func checkAddress(name, value string) *refusal {
	bad := func(words string) *refusal { return &refusal{code: 400, words: words + " in " + name} }
	quoted, escaped, open := false, false, -1
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"' && open < 0:
			quoted = !quoted
		case quoted:
		case c == '<':
			open = i
			if i+1 < len(value) && (value[i+1] == ' ' || value[i+1] == '\t') {
				return bad("space after <")
			}
		case c == '>' && open >= 0:
			if value[i-1] == ' ' || value[i-1] == '\t' {
				return bad("space before >")
			}
			open = -2
		case c == '?' && open == -1:
			return bad("headers of a URI without <>")
		case c == ';' && open < 0 && strings.HasPrefix(value[i:], ";;"):
			return bad("an empty parameter")
		}
	}
	if quoted {
		return bad("a quote without its other")
	}
	if open >= 0 {
		return bad("< without >")
	}
	return nil
}

// check looks at a request that sipgo could read.
func check(r *request, length int) *refusal {
	method := string(r.Method)
	switch c := r.CSeq(); {
	case c == nil || r.Via() == nil || r.From() == nil || r.To() == nil || callID(r) == "":
		return &refusal{code: 400, words: "a header that every request has is missing"}
	case !ourMethods[method] && !methods[method]:
		return &refusal{code: 501, words: "unknown method"}
	case string(c.MethodName) != method:
		return &refusal{code: 400, words: "CSeq names another method"}
	case r.ContentLength() != nil && int(*r.ContentLength()) > length:
		return &refusal{code: 400, words: "the body is shorter than Content-Length"}
	case r.Method == sip.ACK || r.Method == sip.CANCEL:
		return nil
	case r.Method == sip.SUBSCRIBE || r.Method == sip.PUBLISH: // no voice mail box, nobody's presence
		return &refusal{code: 489, words: "there is nothing to subscribe to", extra: []header{{"Allow-Events", events}}}
	case !ourMethods[method]:
		return &refusal{code: 405, words: "method not allowed", extra: []header{{"Allow", allowed}}}
	}
	unknown := slices.DeleteFunc(tokens(r, "Require"), func(t string) bool { return extensions[strings.ToLower(t)] })
	if len(unknown) > 0 {
		return &refusal{code: 420, words: "an extension is required that is not known here", extra: []header{{"Unsupported", strings.Join(unknown, ", ")}}}
	}
	if r.Method != sip.INVITE && r.Method != sip.UPDATE || len(r.Body()) == 0 {
		return nil
	}
	if sdpOf(r) == nil {
		return &refusal{code: 415, words: "only SDP is understood", extra: []header{{"Accept", "application/sdp"}}}
	}
	if e := tokens(r, "Content-Encoding", "e"); len(e) > 0 && !contains(e, "identity") {
		return &refusal{code: 415, words: "no content encoding is understood", extra: []header{{"Accept-Encoding", "identity"}}}
	}
	if accepts := tokens(r, "Accept"); len(accepts) > 0 && !acceptsSDP(accepts) {
		return &refusal{code: 406, words: "the answer is SDP, which is not accepted"}
	}
	return nil
}

func acceptsSDP(list []string) bool {
	for _, a := range list {
		kind, _, _ := strings.Cut(strings.ToLower(a), ";")
		switch strings.TrimSpace(kind) {
		case "application/sdp", "application/*", "*/*", "multipart/mixed":
			return true
		}
	}
	return false
}
