package call

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// What a script does on a call: these methods are for its goroutine alone.

// Play lets src be heard and returns when it has been. It waits for the first word's moment
// (Order.FirstWord). When ctx ends the sound stops at once, and the cause is returned.
func (c *Call) Play(ctx context.Context, src media.Source) error {
	_, err := c.play(ctx, src, nil)
	return err
}

// PlayOrKey is Play that is broken off by a key, which it returns. A key that is waiting already is
// returned before anything is heard.
func (c *Call) PlayOrKey(ctx context.Context, src media.Source) (key string, err error) {
	return c.play(ctx, src, c.keys)
}

func (c *Call) play(ctx context.Context, src media.Source, keys <-chan string) (key string, err error) {
	key, err = c.wait(ctx, time.Until(c.pickedAt.Add(c.firstWord-headStart)), keys)
	if key != "" || err != nil {
		return key, err
	}
	p := media.NewPlayer(src)
	if c.ourVoice != nil {
		p.Overhear(c.ourVoice)
	}
	c.utter(p)
	select {
	case <-p.Done():
		c.quiet = time.Now().Add(media.Period)
		return "", nil
	case key = <-keys:
	case <-ctx.Done():
		err = context.Cause(ctx)
		if errors.Is(err, ErrRedirected) {
			c.hearOut(p)
		}
	}
	c.utter(nil)
	p.Stop()
	return key, err
}

// headStart is for the timer and this goroutine to wake: sound leaves in frames that are counted from the
// answer, and whoever comes a millisecond late waits for the next one, 20 ms later.
const headStart = 4 * time.Millisecond

// lastWord is how long the word may be that is heard out when other TwiML takes over.
const lastWord = 1200 * time.Millisecond

// hearOut lets whoever listens hear the word to its end: a voice that breaks off sounds like a line that
// has failed.
func (c *Call) hearOut(p *media.Player) {
	p.StopAtWord(lastWord)
	limit := time.NewTimer(lastWord + media.Period)
	defer limit.Stop()
	select {
	case <-p.Done():
	case <-limit.C:
	case <-c.ctx.Done():
	}
}

// Key waits for a key, but no longer than d; "" is none.
func (c *Call) Key(ctx context.Context, d time.Duration) (key string, err error) {
	return c.wait(ctx, d, c.keys)
}

// Sleep waits for d or until ctx ends.
func (c *Call) Sleep(ctx context.Context, d time.Duration) error {
	_, err := c.wait(ctx, d, nil)
	return err
}

// wait gives a key that comes from keys before d is over; nil is no keys.
func (c *Call) wait(ctx context.Context, d time.Duration, keys <-chan string) (key string, err error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	select {
	case key = <-keys:
		return key, nil
	default:
	}
	if d <= 0 {
		return "", nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return "", nil
	case key = <-keys:
		return key, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// SendDigits presses keys at the far end; see [leg.Leg].
func (c *Call) SendDigits(ctx context.Context, digits string) error {
	return c.leg.SendDigits(ctx, digits)
}

// ForgetKeys throws away what was pressed and not read.
func (c *Call) ForgetKeys() {
	for {
		select {
		case <-c.keys:
		default:
			return
		}
	}
}

// tail is how long we stay on the line after the last word: what was sent is still on its way to the ear.
const tail = 200 * time.Millisecond

var errPanicked = errors.New("a fault in kaden")

// startScript runs the script on a goroutine of its own.
func (c *Call) startScript() {
	script := c.order.Script
	if script == nil {
		script = c.desk.cfg.Script
	}
	if script == nil {
		return
	}
	ctx, halt := context.WithCancelCause(c.ctx)
	running := make(chan error, 1)
	c.halt, c.running = halt, running
	go func() { running <- c.perform(ctx, script) }()
}

// perform is the script's goroutine.
func (c *Call) perform(ctx context.Context, script Script) (err error) {
	defer func() { // a fault in a script costs this call and no other
		if p := recover(); p != nil {
			c.log.Error("script panicked", "err", p, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	if keys := c.order.SendDigits; keys != "" && c.Record().Direction != Inbound && !c.dialledOn {
		c.dialledOn = true
		if err := c.leg.SendDigits(ctx, keys); err != nil {
			return err
		}
	}
	if err := script(ctx, c); err != nil {
		return err
	}
	return c.Sleep(ctx, time.Until(c.quiet.Add(tail)))
}

// scriptEnded hangs up after the script, or starts the one that takes its place.
func (c *Call) scriptEnded(err error) {
	c.halt(nil)
	c.running = nil
	if c.ending != nil {
		return
	}
	if c.restart {
		c.restart = false
		c.ForgetKeys() // they were pressed for what was heard before
		c.startScript()
		return
	}
	if err != nil {
		c.log.Warn("script ended", "err", err)
	}
	if c.rec.Answered.IsZero() {
		c.stop(&Ending{leg.Failed, "the program ended without an answer"})
		return
	}
	c.stop(&Ending{leg.Completed, "the program is over"})
}

// redirect stops the script and has it begin again with p.
func (c *Call) redirect(p Program) {
	if !c.rec.performs() || c.ending != nil {
		return
	}
	c.rec.Program = p
	c.order.Script = nil
	c.write()
	if c.ear.blocks() { // it was to wait for the verdict; who redirects does not want to
		c.ear.wait = false
		c.startScript()
		return
	}
	c.restart = true
	if c.running != nil {
		c.halt(ErrRedirected)
		return
	}
	c.scriptEnded(nil)
}

// awaitScript waits for the script of a call that is over, but not for ever.
func (c *Call) awaitScript() {
	if c.running == nil {
		return
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-c.running:
	case <-t.C:
		c.log.Error("script does not end", "err", "it does not heed its context")
	}
}
