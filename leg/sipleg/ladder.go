package sipleg

import (
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/leg"
)

// Ladder draws messages as they went between us and each peer, oldest first, with the time since the first:
//
//	        kaden                                  192.0.2.7:5060
//	0.000     |---- INVITE (SDP) --------------------->|
//	0.012     |<--------------------- 100 Trying ------|
func Ladder(messages []leg.Message) string {
	if len(messages) == 0 {
		return ""
	}
	peers, column := []string{}, map[string]int{}
	for _, m := range messages {
		if _, known := column[m.Peer]; !known {
			column[m.Peer] = len(peers)
			peers = append(peers, m.Peer)
		}
	}
	const lane = 46
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", 12) + "kaden")
	for i, p := range peers {
		at := 14 + (i+1)*lane - len(p)/2
		b.WriteString(strings.Repeat(" ", max(1, at-runeCount(&b))) + p)
	}
	b.WriteByte('\n')
	begun := messages[0].At
	for _, m := range messages {
		to := column[m.Peer]
		width := (to+1)*lane - 1
		label := " " + caption(m.Text) + " "
		if len(label) > width-8 {
			label = label[:width-12] + "... "
		}
		var line string
		if m.Sent {
			line = "----" + label + strings.Repeat("-", width-5-len(label)) + ">"
		} else {
			line = "<" + strings.Repeat("-", width-5-len(label)) + label + "----"
		}
		fmt.Fprintf(&b, "%8.3f      |%s|", m.At.Sub(begun).Seconds(), line)
		for i := to + 1; i < len(peers); i++ {
			b.WriteString(strings.Repeat(" ", lane-1) + "|")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func runeCount(b *strings.Builder) int { return b.Len() } // one line of ASCII so far

// caption is what a message is in a few words.
func caption(text string) string {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	first, rest, _ := strings.Cut(head, "\r\n")
	first = printable(first)
	words := strings.TrimPrefix(first, "SIP/2.0 ")
	if words == first {
		words, _, _ = strings.Cut(first, " ")
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "cseq":
			if number, method, ok := strings.Cut(strings.TrimSpace(value), " "); ok && strings.HasPrefix(first, "SIP/2.0 ") {
				words += " [" + number + " " + method + "]"
			}
		case "authorization", "proxy-authorization":
			words += " +password"
		}
	}
	if strings.HasPrefix(body, "v=0") {
		words += " (SDP)"
	}
	return printable(words)
}

// printable keeps what strangers have written from moving the cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, s)
}
