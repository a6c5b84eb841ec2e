package sipleg

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// rawRequest is as much of a broken request as is needed to refuse it. Values are as they were written.
type rawRequest struct {
	line    string
	headers []header // Via, From, To, Call-ID and CSeq, for the answer
	agent   string
}

// rawHeaders are the ones that an answer repeats.
var rawHeaders = map[string]string{
	"via": "Via", "v": "Via", "from": "From", "f": "From", "to": "To", "t": "To",
	"call-id": "Call-ID", "i": "Call-ID", "cseq": "CSeq",
}

// split cuts a message into its first line, its headers and its body. Where the empty line after the headers
// is missing, all is headers, and the parser will say so; false when there is not even one line.
func split(data []byte) (line string, head, body []byte, ok bool) {
	first := bytes.Index(data, []byte("\r\n"))
	if first < 0 {
		return "", nil, nil, false
	}
	line = string(data[:first])
	end := bytes.Index(data, []byte("\r\n\r\n"))
	switch {
	case end < 0:
		return line, data[first+2:], nil, true
	case end == first:
		return line, nil, data[end+4:], true
	}
	return line, data[first+2 : end], data[end+4:], true
}

func readRaw(line string, head []byte) rawRequest {
	r := rawRequest{line: line}
	for l := range unfolded(head) {
		name, value, _ := strings.Cut(l, ":")
		lower := strings.ToLower(strings.TrimSpace(name))
		if lower == "user-agent" {
			r.agent = strings.TrimSpace(value)
		}
		if full, is := rawHeaders[lower]; is && len(r.headers) < 64 && !strings.ContainsAny(value, "\r\n") {
			r.headers = append(r.headers, header{full, strings.TrimSpace(value)})
		}
	}
	return r
}

var tagged = regexp.MustCompile(`(?i);\s*tag\s*=`)

func (r rawRequest) get(name string) string {
	for _, h := range r.headers {
		if h.name == name {
			return h.value
		}
	}
	return ""
}

func (r rawRequest) method() string {
	m, _, _ := strings.Cut(r.line, " ")
	return m
}

// refuse writes the answer to a request that could not be read, keeping nothing. The first of several
// Froms, Tos and so on is repeated.
func (r rawRequest) refuse(why *refusal) []byte {
	var headers []header
	seen := map[string]bool{}
	for _, h := range r.headers {
		if h.name != "Via" && seen[h.name] {
			continue
		}
		seen[h.name] = true
		if h.name == "To" && !tagged.MatchString(h.value) {
			h.value += ";tag=" + fresh(8)
		}
		headers = append(headers, h)
	}
	headers = append(headers, why.extra...)
	headers = append(headers, header{"Warning", `399 kaden "` + why.words + `"`})
	return compose("SIP/2.0 "+strconv.Itoa(why.code)+" "+reasons[why.code], headers, "")
}
