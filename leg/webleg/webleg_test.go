package webleg

import (
	"testing"

	"github.com/kaden-project/kaden/leg/legtest"
)

func TestABrowserIsALeg(t *testing.T) {
	legtest.Run(t, func(t *testing.T) legtest.House { return open(t) })
}
