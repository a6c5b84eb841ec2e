package main_test

import (
	"strings"
	"testing"
	"time"
)

// A program checks the telephone of its user with the Verify API: the running binary calls over a trunk, the code is good
// once, and the program is told of the call by a usage trigger, once, whatever is started anew in between.
func TestAProgramVerifiesATelephoneAndHearsOfItsUsage(t *testing.T) {
	t.Parallel()
	x := newExchange(t, func(string, int) habit {
		return habit{ring: 10 * time.Millisecond, answer: 20 * time.Millisecond, hangUp: 300 * time.Millisecond}
	})
	s := serve(t)
	p := newProgram(t, s)
	s.apply("trunk: exchange\nserver: " + x.addr() + "\nfrom: \"+815012345678\"\nprices:\n  currency: JPY\n  calls:\n    - { to: mobile, per-call: 11 }\n")

	service := "/v2/Services/" + p.api("POST", "/v2/Services", 201, "FriendlyName", "店", "CustomCodeEnabled", "true")["sid"].(string)
	p.api("POST", service+"/Verifications", 400, "To", "119", "Channel", "call")
	p.api("POST", service+"/Verifications", 403, "To", "+14158675309", "Channel", "call") // no trunk allows numbers abroad
	p.api("POST", service+"/Verifications", 400, "To", "+819011112222", "Channel", "sms") // nobody carries messages
	made := p.api("POST", service+"/Verifications", 201, "To", "090-1111-2222", "Channel", "call", "CustomCode", "471147")
	var called []map[string]any
	eventually(t, patience, "the telephone was called, and the call has cost something", func() bool {
		called = p.list("/Calls.json?To=%2B819011112222", "calls")
		return len(called) == 1 && called[0]["price"] == "-11.00000"
	})
	if got := p.api("POST", service+"/VerificationCheck", 200, "To", "+819011112222", "Code", "000000"); got["status"] != "pending" {
		t.Errorf("a wrong code: %v", got)
	}
	check := func(want int) map[string]any {
		return p.api("POST", service+"/VerificationCheck", want, "To", "+819011112222", "Code", "471147")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start() // a code is known after a restart
	s.ready()
	if got := check(200); got["status"] != "approved" || got["valid"] != true || got["sid"] != made["sid"] {
		t.Errorf("the code: %v", got)
	}
	check(404)
	if u := p.list("/Usage/Records/Today.json?Category=calls-outbound", "usage_records"); len(u) != 1 || u[0]["count"] != "1" || u[0]["price"] != "11" || u[0]["price_unit"] != "jpy" {
		t.Errorf("used today: %v", u)
	}

	fires := func(path, category, value string) string {
		return p.api("POST", "/Usage/Triggers.json", 201, "CallbackUrl", p.URL+path, "TriggerValue", value, "UsageCategory", category, "TriggerBy", "count", "Recurring", "daily")["sid"].(string)
	}
	again := func() {
		t.Helper()
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		s.start() // and with it a look at all triggers
		s.ready()
	}
	first := fires("/usage", "calls", "1")
	fires("/later", "calls", "2")
	again()
	eventually(t, patience, "the program is told of the usage", func() bool { return len(p.heard("/usage")) > 0 })
	if told := p.heard("/usage")[0]; told.Get("UsageTriggerSid") != first || told.Get("CurrentValue") != "1" || !strings.Contains(told.Get("IdempotencyToken"), "-FIRES-"+first) {
		t.Errorf("told %v", told)
	}
	fires("/price", "totalprice", "10.5") // looked at after the others
	again()
	eventually(t, patience, "the program is told of the price", func() bool { return len(p.heard("/price")) > 0 })
	if told := p.heard("/price")[0]; told.Get("CurrentValue") != "11" || told.Get("TriggerBy") != "price" {
		t.Errorf("told %v", told)
	}
	if n, later := len(p.heard("/usage")), len(p.heard("/later")); n != 1 || later != 0 {
		t.Errorf("told %d times of the first, %d of what was not reached", n, later)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.wrong) > 0 {
		t.Errorf("not signed by the account: %v", p.wrong)
	}
}
