package voice

import "context"

// echo lets the caller hear themselves until they hang up, or other TwiML takes over.
func (t *run) echo(ctx context.Context) error {
	if err := t.call.Answer(ctx); err != nil {
		return err
	}
	t.silent, t.stale = 0, true
	return t.call.Echo(ctx)
}
