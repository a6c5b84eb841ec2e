package leg

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

func TestHowTheSoundFaredIsSaidInWords(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Sound
		want string
	}{
		{"none", Sound{}, ""},
		{"nobody was heard", Sound{Codec: "PCMU", Sent: 50}, "PCMU, heard 0 packets; we sent 50, of which the far end says nothing"},
		{"a good line", Sound{Codec: "PCMA", Sent: 500, Heard: 500, Jitter: 125 * time.Microsecond, WorstJitter: 2 * time.Millisecond, Told: true, RoundTrip: 12300 * time.Microsecond},
			"PCMA, heard 500 packets, 0 % lost, jitter 0.125 ms (2 ms at the worst); the far end lost 0 % of our 500, jitter 0 ms, round trip 12.3 ms"},
		{"a bad one", Sound{Codec: "G722", Sent: 1000, Heard: 950, Lost: 50, Late: 3, Discarded: 2, Told: true, LostThere: 123, FarJitter: 30 * time.Millisecond},
			"G722, heard 950 packets, 5 % lost, jitter 0 ms (0 ms at the worst), 3 late, 2 frames discarded; the far end lost 12 % of our 1000, jitter 30 ms"},
	} {
		if got := c.s.String(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestTheFarEndsReportIsTakenIn(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	sent := media.NTP(now.Add(-300 * time.Millisecond))
	s := Sound{Sent: 100}
	s.Report(media.ReportBlock{Lost: 7, Jitter: 80, LastSR: uint32(sent >> 16), Delay: 65536 / 5}, now)
	if !s.Told || s.LostThere != 7 || s.FarJitter != 10*time.Millisecond || s.RoundTrip < 99*time.Millisecond || s.RoundTrip > 101*time.Millisecond {
		t.Errorf("got %+v", s)
	}
	s.Report(media.ReportBlock{Lost: -2}, now) // packets came twice, and our own report was not heard
	if s.LostThere != 0 || s.RoundTrip < 99*time.Millisecond {
		t.Errorf("got %+v", s)
	}
}
