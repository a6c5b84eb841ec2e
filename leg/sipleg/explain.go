package sipleg

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// explain puts into words what is wrong between us and a carrier, and what whoever reads them can do about it. r is
// its answer, nil where there was none.
func (l Line) explain(r *response, err error) (why, remedy string) {
	who := l.credentials().name
	switch {
	case errors.Is(err, errNoPassword):
		return err.Error(), "set user: and password: of the trunk (and login: where the carrier has given a second name)"
	case errors.Is(err, errPassword) && r != nil && r.StatusCode != 403:
		return err.Error(), "compare user: and password: with the carrier's papers; many have a login of their own (login:), and a realm in the answer that is not the carrier's means that server: is wrong"
	case r != nil && err != nil && (r.StatusCode == 401 || r.StatusCode == 407):
		return phrase(r.StatusCode, r.Reason) + ": " + err.Error(), "the carrier has to offer digest with MD5 or SHA-256"
	case r != nil:
		why, remedy = explainStatus(r.StatusCode, who)
		if why == "" {
			return phrase(r.StatusCode, r.Reason), remedy
		}
		return phrase(r.StatusCode, r.Reason) + ": " + why, remedy
	}
	return explainSilence(l.Server, err)
}

// explainStatus says what a refusal of REGISTER or INVITE mostly means; why is "" where the status says it all.
func explainStatus(code int, who string) (why, remedy string) {
	switch code {
	case 400, 416, 505:
		return "the carrier does not read what we send", "a SIP ALG in the router may have rewritten it: switch that off; else send the trace to the carrier"
	case 403:
		return fmt.Sprintf("the carrier knows %s and does not let it in", orNobody(who)), "a wrong password, a locked account, or a caller ID or address that is not allowed: compare user:, password: and from: with the carrier's papers"
	case 404:
		return "the carrier does not know this name or number", "compare user: and server: with the carrier's papers; for a call, the number and spelling:"
	case 405, 501:
		return "the carrier does not take this kind of request", "an IP-authenticated carrier needs no register: true"
	case 408, 504:
		return "a server behind the carrier's proxy does not answer", "nothing to do here but to wait, or to ask the carrier"
	case 415, 488, 606:
		return "the carrier takes none of the codecs that are offered", "codecs: of the trunk, or the carrier wants (or does not want) encrypted sound: media:"
	case 420, 421:
		return "the carrier wants an extension of SIP, or does not want one", "prack: and session-timer: of the trunk switch ours"
	case 423:
		return "the carrier wants a longer registration", "expires: of the trunk"
	case 480:
		return "the number is there and its phone is not", "on a line of ours: is another device registered with the same account?"
	case 484:
		return "the carrier finds the number too short", "spelling: and prefix: of the trunk"
	case 486:
		return "the number is busy", "on a line with one channel: is a call still up?"
	case 500, 502, 503:
		return "the carrier is in trouble, or full", "wait, or ask the carrier; a second trunk takes the calls meanwhile"
	case 603, 607:
		return "the call was declined", "by the person, or by the carrier: then the caller ID (from:) is mostly the reason"
	}
	return "", "ask the carrier what it means by that"
}

func orNobody(who string) string {
	if who == "" {
		return "this address"
	}
	return who
}

// explainSilence says why there is no answer at all.
func explainSilence(server string, err error) (why, remedy string) {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("%s cannot be found in the DNS", server), "compare server: with the carrier's papers"
	case errors.As(err, &dns):
		return "the DNS does not answer: " + dns.Error(), "look at the network and /etc/resolv.conf of this machine"
	case errors.As(err, &unknown):
		return err.Error(), "a carrier with a certificate of its own making: name its authority with sip.ca in the settings"
	case errors.Is(err, errCertificate):
		return err.Error(), "server: must be the name in the certificate; an expired one is the carrier's to renew"
	case errors.Is(err, syscall.ECONNREFUSED):
		return err.Error(), "nobody listens there: compare port and transport of server: with the carrier's papers"
	case errors.Is(err, errNoAnswer), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s does not answer SIP", server), "check the address, that the firewall lets SIP out, and that no SIP ALG of the router is in the way; some carriers answer nobody but the address they know, or only over their own access line"
	}
	return strings.TrimPrefix(err.Error(), "SIP over "), "look at server: and at the network of this machine"
}
