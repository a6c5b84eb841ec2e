package message

import "strings"

// gsm7 are the characters of GSM 03.38's alphabet that take one place, extended those that take two.
const (
	gsm7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

	extended = "\f^{}\\[~]|€"
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
		case strings.ContainsRune(gsm7, r):
			places++
		case strings.ContainsRune(extended, r):
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
