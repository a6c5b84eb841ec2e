package main

import (
	"strings"
	"testing"
)

const linesFile = `trunk: ntt
server: sip.example.jp
from: "+815012345678"
password: env:NOT_LOOKED_UP
user: "0501"
---
person: sato
contacts: [tel:+819012345678]
---
person: hana
contacts: [[tel:+81120444444, tel:+14158675309]]
---
person: mori
contacts: [{address: tel:+81911234567}]
---
plan: night
say: { en: An alert. }
steps:
  - call: [hana, sato, mori]
    order: in-turn
`

// Whom no trunk of the file reaches is said where the number stands, and before the night.
func TestPlanCheckKnowsWhatLinesReach(t *testing.T) {
	out, talk, code := planRun(t, linesFile, "check", "-")
	for _, want := range []string{
		"stdin:11:13: error: <contacts>: tel:+81120444444 cannot be called: 0120 and 0800 numbers cannot be reached from 050 lines (trunk \"ntt\")",
		"stdin:11:31: error: <contacts>: tel:+14158675309 cannot be called: numbers abroad are not called until",
		"stdin:14:22: warning: <contacts>: tel:+81911234567 can be called, but no number plan knows such a number",
	} {
		if !strings.Contains(out+talk, want) {
			t.Errorf("it does not say %s:\n%s%s", want, out, talk)
		}
	}
	if code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
}

func TestPlanExplainNamesWhomNoLineReaches(t *testing.T) {
	out, talk, code := planRun(t, linesFile, "explain", "-", "--people", "sato=key:1@3s")
	if code != 1 || !strings.Contains(out, "hana  is never rung: 0120 and 0800 numbers cannot be reached") || !strings.Contains(talk, "11:13: error") {
		t.Errorf("exit %d\n%s%s", code, out, talk)
	}
	out, talk, code = planRun(t, linesFile[strings.Index(linesFile, "person"):], "explain", "-", "--people", "sato=key:1@3s")
	if code != 0 || strings.Contains(out, "never rung") {
		t.Errorf("without a trunk in the file nothing is known of lines: exit %d\n%s%s", code, out, talk)
	}
}

const narrowFile = `trunk: ntt
server: sip.example.jp
from: "+815012345678"
channels: 2
interval: 1s
---
person: sato
contacts: [tel:+819012345678]
---
person: hana
contacts: [sip:hana@192.0.2.7]
---
plan: night
say: { en: An alert. }
steps:
  - call: [sato, hana, suzuki, mori]
    ring: 5s
`

// The trunks of the file decide who waits for a line, in which place, and when it is their turn.
func TestPlanExplainKnowsTheRatesOfTheFilesTrunks(t *testing.T) {
	people := "sato=no-answer,hana=no-answer,suzuki=busy,mori=key:1@3s"
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"as the trunk says", nil, []string{
			"trunk ntt carries 1 call of ours at a time (of 2 channels one is kept for people who call back), and takes a new one every 1s",
			"+0:00  sato    rings for up to 5s", "+0:00  hana    rings for up to 5s",
			"+0:00  suzuki  waits for a line on ntt, place 1 in the queue", "+0:00  mori    waits for a line on ntt, place 2 in the queue",
			"+0:05  suzuki  rings now: it is its turn on ntt", "+0:06  mori    rings now: it is its turn on ntt",
		}},
		{"with more channels", []string{"--channels", "3"}, []string{
			"trunk ntt carries 3 calls of ours at a time, and takes a new one every 1s",
			"+0:01  suzuki  rings now: it is its turn on ntt", "+0:02  mori    rings now: it is its turn on ntt",
		}},
		{"with another pace", []string{"--channels", "9", "--interval", "2500ms"}, []string{"+0:02.5  suzuki  rings now", "+0:05  mori    rings now"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, talk, code := planRun(t, narrowFile, append([]string{"explain", "-", "--people", people}, tt.args...)...)
			for _, want := range tt.want {
				if code != 0 || !strings.Contains(out, want) {
					t.Errorf("exit %d, it does not say %q:\n%s%s", code, want, out, talk)
				}
			}
		})
	}
	out, _, _ := planRun(t, narrowFile, "explain", "-", "--json", "--people", people)
	if !strings.Contains(out, `"at":"1970-01-01T00:00:06Z","kind":"call.initiated","alert":"example","callout":"night","person":"mori"`) {
		t.Errorf("as JSON:\n%s", out)
	}
}
