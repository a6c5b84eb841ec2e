package main

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"
)

// registeredPhones registers 5,000 phones, each with its password, and says what they hold and how fast it went. Twenty
// sockets are their network.
func registeredPhones(ctx context.Context, b *bench) ([]row, error) {
	const phones, sockets = 5000, 20
	documents := []string{"domain: bench.example\n"}
	for i := range phones {
		documents = append(documents, fmt.Sprintf("phone: p%04d@bench.example\npassword: bench-password\n", i))
	}
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	before := pss(s.pid())
	turns := make(chan int, phones)
	for n := range phones {
		turns <- n
	}
	close(turns)
	var all sync.WaitGroup
	errs := make(chan error, sockets)
	begun := time.Now()
	for range sockets {
		all.Go(func() { errs <- register(turns) })
	}
	all.Wait()
	took := time.Since(begun)
	close(errs)
	for err := range errs {
		if err != nil {
			return nil, err
		}
	}
	each := (pss(s.pid()) - before) / phones // kB
	return []row{
		{what: "5,000 phones register with their passwords", measured: fmt.Sprintf("%s a second, each kept on the disk", num(phones/took.Seconds())), runs: "once"},
		{what: "… memory of a registered phone", goal: "20 kB", measured: num(each) + " kB", verdict: below(each, 20, "kB"), runs: "once"},
	}, nil
}

var (
	challenged = regexp.MustCompile(`nonce="([^"]+)"`)
	errSilent  = errors.New("a REGISTER was not answered")
)

// register registers one phone after the other from one socket.
func register(turns <-chan int) error {
	c, err := net.Dial("udp", local(sipPort))
	if err != nil {
		return err
	}
	defer c.Close()
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	const uri = "sip:bench.example"
	for n := range turns {
		name := fmt.Sprintf("p%04d", n)
		ask := func(cseq int, more string) (string, error) {
			fmt.Fprintf(c, "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%s-%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@bench.example>;tag=1\r\nTo: <sip:%s@bench.example>\r\nCall-ID: %s@bench\r\nCSeq: %d REGISTER\r\nContact: <sip:%s@10.0.%d.%d:5060>\r\nUser-Agent: A Desk Phone/1.2.3\r\n%sContent-Length: 0\r\n\r\n",
				uri, name, cseq, name, name, name, cseq, name, n>>8, n&255, more)
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			for buf := make([]byte, 4096); ; {
				m, err := c.Read(buf)
				if err != nil {
					return "", errSilent
				}
				if text := string(buf[:m]); strings.HasPrefix(text, "SIP/2.0 ") && strings.Contains(text, fmt.Sprintf("CSeq: %d REGISTER", cseq)) && strings.Contains(text, name+"@bench\r\n") {
					return text, nil
				}
			}
		}
		first, err := ask(1, "")
		if err != nil {
			return err
		}
		nonce := challenged.FindStringSubmatch(first)
		if nonce == nil {
			return fmt.Errorf("no challenge: %.60q", first)
		}
		response := hash(hash(name+":bench.example:bench-password") + ":" + nonce[1] + ":00000001:c:auth:" + hash("REGISTER:"+uri))
		second, err := ask(2, fmt.Sprintf("Authorization: Digest username=\"%s\", realm=\"bench.example\", nonce=\"%s\", uri=\"%s\", qop=auth, nc=00000001, cnonce=\"c\", response=\"%s\"\r\n", name, nonce[1], uri, response))
		if err != nil {
			return err
		}
		if !strings.HasPrefix(second, "SIP/2.0 200") {
			return fmt.Errorf("not registered: %.60q", second)
		}
	}
	return nil
}
