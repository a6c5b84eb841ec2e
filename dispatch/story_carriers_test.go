package dispatch_test

import (
	"strings"
	"testing"

	"github.com/kaden-project/kaden/notice"
	"github.com/kaden-project/kaden/timeline"
)

func TestALineThatCannotBeUsedIsToldBeforeACallIsLostOnIt(t *testing.T) {
	tell(t, "", func(n *night) {
		n.set.Notices = map[string]notice.Notice{notice.Default: {Name: notice.Default}}
		n.must(n.d.LineDown(t.Context(), "trunk ntt", "wrong user or password", "compare user: and password:"))
		n.must(n.d.LineBack(t.Context(), "trunk ntt"))
		want := "default: trunk ntt cannot be used: wrong user or password; compare user: and password:\ndefault: trunk ntt can be used again"
		if got := strings.Join(n.tellings(), "\n"); got != want {
			t.Errorf("told is\n%s", got)
		}
		if got := n.count(timeline.NoticeRaised, "trunk ntt can"); got != 2 {
			t.Errorf("%d notices", got)
		}
	})
}
