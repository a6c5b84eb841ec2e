package tariff

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Read reads what stands behind prices: in a trunk's document:
//
//	prices:
//	  currency: JPY
//	  calls:
//	    - { to: fixed, price: 8, unit: 3m }          # 8 yen for each three minutes begun
//	    - { to: [mobile, "070"], price: 16, unit: 60s }
//	    - { to: "+1", per-call: 2, price: 0.15, unit: 1s, free: 6s }
//	    - { to: others, price: 20, unit: 60s, attempt: 1 }
//	  inbound:                                       # calls that come in, to numbers of ours
//	    - { to: toll-free, price: 30, unit: 3m }
//	  messages:                                      # short messages that are sent, for each segment
//	    - { to: mobile, price: 9 }
//
// Nothing there gives the zero Table. A row that is wrong is left out, with its problem.
func Read(v yamldoc.Value) Table {
	if !v.Given() {
		return Table{}
	}
	m := v.Map()
	t := Table{Currency: readCurrency(m.Need("currency", "JPY"))}
	t.Rows = readRows(m.Need("calls", "[{ to: mobile, price: 16, unit: 60s }]"))
	t.Inbound = readRows(m.Take("inbound"))
	t.Messages = readEach(m.Take("messages"), readMessageRow, "write { to: mobile, price: 9 }")
	m.Done()
	return t
}

// ReadMessages reads the price list of a carrier that carries short messages alone:
//
//	prices:
//	  currency: JPY
//	  messages: [{ to: mobile, price: 9 }]           # for each segment
func ReadMessages(v yamldoc.Value) Table {
	if !v.Given() {
		return Table{}
	}
	m := v.Map()
	t := Table{Currency: readCurrency(m.Need("currency", "JPY"))}
	t.Messages = readEach(m.Need("messages", "[{ to: mobile, price: 9 }]"), readMessageRow, "write { to: mobile, price: 9 }")
	m.Done()
	return t
}

func readRows(rows yamldoc.Value) []Row {
	return readEach(rows, readRow, "write { to: mobile, price: 16, unit: 60s }")
}

func readEach(rows yamldoc.Value, read func(yamldoc.Value, map[string]bool) (Row, bool), hint string) (out []Row) {
	if !rows.Given() {
		return nil
	}
	taken := map[string]bool{}
	for _, item := range rows.List() {
		if !item.IsMap() {
			item.Error("a price is a row of keys and values", hint)
			continue
		}
		if r, ok := read(item, taken); ok {
			out = append(out, r)
		}
	}
	return out
}

func readCurrency(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		v.Error(fmt.Sprintf("%q is no currency", s), "three capital letters: JPY, USD, EUR")
		return ""
	}
	return s
}

// readMessageRow reads a price for each segment: time has none.
func readMessageRow(v yamldoc.Value, taken map[string]bool) (r Row, ok bool) {
	m := v.Map()
	r.To = readWhom(m.Need("to", "mobile"), taken)
	r.Price = readAmount(m.Need("price", "9"))
	m.Done()
	return r, len(r.To) > 0
}

// readWhom reads what a row prices, each once.
func readWhom(to yamldoc.Value, taken map[string]bool) (words []string) {
	for _, item := range to.List() {
		word := readTo(item)
		switch {
		case word == "":
		case taken[word]:
			item.Error(word+" is priced twice", "remove one of them")
		default:
			taken[word] = true
			words = append(words, word)
		}
	}
	return words
}

func readRow(v yamldoc.Value, taken map[string]bool) (r Row, ok bool) {
	m := v.Map()
	r.To = readWhom(m.Need("to", "mobile"), taken)
	price := m.Take("price")
	r.PerCall = readAmount(m.Take("per-call"))
	r.Price = readAmount(price)
	r.Unit = m.Take("unit").Duration(time.Second, 24*time.Hour)
	r.Free = m.Take("free").Duration(0, 24*time.Hour)
	r.Attempt = readAmount(m.Take("attempt"))
	switch {
	case price.Given() && !m.Take("unit").Given():
		price.Error("a price without a unit of time", "write unit: 60s, or per-call: for a price of the whole call")
	case m.Take("unit").Given() && !price.Given():
		m.Take("unit").Error("a unit of time without a price", "write price: and what each unit costs; 0 is a price")
	case !price.Given() && !m.Take("per-call").Given():
		v.Error("this row has no price", "write price: 16, unit: 60s, or per-call: 10; 0 is a price")
	}
	m.Done()
	return r, len(r.To) > 0
}

func readAmount(v yamldoc.Value) Amount {
	s := v.Text()
	if s == "" {
		return 0
	}
	a, err := ParseAmount(s)
	switch {
	case err != nil:
		v.Error(err.Error(), "write 16 or 0.0085")
		return 0
	case a > mostPrice:
		v.Error(s+" is no price of a call", fmt.Sprintf("at most %s", mostPrice))
		return 0
	}
	return a
}

// readTo reads a class, a prefix as it is dialled in Japan or with its country, or the word others.
func readTo(v yamldoc.Value) string {
	s := v.Text()
	bare := strings.NewReplacer(" ", "", "-", "").Replace(s)
	digits := strings.TrimPrefix(bare, "+")
	switch {
	case s == "" || s == Others:
		return s
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		c, err := number.ParseClass(s)
		if err != nil {
			known := []string{Others}
			for _, c := range number.Classes() {
				known = append(known, string(c))
			}
			hint := "one of " + strings.Join(known, ", ") + ", or a prefix such as 090 or +1"
			if near := yamldoc.Nearest(s, known); near != "" {
				hint = "did you mean " + near + "?"
			}
			v.Error(err.Error(), hint)
		}
		return string(c)
	case len(digits) > 15:
		v.Error(s+" is longer than any number", "")
	case bare != digits && digits[0] == '0':
		v.Error(s+" is no prefix: no country begins with 0", "write 090, or +8190")
	case bare != digits:
		return bare
	case len(digits) > 1 && digits[0] == '0' && digits[1] != '0':
		return "+81" + digits[1:]
	default:
		v.Error(s+" is no prefix of a number", "write 090 for Japan, +1 for elsewhere")
	}
	return ""
}
