package call

import (
	"context"

	"github.com/kaden-project/kaden/media"
)

// Echo lets the far end hear itself until ctx ends, which is the error. For scripts.
func (c *Call) Echo(ctx context.Context) error {
	var pipe media.Pipe
	deaf := c.Listen(&pipe)
	c.utter(&pipe)
	defer func() {
		deaf()
		c.utter(nil)
	}()
	<-ctx.Done()
	return context.Cause(ctx)
}
