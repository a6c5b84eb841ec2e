package smpp

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
)

// Receipt is what an SMSC says has become of a message (配信結果).
type Receipt struct {
	SID  sid.Message // where that is known without asking the store, else ""
	Name string      // the SMSC's name for the message
	To   string
	Word message.Word // its There is Name
}

// Names are the names under which the submit_sm may have been answered: some SMSCs count in hexadecimal there, and in
// decimal in the text of a receipt. The likeliest comes first.
func (r Receipt) Names() []string {
	names := []string{r.Name}
	if n, err := strconv.ParseUint(r.Name, 10, 64); err == nil {
		hex := strconv.FormatUint(n, 16)
		names = append(names, hex, strings.ToUpper(hex), fmt.Sprintf("%08x", n), fmt.Sprintf("%08X", n))
	}
	if n, err := strconv.ParseUint(r.Name, 16, 64); err == nil {
		names = append(names, strconv.FormatUint(n, 10))
	}
	return names
}

// A receipt as text (SMPP 3.4, Appendix B): id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…
var (
	receiptID   = regexp.MustCompile(`(?i)(?:^|\s)id:\s*(\S+)`)
	receiptStat = regexp.MustCompile(`(?i)\sstat:\s*([A-Z]+)`)
	receiptErr  = regexp.MustCompile(`(?i)\serr:\s*(\w+)`)
	receiptText = regexp.MustCompile(`(?i)\stext:`)
)

// states are message_state (5.2.28), by the words that stand for them in a text.
var states = map[string]byte{
	"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8,
}

// readReceipt reads a deliver_sm that is a receipt; false is one that does not say of what. What stands in optional
// parameters is believed before what stands in the text.
func readReceipt(s short, to string) (Receipt, bool) {
	text, _ := decode(s.Coding, s.text())
	if at := receiptText.FindStringIndex(text); at != nil {
		text = text[:at[0]] // what follows is the beginning of somebody's message
	}
	r := Receipt{To: to, Name: first(receiptID, text)}
	if id, _, _ := strings.Cut(string(s.More[tagReceiptedID]), "\x00"); id != "" {
		r.Name = id
	}
	state := states[strings.ToUpper(first(receiptStat, text))]
	if v := s.More[tagMessageState]; len(v) == 1 {
		state = v[0]
	}
	r.Word = wordOf(state, first(receiptErr, text), s.More[tagNetworkError])
	r.Word.There = r.Name
	return r, r.Name != ""
}

func first(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// wordOf is a message_state in Twilio's words.
func wordOf(state byte, network string, detail []byte) message.Word {
	w := message.Word{Status: message.Undelivered}
	switch state {
	case 1, 6:
		return message.Word{Status: message.Sent}
	case 2:
		return message.Word{Status: message.Delivered}
	case 3:
		w.Code, w.Text = codeAbsent, "EXPIRED: the telephone was not reached in time"
	case 4:
		w.Code, w.Text = codeUnknown, "DELETED: taken out by the carrier"
	case 5:
		w.Code, w.Text = codeUnknown, "UNDELIV: it cannot be delivered"
	case 8:
		w.Code, w.Text = codeFiltered, "REJECTD: rejected by the network"
	case 7:
		w.Code, w.Text = codeUnknown, "UNKNOWN: the carrier does not know what became of it"
	default:
		return message.Word{} // not even that
	}
	const gsm = 3 // network type (5.3.2.31)
	if len(detail) == 3 {
		code := binary.BigEndian.Uint16(detail[1:])
		network = strconv.Itoa(int(code))
		if c := mapErrors[code]; detail[0] == gsm && c != 0 && state == 5 {
			w.Code = c
		}
	}
	if strings.Trim(network, "0") != "" {
		w.Text += ", the network's error " + network
	}
	return w
}

// mapErrors are what a GSM network says of a telephone (3GPP TS 29.002, 17.6.6), as Twilio counts it.
var mapErrors = map[uint16]int{1: codeNobody, 9: codeBlocked, 11: codeBlocked, 13: codeBlocked, 27: codeAbsent}
