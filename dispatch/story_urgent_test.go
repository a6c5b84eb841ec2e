package dispatch_test

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// What goes first on its way to a line: a critical alert, and one of which nobody has said how bad it is.
func TestCriticalAlertsAreUrgent(t *testing.T) {
	for bad, urgent := range map[alert.Severity]bool{alert.Critical: true, alert.Unknown: true, alert.Major: false, alert.Warning: false} {
		t.Run(string(bad), func(t *testing.T) {
			story(t, "", func(h *house) {
				got := h.alert("k", "disk full", severity(bad))
				h.after(time.Minute) // the grace of warnings
				c := h.rings("sato")
				if c.order.Urgent != urgent || c.order.Alert != got.Alerts[0] || c.order.Callout == "" {
					t.Errorf("ordered as %+v, want urgent %v, for the alert", c.order, urgent)
				}
			})
		})
	}
}
