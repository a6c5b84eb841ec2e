package clientsdk

import (
	"strings"
	"testing"
	"time"
)

func TestWhoIsOnDutyIsListed(t *testing.T) {
	story(t, func(h *house) {
		begun := time.Now()
		first := h.onDuty("sato")
		time.Sleep(time.Minute)
		h.onDuty("ito")
		second := h.onDuty("sato")
		list := func() (all []string) {
			for _, one := range h.s.Duty() {
				if one.Account != ours || one.Source != "192.0.2.1" || one.Agent != "Chromium" {
					h.Errorf("%+v", one)
				}
				all = append(all, one.Identity+" after "+one.Since.Sub(begun).String())
			}
			return all
		}
		if got := strings.Join(list(), ", "); got != "ito after 1m0s, sato after 0s, sato after 1m0s" {
			h.Errorf("on duty: %s", got)
		}
		first.mu.Lock()
		first.deaf = true // the lid was closed
		first.mu.Unlock()
		time.Sleep(16 * time.Second)
		if got := strings.Join(list(), ", "); got != "ito after 1m0s, sato after 1m0s" {
			h.Errorf("16 s after one vanished: %s", got)
		}
		second.says("register", m{"media": m{"audio": false}})
		time.Sleep(time.Minute)
		second.says("register", m{"media": m{"audio": true}})
		if got := strings.Join(list(), ", "); got != "ito after 1m0s, sato after 2m16s" {
			h.Errorf("one came back: %s", got)
		}
	})
}

func TestAnAgentIsCutShort(t *testing.T) {
	if got := agentOf(strings.Repeat("長", 100)); len(got) > mostAgent || got != strings.Repeat("長", mostAgent/3) {
		t.Errorf("%d bytes of %q", len(got), got)
	}
	if got := agentOf("Chromium"); got != "Chromium" {
		t.Errorf("%q", got)
	}
}
