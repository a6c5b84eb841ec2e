package number

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// emergency holds what reaches rescue services when dialled as it is: Japan's own and those that
// handsets and networks elsewhere treat alike.
var emergency = map[string]bool{
	"110": true, // 警察
	"118": true, // 海上保安庁
	"119": true, // 消防・救急
	"112": true, "911": true, "999": true, "000": true,
}

// Class says what kind of line n leads to. It goes by the digits alone and never fails: what it cannot
// place is Unknown.
func (n Number) Class() Class {
	digits, international := strings.CutPrefix(string(n), "+")
	switch {
	case digits == "":
		return Unknown
	case emergency[digits]:
		return Emergency
	case !international:
		if len(digits) > 3 && digits[0] == '1' && emergency[digits[:3]] {
			return Emergency // 1101234: the exchange stops listening after 110
		}
		return Special
	}
	if national, ok := strings.CutPrefix(digits, "81"); ok {
		if len(national) == 3 {
			if emergency[national] {
				return Emergency
			}
			return Special
		}
		return classJapan(national)
	}
	// Numbers of people have more digits than this; what is so short may be an emergency number
	// behind a country code (+1 911, +44 999).
	if len(digits) <= 6 {
		return classShort(digits)
	}
	return Abroad
}

// classShort judges a few digits behind a plus.
func classShort(digits string) Class {
	n, err := phonenumbers.Parse("+"+digits, "")
	if err != nil {
		return Special
	}
	national := phonenumbers.GetNationalSignificantNumber(n)
	for _, region := range phonenumbers.GetRegionCodesForCountryCode(int(n.GetCountryCode())) {
		if emergency[national] || phonenumbers.IsEmergencyNumber(national, region) {
			return Emergency
		}
	}
	if len(national) <= 3 {
		return Special
	}
	return Abroad
}

// classJapan judges a Japanese number without its 0, by the numbering plan of the Ministry of Internal
// Affairs and Communications (電気通信番号計画). 060 was opened to mobiles in 2024; phonenumbers does not
// know that yet.
func classJapan(national string) Class {
	if national == "" || national[0] == '0' {
		return Unknown
	}
	head := national[:min(3, len(national))]
	switch len(national) {
	case 9:
		switch head {
		case "120":
			return TollFree
		case "570":
			return Shared
		case "990", "180": // ダイヤルQ2, テレドーム
			return Premium
		}
		if isFixed(national) {
			return Fixed
		}
	case 10:
		switch {
		case head == "800":
			return TollFree
		case head[:2] == "20":
			return Pager
		case head[1] != '0' || head[2] == '0':
		case strings.ContainsRune("6789", rune(head[0])):
			return Mobile
		case head[0] == '5':
			return IPPhone
		}
	case 13:
		if head == "200" { // 0200: machines
			return Pager
		}
	}
	return Unknown
}

func isFixed(national string) bool {
	n, err := phonenumbers.Parse("+81"+national, "")
	return err == nil && phonenumbers.GetNumberType(n) == phonenumbers.FIXED_LINE
}

// Dialable tells whether kaden would ever ring a number of this class over some trunk; reason says why not.
func (c Class) Dialable() (ok bool, reason string) {
	switch c {
	case Emergency:
		return false, "emergency numbers (110, 118, 119 …) are never dialled"
	case Special:
		return false, "special numbers (1XY services, 00XY carrier prefixes) are never dialled"
	}
	return true, ""
}

// Words is the class with the prefixes people know it by: toll-free numbers (0120, 0800).
func (c Class) Words() string {
	switch c {
	case Mobile:
		return "mobile numbers (060, 070, 080, 090)"
	case Fixed:
		return "fixed lines"
	case IPPhone:
		return "IP telephones (050)"
	case TollFree:
		return "toll-free numbers (0120, 0800)"
	case Shared:
		return "0570 numbers"
	case Premium:
		return "premium numbers (0990, 0180)"
	case Pager:
		return "020 numbers"
	case Abroad:
		return "numbers abroad"
	case Emergency:
		return "emergency numbers"
	case Special:
		return "special numbers"
	}
	return "numbers of unknown kind"
}

// Classes lists the classes a trunk may be allowed or forbidden, in the order they are shown.
func Classes() []Class {
	return []Class{Mobile, Fixed, IPPhone, TollFree, Shared, Premium, Pager, Abroad, Unknown}
}

// ParseClass reads a class by its name as trunks write it: mobile, toll-free.
func ParseClass(s string) (Class, error) {
	for _, c := range Classes() {
		if s == string(c) {
			return c, nil
		}
	}
	if ok, reason := Class(s).Dialable(); !ok {
		return "", errors.New(reason)
	}
	return "", fmt.Errorf("%q is not a class of numbers", s)
}
