package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// The ring times a contact method may ask for.
const (
	shortestRing = 5 * time.Second
	longestRing  = 5 * time.Minute
)

// ReadPerson reads a person's document:
//
//	person: sato
//	name: 佐藤
//	reading: さとう
//	language: ja-JP
//	contacts:
//	  - tel:+819012345678
//	  - { address: sip:sato@192.0.2.7, ring: 25s }
//	  - [client:sato, tel:+81312345678]   # these ring at the same time
//	pin: "4711"                   # proves sato when he calls us
//
// A contact is refused here, and not at night, if it could never be called.
func ReadPerson(text []byte) (Person, problem.List) {
	doc := yamldoc.Parse(text)
	p := Person{
		ID:       doc.Need("person", "sato").Text(),
		Name:     doc.Take("name").Text(),
		Reading:  doc.Take("reading").Text(),
		Language: readLanguage(doc.Take("language")),
		PIN:      readPIN(doc.Take("pin")),
	}
	contacts := doc.Need("contacts", "[tel:+819012345678]")
	for i, item := range contacts.List() {
		if item.IsList() {
			p.readTogether(item, i+1)
			continue
		}
		p.readContact(item, 0)
	}
	if contacts.Given() && len(contacts.List()) == 0 {
		contacts.Error("a person needs a way to be reached", "contacts: [tel:+819012345678]")
	}
	return p, doc.Done()
}

// readTogether reads a list within the contacts: they ring at the same time.
func (p *Person) readTogether(list yamldoc.Value, number int) {
	items := list.List()
	switch len(items) {
	case 0:
		list.Error("a list of contacts that ring at the same time is empty", "- [client:sato, tel:+819012345678]")
	case 1:
		list.Warn("one contact rings alone, in a list of its own or not", "write it without the inner list, or add what is to ring at the same time")
	}
	for _, item := range items {
		if item.IsList() {
			item.Error("these ring at the same time already: a third list within them means nothing", "- [client:sato, tel:+819012345678]")
			continue
		}
		p.readContact(item, number)
	}
}

// readContact adds one contact, at its first place.
func (p *Person) readContact(item yamldoc.Value, together int) {
	m, ok := readMethod(item)
	if !ok {
		return
	}
	if slices.ContainsFunc(p.Contacts, func(o Method) bool { return o.Address == m.Address }) {
		item.Warn(m.Address.String()+" is listed twice", "the first place counts")
		return
	}
	m.Together = together
	p.Contacts = append(p.Contacts, m)
}

// Addresses are what a document's contacts say, one by one and those within lists too, for whoever has something to say
// of one at its place.
func Addresses(contacts yamldoc.Value) (all []yamldoc.Value) {
	for _, item := range contacts.List() {
		switch {
		case item.IsList():
			all = append(all, Addresses(item)...)
		case item.IsMap():
			all = append(all, item.Map().Take("address"))
		default:
			all = append(all, item)
		}
	}
	return all
}

func readMethod(item yamldoc.Value) (m Method, ok bool) {
	address := item
	if item.IsMap() {
		fields := item.Map()
		address = fields.Need("address", "tel:+819012345678")
		m.Ring = int(fields.Take("ring").Duration(shortestRing, longestRing) / time.Second)
		fields.Done()
	}
	s := address.Text()
	if s == "" {
		return m, false
	}
	a, err := number.ParseAddress(s)
	if err != nil {
		address.Error(err.Error(), "")
		return m, false
	}
	if a.Scheme == number.Tel {
		if can, reason := a.Number.Class().Dialable(); !can {
			address.Error(fmt.Sprintf("%s cannot be a contact: %s", s, reason), "")
			return m, false
		}
		if prefix, _ := number.CutPresentation(strings.TrimPrefix(strings.ToLower(s), "tel:")); prefix != "" {
			address.Warn(prefix+" is not dialled for a contact", "a trunk's prefix: says whether the number is shown")
		}
	}
	m.Address = a
	return m, true
}

// readPIN takes four to ten digits.
func readPIN(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	if len(s) < 4 || len(s) > 10 || strings.Trim(s, "0123456789") != "" {
		v.Error("a PIN has four to ten digits", `pin: "4711"`)
		return ""
	}
	if strings.Trim(s, s[:1]) == "" {
		v.Warn("is the same digit again and again: the first that anybody tries", "")
	}
	return s
}

func readLanguage(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil {
		v.Error(fmt.Sprintf("%q is no language", s), "write ja-JP or en-US")
		return ""
	}
	return tag.String()
}

// Reference is a name in a document, and where it stands.
type Reference struct {
	Text         string
	Line, Column int
}

// ReadGroup reads a group's document, and gives its members once more with their places, for whoever
// checks that they exist:
//
//	group: db-team
//	members: [suzuki, tanaka, "@managers"]
func ReadGroup(text []byte) (Group, []Reference, problem.List) {
	doc := yamldoc.Parse(text)
	g := Group{ID: doc.Need("group", "db-team").Text()}
	var places []Reference
	members := doc.Need("members", "[sato, suzuki]")
	for _, item := range members.List() {
		m := item.Text()
		switch {
		case m == "":
			continue
		case strings.HasPrefix(m, "on-call:"):
			item.Error("rotations do not exist here yet", "name people or another group")
			continue
		case slices.Contains(g.Members, m):
			item.Warn(m+" is listed twice", "the first place counts")
			continue
		}
		line, column := item.Place()
		g.Members = append(g.Members, m)
		places = append(places, Reference{Text: m, Line: line, Column: column})
	}
	if members.Given() && len(members.List()) == 0 {
		members.Warn("nobody is in this group", "members: [sato]")
	}
	return g, places, doc.Done()
}
