package trunk

import (
	"cmp"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Messages is how a trunk carries short messages (SMS): each as a SIP request of its own (MESSAGE, RFC 3428). The zero
// value carries none, and takes none that come in.
type Messages struct {
	As     string // AsText or AsCPIM; "" is not at all
	Rate   int    // messages a second; 0 is as fast as they are answered
	Window int    // messages that may wait for their answer at once
}

// How a message stands in the request.
const (
	AsText = "sip"  // the words alone: that they are accepted is all that is heard
	AsCPIM = "cpim" // in an envelope that asks for word of the delivery (RFC 3862, RFC 5438)
)

// readMessages reads whether a trunk carries short messages:
//
//	messages: sip       # as SIP MESSAGE; cpim: in an envelope that asks for delivery reports (IMDN). Nothing: none
//	message-rate: 10    # messages a second; nothing: as fast as they are answered
//	message-window: 10  # messages that may wait for their answer at once
func readMessages(doc *yamldoc.Map) Messages {
	m := Messages{As: doc.Take("messages").OneOf(AsText, AsCPIM)}
	rate, window := doc.Take("message-rate"), doc.Take("message-window")
	m.Rate, m.Window = rate.Count(1, 10_000), cmp.Or(window.Count(1, 1_000), usualWindow)
	if m.As != "" {
		return m
	}
	for _, v := range []yamldoc.Value{rate, window} {
		if v.Given() && !doc.Take("messages").Given() {
			v.Warn("without messages: it means nothing", "add messages: sip")
		}
	}
	return Messages{}
}

// Address is a user at the trunk's server as SIP calls it, and the server's name alone: registrars know us by their own.
func (t Trunk) Address(user string) (uri, host string) {
	server := strings.TrimPrefix(t.Server, "sip:")
	if secure, is := strings.CutPrefix(server, "sips:"); is {
		server = secure + ";transport=tls"
	}
	server, parameters, found := strings.Cut(server, ";")
	if found {
		parameters = ";" + parameters
	}
	host = server
	if i := strings.LastIndexByte(server, ':'); i > strings.LastIndexByte(server, ']') {
		host = server[:i]
	}
	return "sip:" + user + "@" + server + parameters, host
}

// Writes is a number as it stands in the address of a short message: as it is dialled, without the prefix, which is for
// calls. What is no number stays as it is.
func (t Trunk) Writes(to string) string {
	if !strings.HasPrefix(to, "+") {
		return to
	}
	return number.Number(to).Spell(t.Spelling)
}
