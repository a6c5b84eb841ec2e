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
contacts: [tel:+81120444444, tel:+14158675309]
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
		"stdin:11:12: error: <contacts>: tel:+81120444444 cannot be called: 0120 and 0800 numbers cannot be reached from 050 lines (trunk \"ntt\")",
		"stdin:11:30: error: <contacts>: tel:+14158675309 cannot be called: numbers abroad are not called until",
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
	if code != 0 || !strings.Contains(out, "hana  is never rung: 0120 and 0800 numbers cannot be reached") || !strings.Contains(talk, "11:12: error") {
		t.Errorf("exit %d\n%s%s", code, out, talk)
	}
	out, _, _ = planRun(t, linesFile[strings.Index(linesFile, "person"):], "explain", "-", "--people", "sato=key:1@3s")
	if strings.Contains(out, "never rung") {
		t.Errorf("without a trunk in the file nothing is known of lines:\n%s", out)
	}
}
