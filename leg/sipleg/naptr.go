package sipleg

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// NAPTR is a record that says over which transports a domain's servers are reached, and under which name each is found
// (RFC 3403, RFC 3263 section 4.1).
type NAPTR struct {
	Order, Preference uint16 // the lower ones first
	Flags             string // S: Replacement has SRV records
	Service           string // SIP+D2U, SIP+D2T, SIPS+D2T …
	Regexp            string
	Replacement       string // _sip._udp.example.com.
}

// naptrResolver is a Resolver that knows NAPTR records too. Go's does not.
type naptrResolver interface {
	LookupNAPTR(ctx context.Context, name string) ([]NAPTR, error)
}

// naptrTransports are the services that we speak.
var naptrTransports = map[string]string{"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}

// What becomes of a DNS that does not answer questions for NAPTR, as that of some home gateways: a phone waits to ring.
const (
	naptrPatience = 700 * time.Millisecond
	naptrDeaf     = 10 * time.Minute // it is not asked again for so long
)

// transports asks which transports a domain wants, and under which names: those of the lowest order that we speak. None,
// and no error, is a domain that does not say.
func (a *atlas) transports(ctx context.Context, host string) []NAPTR {
	r, knows := a.dns.(naptrResolver)
	if !knows || !strings.Contains(host, ".") { // a name of the house
		return nil
	}
	a.mu.Lock()
	deaf := time.Now().Before(a.deaf)
	a.mu.Unlock()
	if deaf {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, naptrPatience)
	defer stop()
	all, err := r.LookupNAPTR(ctx, host)
	if err != nil {
		if !nowhere(err) {
			a.mu.Lock()
			a.deaf = time.Now().Add(naptrDeaf)
			a.mu.Unlock()
		}
		return nil
	}
	all = slices.DeleteFunc(all, func(n NAPTR) bool {
		return !strings.EqualFold(n.Flags, "s") || n.Regexp != "" || naptrTransports[strings.ToUpper(n.Service)] == "" || strings.Trim(n.Replacement, ".") == ""
	})
	slices.SortStableFunc(all, func(x, y NAPTR) int {
		return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(x.Preference, y.Preference))
	})
	for i := range all {
		if all[i].Order != all[0].Order {
			return all[:i]
		}
	}
	return all
}

// systemDNS is Go's resolver, and beside it the few lines that ask for what that does not know.
type systemDNS struct {
	*net.Resolver
	servers []string // host:port; nil: those of /etc/resolv.conf
}

// typeNAPTR is what dnsmessage has no name for.
const typeNAPTR = dnsmessage.Type(35)

// longestAnswer is that of a server over UDP, as we ask for no more (RFC 1035 section 4.2.1 has 512; many send more).
const longestAnswer = 4096

// LookupNAPTR asks the system's name servers, one after the other. A name without such records has none, and no error.
func (s systemDNS) LookupNAPTR(ctx context.Context, name string) ([]NAPTR, error) {
	servers := s.servers
	if servers == nil {
		servers = nameServers()
	}
	id := uint16(rand.Uint32())
	question, err := askNAPTR(id, name)
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: name, IsNotFound: true}
	}
	err = errors.New("no name server is known")
	for _, server := range servers {
		var all []NAPTR
		if all, err = exchangeDNS(ctx, server, id, name, question); err == nil {
			return all, nil
		}
	}
	return nil, &net.DNSError{Err: err.Error(), Name: name, IsTimeout: true}
}

func nameServers() (all []string) {
	f, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return nil
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if w := strings.Fields(s.Text()); len(w) > 1 && w[0] == "nameserver" {
			if ip, err := netip.ParseAddr(w[1]); err == nil {
				all = append(all, netip.AddrPortFrom(ip, 53).String())
			}
		}
	}
	return all
}

func askNAPTR(id uint16, name string) ([]byte, error) {
	n, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: n, Type: typeNAPTR, Class: dnsmessage.ClassINET}},
	}
	return m.Pack()
}

var errTruncated = errors.New("the answer is cut off")

// exchangeDNS asks one server, over TCP where the answer does not fit a datagram.
func exchangeDNS(ctx context.Context, server string, id uint16, name string, question []byte) ([]NAPTR, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", server)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if until, ok := ctx.Deadline(); ok {
		c.SetDeadline(until)
	}
	if _, err := c.Write(question); err != nil {
		return nil, err
	}
	b := make([]byte, longestAnswer)
	for {
		n, err := c.Read(b)
		if err != nil {
			return nil, err
		}
		all, err := readNAPTR(b[:n], id, name)
		switch {
		case errors.Is(err, errTruncated):
			return exchangeTCP(ctx, server, id, name, question)
		case errors.Is(err, errNotOurs):
			continue // somebody guesses
		}
		return all, err
	}
}

func exchangeTCP(ctx context.Context, server string, id uint16, name string, question []byte) ([]NAPTR, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if until, ok := ctx.Deadline(); ok {
		c.SetDeadline(until)
	}
	if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(question))), question...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		return nil, err
	}
	return readNAPTR(b, id, name)
}

var errNotOurs = errors.New("an answer to another question")

// readNAPTR reads the answer to our question.
func readNAPTR(b []byte, id uint16, name string) (all []NAPTR, err error) {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil || h.ID != id || !h.Response {
		return nil, errNotOurs
	}
	q, err := p.Question()
	if err != nil || q.Type != typeNAPTR || !strings.EqualFold(strings.TrimSuffix(q.Name.String(), "."), strings.TrimSuffix(name, ".")) {
		return nil, errNotOurs
	}
	switch {
	case h.Truncated:
		return nil, errTruncated
	case h.RCode == dnsmessage.RCodeNameError:
		return nil, nil
	case h.RCode != dnsmessage.RCodeSuccess:
		return nil, fmt.Errorf("the name server says %s", h.RCode)
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	for len(all) < maxAnswers {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return nil, err
		}
		if h.Type != typeNAPTR {
			if err := p.SkipAnswer(); err != nil {
				return nil, err
			}
			continue
		}
		r, err := p.UnknownResource()
		if err != nil {
			return nil, err
		}
		n, err := parseNAPTR(r.Data)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

var errNAPTR = errors.New("a NAPTR record that cannot be read")

// parseNAPTR reads the data of a record (RFC 3403 section 4). Its name is not compressed.
func parseNAPTR(b []byte) (n NAPTR, err error) {
	if len(b) < 4 {
		return n, errNAPTR
	}
	n.Order, n.Preference = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	b = b[4:]
	text := func() (s string, ok bool) {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return "", false
		}
		s, b = string(b[1:1+int(b[0])]), b[1+int(b[0]):]
		return s, true
	}
	for _, field := range []*string{&n.Flags, &n.Service, &n.Regexp} {
		var ok bool
		if *field, ok = text(); !ok {
			return NAPTR{}, errNAPTR
		}
	}
	var name []string
	for {
		label, ok := text()
		switch {
		case !ok || len(label) > 63 || len(name) > 127 || strings.ContainsAny(label, ". \x00"):
			return NAPTR{}, errNAPTR
		case label == "" && len(b) > 0:
			return NAPTR{}, errNAPTR
		case label == "":
			n.Replacement = strings.Join(name, ".") + "."
			return n, nil
		}
		name = append(name, label)
	}
}
