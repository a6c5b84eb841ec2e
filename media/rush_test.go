package media

import (
	"testing"
	"time"
)

func TestPacketsAreGatheredOnlyWhereTheyComeDensely(t *testing.T) {
	for _, tt := range []struct {
		name    string
		every   time.Duration // a waking
		packets int
		want    bool
	}{
		{"one call: a packet every 20 ms", 20 * time.Millisecond, 1, false},
		{"twenty calls: a packet a millisecond", time.Millisecond, 1, false},
		{"two hundred calls: ten packets a millisecond, one by one", 100 * time.Microsecond, 1, true},
		{"the same, gathered already", gather, 5, true},
		{"ticks without packets", time.Millisecond, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r rush
			now := time.Second
			for range 100 {
				now += tt.every
				r.woken(now, tt.packets)
			}
			if r.on() != tt.want {
				t.Errorf("in a rush: %v, want %v", r.on(), tt.want)
			}
		})
	}
}

func TestARushEndsSoonAfterThePacketsDo(t *testing.T) {
	for _, tt := range []struct {
		name    string
		packets int
	}{{"nothing comes any more", 0}, {"only one call is left", 1}} {
		t.Run(tt.name, func(t *testing.T) {
			var r rush
			now := time.Second
			for range 1000 {
				now += gather
				r.woken(now, 5)
			}
			if !r.on() {
				t.Fatal("five packets every half millisecond are no rush")
			}
			n := 0
			for ; r.on(); n++ {
				now += Period
				r.woken(now, tt.packets)
			}
			if n > 10 {
				t.Errorf("it ended after %d periods, want at most 10", n)
			}
		})
	}
}

func TestInARushAMembersTicksAreAsEvenlySpacedAsEver(t *testing.T) {
	for slot := range slots {
		var late [3]time.Duration
		for round := range late {
			due := slotTime(slot + int64(round+1)*slots)
			called := gathered(due - 1) // the shard fell asleep before
			late[round] = called - due
		}
		if late[0] < 0 || late[0] > gather-slotLength || late[1] != late[0] || late[2] != late[0] {
			t.Errorf("slot %d is called late by %v, want the same each time, and at most %v", slot, late, gather-slotLength)
		}
	}
}
