package call_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
)

func TestAWishThatNobodySeesToIsDeclined(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		time.Sleep(time.Second)
		p.Refer(simleg.Referral{Target: "sip:bob@other.example"})
		synctest.Wait()
		h.want("told", p.Told(), "[603]")

		var asked []call.Referral
		undo := c.OnRefer(func(r call.Referral) bool {
			asked = append(asked, r)
			c.Referring(180)
			return true
		})
		p.Refer(simleg.Referral{Target: "sip:bob@other.example", Headers: map[string]string{"X-Case": "41"}, Replaces: "x"})
		synctest.Wait()
		c.Referring(200)
		c.Referring(200) // nobody asks any more: nothing happens
		h.want("told", p.Told(), "[180 200]")
		h.want("asked", fmt.Sprint(asked), "[{sip:bob@other.example map[X-Case:41] x <nil>}]")

		undo()
		p.Refer(simleg.Referral{Target: "sip:bob@other.example"})
		synctest.Wait()
		h.want("told", p.Told(), "[603]")
		p.HangUp()
		<-c.Done()
	}, script(func(ctx context.Context, c *call.Call) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}))
}

func TestHowATransferWentThatWeAskFor(t *testing.T) {
	for _, c := range []struct {
		name string
		says []int
		want string
	}{
		{"it knows none", nil, "{405 0} <nil>"},
		{"answered", []int{100, 180, 200}, "{202 200} <nil>"},
		{"busy", []int{100, 486}, "{202 486} <nil>"},
		{"not a word after the first", []int{180}, "{202 180} <nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			story(t, func(h *house) {
				h.phones["sim:sato"] = simleg.Behaviour{Transfer: c.says}
				one, _ := h.place(call.Order{})
				<-one.Done()
				h.want("transferred", got, c.want)
			}, script(func(ctx context.Context, c *call.Call) error {
				out, err := c.Transfer(ctx, "sip:bob@other.example", nil)
				got = fmt.Sprint(out, err)
				return nil
			}))
		})
	}
	var err error
	story(t, func(h *house) {
		one, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		time.Sleep(time.Second)
		p.Tell(100)
		p.Tell(180)
		p.HangUp()
		<-one.Done()
		h.want("the error", err != nil, true)
	}, script(func(ctx context.Context, c *call.Call) (_ error) {
		var out call.Transferred
		out, err = c.Transfer(ctx, "sip:bob@other.example", nil)
		if out.Status != 180 || out.Answer != 202 || errors.Is(err, call.ErrNoTransfer) {
			t.Errorf("%+v %v", out, err)
		}
		return err
	}))
}

func TestWhatAPhoneOfOursMayGiveAway(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "sip:suzuki@office.example.jp", simleg.Incoming{From: "sip:sato@office.example.jp", Phone: "sato@office.example.jp"})
		<-p.Over()
		q := calls(h, "sip:suzuki@office.example.jp", simleg.Incoming{From: "sip:sato@office.example.jp", Phone: "@office.example.jp"})
		<-q.Over()
	}, office, func(cfg *call.Config) {
		cfg.Transfers = func(phone, target string) (account.Number, bool) {
			n := account.Number{URL: "https://owner.example/" + phone}
			if target == "another's" {
				n.Account = "ACffffffffffffffffffffffffffffffff"
			}
			return n, target != "nobody" && phone == "sato@office.example.jp"
		}
	}, script(func(_ context.Context, c *call.Call) error {
		p, ok := c.MayTransfer("sip:suzuki@office.example.jp")
		if own := c.Phone() == "sato@office.example.jp"; ok != own || own && p.URL != "https://owner.example/sato@office.example.jp" {
			t.Errorf("%s: %+v %v", c.Phone(), p, ok)
		}
		for _, to := range []string{"nobody", "another's"} {
			if _, ok := c.MayTransfer(to); ok {
				t.Errorf("%s gives a call to %s", c.Phone(), to)
			}
		}
		return nil
	}))
}

func TestWhatAPhoneHasSaidInItsAnswer(t *testing.T) {
	for _, b := range []simleg.Behaviour{
		{Replies: map[string]string{"X-Desk": "7", "Server": "x"}, Actions: []simleg.Action{{HangUp: true}}},
		{Replies: map[string]string{"X-Desk": "7", "Server": "x"}, Refuse: leg.Busy},
	} {
		story(t, func(h *house) {
			h.phones["sip:sato@office.example"] = b
			c, _ := h.place(call.Order{To: number.Address{Scheme: number.SIP, Text: "sato@office.example"}})
			<-c.Done()
			id, headers := c.Reply()
			h.want("its answer", fmt.Sprint(id != "", headers), "true map[X-Desk:7]")
		})
	}
}
