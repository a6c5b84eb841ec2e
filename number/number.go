// Package number knows telephone numbers: E.164, the classes of Japanese numbers, and addresses.
//
// [Parse] takes what a person wrote or a carrier sent and gives a [Number]; [Number.Class] says what kind of
// line it leads to, and [Class.Dialable] whether kaden would ever ring it. [ParseAddress] reads every way to
// name an endpoint. All of it is pure; nothing here dials, and nothing here lets 110 be dialled.
package number

// Number is a telephone number in E.164 with its plus sign: +819012345678. The zero value is no number.
// What E.164 has no form for, 110 or 0033…, is kept as it would be dialled, without a plus: its [Class]
// is Emergency or Special, and no trunk takes it.
type Number string

// Class says what kind of line a number leads to, as far as its digits tell.
type Class string

// The classes. Emergency and Special are never dialled.
const (
	Unknown   Class = "unknown"
	Mobile    Class = "mobile"    // 携帯: 060 070 080 090
	Fixed     Class = "fixed"     // 固定
	IPPhone   Class = "ip"        // 050
	TollFree  Class = "toll-free" // 0120, 0800
	Shared    Class = "shared"    // 0570 ナビダイヤル
	Premium   Class = "premium"   // 0990 and the like
	Pager     Class = "pager"     // 020
	Abroad    Class = "abroad"    // another country
	Emergency Class = "emergency" // 110 118 119, 112, 911 …
	Special   Class = "special"   // every other 1XY, 00XY prefixes
)

// Scheme says over which kind of line an [Address] is reached.
type Scheme string

// The schemes of addresses. Sim is a simulated phone in this process (demo, tests, first start).
const (
	Tel    Scheme = "tel"
	SIP    Scheme = "sip"
	SIPS   Scheme = "sips" // SIP that insists on TLS; never dialled over anything less
	Client Scheme = "client"
	Sim    Scheme = "sim"
	App    Scheme = "app" // an application of ours, dialled by a document; nobody can write such an address
)

// Address is one way to name an endpoint: a number, a SIP URI, a browser's identity.
// The zero value is no address.
type Address struct {
	Scheme Scheme
	Number Number // for Tel
	Text   string // for the others: everything after the colon; for SIP with its parameters
}
