package dispatch_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// released is the night that a release was stopped in, as this one reads it.
func released(t *testing.T, release string) *memstore.Store {
	t.Helper()
	dir := t.TempDir()
	storetest.Raw(t, "", dir).Leave(t, release)
	s := openStore(t, dir)
	defer s.Close()
	mem := memstore.New()
	copyNight(t, s, mem)
	return mem.Reopen() // whoever wrote it is dead
}

// incidentOf finds the alert of one of the moments.
func (h *house) incidentOf(moment string) dispatch.Incident {
	h.t.Helper()
	list, err := h.store.Incidents(h.t.Context(), dispatch.Query{Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, i := range list {
		if i.Alert.Key == moment {
			return i
		}
	}
	h.t.Fatalf("the alert %q is gone", moment)
	return dispatch.Incident{}
}

// takes lets somebody take the alert of a moment.
func (h *house) takes(moment, who string) {
	h.t.Helper()
	h.rings(moment + "-" + who).ring().answer().press("1").hears("Recorded")
	h.is(h.incidentOf(moment).ID, dispatch.Acknowledged, moment+"-"+who)
}

// Whoever was on the telephone when the program was replaced is called again, nobody is skipped, what rested
// goes on resting, and who had taken an alert is left alone.
func TestCalloutsOfAnEarlierReleaseAreCarriedOn(t *testing.T) {
	for _, release := range storetest.Releases(t) {
		t.Run(filepath.Base(release), func(t *testing.T) {
			night := released(t, release)
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(10 * time.Second) // the update took that long
				h := newHouse(t, "")
				h.stop()
				h.set, h.store = momentsSet(t), night
				h.start()
				defer h.stop()

				for _, moment := range []string{"ringing", "dialing", "listening", "robin"} {
					h.takes(moment, "a")
				}
				h.takes("second", "b")

				b := h.rings("together-b").ring()
				h.rings("together-a").ring().answer().press("1")
				b.stopped(leg.Canceled)

				h.rings("everyone-c").ring().answer().press("1")
				if n := h.maybe("everyone-a"); n != nil {
					t.Error("everyone-a had confirmed and was called again")
				}
				h.after(time.Minute)
				b = h.maybe("everyone-b")
				if b == nil {
					t.Fatalf("everyone-b hung up without a key and is not called again:\n%s", h.night())
				}
				b.ring().answer().press("1")
				h.after(time.Second)
				if i := h.incidentOf("everyone"); i.Status != dispatch.Acknowledged {
					t.Errorf("everyone: %s", i.Status)
				}

				h.takes("waiting", "a") // its minute of grace is over

				if n := h.maybe("resting-a"); n != nil {
					t.Error("resting-a was called before the rest was over")
				}
				h.after(5 * time.Minute)
				h.takes("resting", "a")

				if i := h.incidentOf("acknowledged"); i.Status != dispatch.Acknowledged || i.By != "acknowledged-a" {
					t.Errorf("acknowledged: %s by %s", i.Status, i.By)
				}
				h.quiet()
				h.happened(timeline.AttemptLost, "restarted within the call")
			})
		})
	}
}
