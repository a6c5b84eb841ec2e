package manifest

import (
	"fmt"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/problem"
)

// checkHotline: the plan exists, a key takes its calls, and a line is left to call people over while the caller waits.
func (c *compiling) checkHotline(d Document, n account.Number) {
	c.checkNamed(d, "plan", kindPlan, n.Hotline.Plan)
	p, known := c.set.Plans[n.Hotline.Plan]
	if !known {
		return
	}
	if p.Confirm == callout.ByHangup || p.Confirm == callout.ByAnswer {
		c.note(d, c.at(d, "plan", problem.Warning, fmt.Sprintf("plan %s says confirm: %s, and whoever takes a call is joined with the caller: here a key is asked for", p.Name, p.Confirm),
			"confirm: key or proof"))
	}
	lines := c.set.Lines()
	if len(lines) != 1 || lines[0].Channels != 1 || n.Trunk != "" && n.Trunk != lines[0].Name {
		return
	}
	c.note(d, c.at(d, "plan", problem.Warning, fmt.Sprintf("trunk %s carries one call, and that is the caller's: while they wait, only people with sip: or client: can be called", lines[0].Name),
		"channels: as many as the contract has, or one more trunk"))
}
