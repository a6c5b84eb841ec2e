package main_test

import (
	"testing"
)

// three registered softphones, each with a tone of its own.
func threePhones(t *testing.T) (s *server, sato, suzuki, tanaka *phone) {
	t.Helper()
	s = serve(t)
	s.apply(officeDomain, phoneDocument("sato"), phoneDocument("suzuki"), phoneDocument("tanaka"))
	at := local(s.sip)
	sato = newTalking(t, at, "udp", "sato", hzSato, "")
	suzuki = newTalking(t, at, "tcp", "suzuki", hzSuzuki, "")
	tanaka = newTalking(t, at, "udp", "tanaka", hzTanaka, "")
	for _, user := range []string{"sato", "suzuki", "tanaka"} {
		s.untilRegistered(user, 1)
	}
	sato.does("dial", "sip:suzuki@office.example.jp")
	suzuki.rings()
	suzuki.picksUp()
	sato.sees("CALL_ESTABLISHED")
	hearing(t, "sato", heardBy(sato), hzSuzuki)
	return s, sato, suzuki, tanaka
}

// Who has called hands the one who was called on to a colleague, and is out of it.
func TestAPhoneHandsACallOn(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]bool{"the one who called": true, "the one who was called": false} {
		t.Run(name, func(t *testing.T) {
			_, sato, suzuki, tanaka := threePhones(t)
			hands, stays, hz := sato, suzuki, float64(hzSuzuki)
			if !by {
				hands, stays, hz = suzuki, sato, hzSato
			}
			hands.does("transfer", "sip:tanaka@office.example.jp")
			tanaka.rings()
			tanaka.picksUp()
			hearing(t, "who stays", heardBy(stays), hzTanaka)
			hearing(t, "tanaka", heardBy(tanaka), hz)
			hands.sees("CALL_CLOSED")
			tanaka.does("hangup", "")
			stays.sees("CALL_CLOSED")
		})
	}
}

// Nobody is there to take over: whoever wanted to hand the call on is told. Kaden leaves the two joined; it is this
// softphone that gives the call up then (voice has the story of one that does not).
func TestAPhoneHandsACallToNobody(t *testing.T) {
	t.Parallel()
	_, sato, suzuki, _ := threePhones(t)
	sato.does("transfer", "sip:nobody@office.example.jp")
	sato.sees("TRANSFER_FAILED")
	suzuki.sees("CALL_CLOSED")
}

// A softphone has two calls and connects the two (an attended transfer: REFER with Replaces).
func TestASoftphoneJoinsItsTwoCalls(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(officeDomain, phoneDocument("sato"), phoneDocument("suzuki"), phoneDocument("tanaka"))
	at := local(s.sip)
	sato, tanaka := newTalking(t, at, "udp", "sato", hzSato, ""), newTalking(t, at, "tcp", "tanaka", hzTanaka, "")
	suzuki := newLinphone(t, s, "suzuki", secretSato, "udp")
	suzuki.hums(hum(hzSuzuki))
	for _, user := range []string{"sato", "suzuki", "tanaka"} {
		s.untilRegistered(user, 1)
	}
	suzuki.says("call sip:sato@office.example.jp")
	sato.rings()
	sato.picksUp()
	hearing(t, "suzuki", suzuki.recorded, hzSato)
	suzuki.says("pause")
	suzuki.logs("LinphoneCallPausing to LinphoneCallPaused", 1)
	suzuki.says("call sip:tanaka@office.example.jp")
	tanaka.rings()
	tanaka.picksUp()
	suzuki.logs("to LinphoneCallStreamsRunning", 2)
	suzuki.says("transfer 1 --to-call 2")
	hearing(t, "tanaka", heardBy(tanaka), hzSato, hzSuzuki)
	suzuki.logs("LinphoneCallReleased", 2)
	getsSound(t, "sato", sato)
	sato.does("hangup", "")
	tanaka.sees("CALL_CLOSED")
}
