package message

import "strings"

// The characters of GSM's own alphabet (3GPP TS 23.038, 6.2.1), in the order of their codes: those that take one place,
// without the escape (0x1B), and those that take two. GSM7ExtendedCodes has their second codes.
const (
	GSM7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

	GSM7Extended      = "\f^{}\\[~]|€"
	GSM7ExtendedCodes = "\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65"
)

// Segments is how many messages a text is on the air: 160 places in GSM's own alphabet, or 153 in each of several;
// with any other character in it, 70 and 67 of UTF-16. An empty text is one.
func Segments(text string) int {
	places, units := 0, 0
	plain := true
	for _, r := range text {
		units++
		if r > 0xffff {
			units++
		}
		switch {
		case strings.ContainsRune(GSM7, r):
			places++
		case strings.ContainsRune(GSM7Extended, r):
			places += 2
		default:
			plain = false
		}
	}
	if plain {
		return parts(places, 160, 153)
	}
	return parts(units, 70, 67)
}

func parts(n, alone, each int) int {
	if n <= alone {
		return 1
	}
	return (n + each - 1) / each
}
