package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// phoneDocument is a phone with the domain it names.
type phoneDocument struct {
	doc    Document
	phone  account.Phone
	domain string
}

func (c *compiling) readDomain(d Document) {
	domain, list := account.ReadDomain([]byte(d.Text))
	c.note(d, list...)
	if list.Refused() {
		return
	}
	c.set.Domains = append(c.set.Domains, domain)
	c.checks = append(c.checks, func() {
		if domain.Bin != "" && !c.exists(kindBin, domain.Bin) {
			c.note(d, c.at(d, "bin", problem.Error, fmt.Sprintf("there is no bin %q", domain.Bin), meant(domain.Bin, c.names(kindBin))))
		}
	})
}

func (c *compiling) readPhone(d Document) {
	p, domain, list := account.ReadPhone([]byte(d.Text), c.secrets)
	c.note(d, list...)
	if !list.Refused() {
		c.phones = append(c.phones, phoneDocument{d, p, domain})
	}
}

// joinDomains gives each phone to its domain, and says where two hosts are one.
func (c *compiling) joinDomains() {
	slices.SortFunc(c.set.Domains, func(a, b account.Domain) int { return strings.Compare(a.Name, b.Name) })
	hosts := map[string]string{}
	for i := range c.set.Domains {
		d := &c.set.Domains[i]
		for _, h := range append([]string{d.Name}, d.Also...) {
			if other, twice := hosts[h]; twice && other != d.Name {
				doc := c.declared[kindDomain+" "+d.Name]
				c.note(doc, c.at(doc, "domain", problem.Error, fmt.Sprintf("%s is a host of domain %s as well", h, other), "each host belongs to one domain"))
			}
			hosts[h] = d.Name
		}
	}
	for _, p := range c.phones {
		i := slices.IndexFunc(c.set.Domains, func(d account.Domain) bool { return d.Name == p.domain })
		if i < 0 {
			if !c.exists(kindDomain, p.domain) { // else it is wrong, and that has been said
				c.note(p.doc, c.at(p.doc, "phone", problem.Error, fmt.Sprintf("there is no domain %q", p.domain), meant(p.domain, c.names(kindDomain))))
			}
			continue
		}
		c.set.Domains[i].Phones = append(c.set.Domains[i].Phones, p.phone)
	}
}

// checkRegistered: a person's address in a domain of ours is a phone's.
func (c *compiling) checkRegistered(d Document, p oncall.Person) {
	for _, contact := range p.Contacts {
		if contact.Address.Scheme != number.SIP {
			continue
		}
		user, host, ok := strings.Cut(contact.Address.Text, "@")
		host, _, _ = strings.Cut(host, ";")
		if !ok || !c.exists(kindDomain, host) || c.exists(kindPhone, user+"@"+host) {
			continue
		}
		line, column := contactPlace(yamldoc.Parse([]byte(d.Text)).Take("contacts"), contact)
		c.note(d, problem.Problem{Line: line, Column: column, Level: c.dangling(), Verb: "contacts",
			Text: fmt.Sprintf("domain %s has no phone %q, so nobody can register as it", host, user), Hint: meant(user+"@"+host, c.names(kindPhone))})
	}
}
