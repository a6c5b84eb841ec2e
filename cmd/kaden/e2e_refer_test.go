package main_test

import (
	"testing"

	"github.com/kaden-project/kaden/account"
)

// A transfer by bins alone: the document that referUrl names dials whomever the phone asked for. The phone is a domain's
// whose program decides, so without referUrl it could give nobody away.
func TestABinTakesATransfer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(officeDomain+"bin: reception\n", phoneDocument("sato"), phoneDocument("suzuki"), phoneDocument("tanaka"),
		"bin: reception\ntwiml: <Response><Dial answerOnBridge=\"true\" referUrl=\"/bins/goes-on\"><Sip>sip:suzuki@office.example.jp</Sip></Dial></Response>",
		"bin: goes-on\ntwiml: <Response><Dial><Sip>{{ReferTransferTarget}}</Sip></Dial></Response>")
	at := local(s.sip)
	sato := newTalking(t, at, "udp", "sato", hzSato, "")
	suzuki := newTalking(t, at, "tcp", "suzuki", hzSuzuki, "")
	tanaka := newTalking(t, at, "udp", "tanaka", hzTanaka, "")
	for _, user := range []string{"sato", "suzuki", "tanaka"} {
		s.untilRegistered(user, 1)
	}
	sato.does("dial", "sip:reception@office.example.jp")
	suzuki.rings()
	suzuki.picksUp()
	sato.sees("CALL_ESTABLISHED")
	hearing(t, "sato", heardBy(sato), hzSuzuki)
	suzuki.does("transfer", "sip:tanaka@office.example.jp")
	tanaka.rings()
	tanaka.picksUp()
	hearing(t, "sato", heardBy(sato), hzTanaka)
	hearing(t, "tanaka", heardBy(tanaka), hzSato)
	suzuki.sees("CALL_CLOSED")
	tanaka.does("hangup", "")
	sato.sees("CALL_CLOSED")
}

// An application is dialled by another's document; both are the account's own.
func TestADocumentDialsAnApplication(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(officeDomain, phoneDocument("sato"), phoneDocument("suzuki"),
		"number: reception\ntwiml: <Response><Dial><Application>"+string(account.ApplicationSID("desk"))+"</Application></Dial></Response>",
		"application: desk\nbin: desk", "bin: desk\ntwiml: <Response><Dial><Sip>sip:suzuki@office.example.jp</Sip></Dial></Response>")
	at := local(s.sip)
	sato := newTalking(t, at, "udp", "sato", hzSato, "")
	suzuki := newTalking(t, at, "udp", "suzuki", hzSuzuki, "")
	s.untilRegistered("sato", 1)
	s.untilRegistered("suzuki", 1)
	sato.does("dial", "sip:reception@office.example.jp")
	suzuki.rings()
	suzuki.picksUp()
	hearing(t, "sato", heardBy(sato), hzSuzuki)
	hearing(t, "suzuki", heardBy(suzuki), hzSato)
	suzuki.does("hangup", "")
	sato.sees("CALL_CLOSED")
}
