package conformance

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
	verify "github.com/twilio/twilio-go/rest/verify/v2"
)

func (s server) verify(t *testing.T) *verify.ApiService {
	t.Helper()
	base, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	hc := &client.Client{Credentials: client.NewCredentials(cmp.Or(s.user, s.sid), s.token), HTTPClient: &http.Client{Transport: rewrite{base}, Timeout: 10 * time.Second}}
	hc.SetAccountSid(s.sid)
	return verify.NewApiServiceWithClient(hc)
}

// TestTwilioGoVerifies verifies a telephone; each answer is decoded into Twilio's own structs.
func TestTwilioGoVerifies(t *testing.T) {
	s := running(t)
	v := s.verify(t)
	service, verification, check := ok[*verify.VerifyV2Service](t), ok[*verify.VerifyV2Verification](t), ok[*verify.VerifyV2VerificationCheck](t)

	made := service(v.CreateService((&verify.CreateServiceParams{}).SetFriendlyName("go").SetCodeLength(4).SetCustomCodeEnabled(true)))
	id := *made.Sid
	if made.CodeLength != 4 || !*made.CustomCodeEnabled || made.DateCreated == nil || *made.AccountSid != s.sid {
		t.Errorf("service %+v", made)
	}
	if u := service(v.UpdateService(id, (&verify.UpdateServiceParams{}).SetFriendlyName("go shop"))); *u.FriendlyName != "go shop" || u.CodeLength != 4 {
		t.Errorf("changed %+v", u)
	}
	service(v.FetchService(id))
	second := service(v.CreateService((&verify.CreateServiceParams{}).SetFriendlyName("another")))
	if list := ok[[]verify.VerifyV2Service](t)(v.ListService((&verify.ListServiceParams{}).SetPageSize(1))); len(list) < 2 || *list[0].Sid != *second.Sid || *list[1].Sid != id {
		t.Errorf("services %+v", list)
	}
	if err := v.DeleteService(*second.Sid); err != nil {
		t.Error(err)
	}

	ask := func(to, channel string) *verify.CreateVerificationParams {
		return (&verify.CreateVerificationParams{}).SetTo(to).SetChannel(channel).SetCustomCode("4711").SetLocale("en")
	}
	for _, bad := range []struct {
		to, channel  string
		status, code int
	}{{"110", "call", 400, 60200}, {s.rings, "pigeon", 400, 60200}, {s.rings, "email", 400, 60223}} {
		_, err := v.CreateVerification(id, ask(bad.to, bad.channel))
		refused(t, err, bad.status, bad.code)
	}
	asked := verification(v.CreateVerification(id, ask(s.rings, "call")))
	if *asked.Status != "pending" || *asked.Valid || *asked.To != s.rings || *asked.Channel != "call" || len(*asked.SendCodeAttempts) != 1 || asked.DateCreated == nil {
		t.Errorf("verification %+v", asked)
	}
	_, err := v.CreateVerification(id, ask(s.rings, "call"))
	refused(t, err, 429, 60212)
	verification(v.FetchVerification(id, *asked.Sid))
	if c := check(v.CreateVerificationCheck(id, (&verify.CreateVerificationCheckParams{}).SetTo(s.rings).SetCode("0000"))); *c.Status != "pending" || *c.Valid {
		t.Errorf("a wrong code: %+v", c)
	}
	if c := check(v.CreateVerificationCheck(id, (&verify.CreateVerificationCheckParams{}).SetVerificationSid(*asked.Sid).SetCode("4711"))); *c.Status != "approved" || !*c.Valid || *c.Sid != *asked.Sid {
		t.Errorf("the right one: %+v", c)
	}
	_, err = v.CreateVerificationCheck(id, (&verify.CreateVerificationCheckParams{}).SetTo(s.rings).SetCode("4711"))
	refused(t, err, 404, 20404)
	_, err = v.UpdateVerification(id, *asked.Sid, (&verify.UpdateVerificationParams{}).SetStatus("canceled"))
	refused(t, err, 404, 20404)
	if err := v.DeleteService(id); err != nil {
		t.Error(err)
	}
	_, err = v.FetchService(id)
	refused(t, err, 404, 20404)
}

// TestTwilioGoWatchesUsage makes a trigger and reads usage.
func TestTwilioGoWatchesUsage(t *testing.T) {
	s := running(t)
	api := s.api(t, s.token)
	p := (&openapi.CreateUsageTriggerParams{}).SetCallbackUrl("https://example.com/t").SetTriggerValue("+1000").SetUsageCategory("calls").SetTriggerBy("count").SetRecurring("daily")
	made := ok[*openapi.ApiV2010UsageTrigger](t)(api.CreateUsageTrigger(p))
	now, _ := strconv.ParseFloat(*made.CurrentValue, 64)
	if then, err := strconv.ParseFloat(*made.TriggerValue, 64); err != nil || then != now+1000 || *made.Recurring != "daily" || made.DateFired != nil {
		t.Errorf("trigger %+v", made)
	}
	if u := ok[*openapi.ApiV2010UsageTrigger](t)(api.UpdateUsageTrigger(*made.Sid, (&openapi.UpdateUsageTriggerParams{}).SetCallbackMethod("GET"))); *u.CallbackMethod != "GET" {
		t.Errorf("changed %+v", u)
	}
	ok[*openapi.ApiV2010UsageTrigger](t)(api.FetchUsageTrigger(*made.Sid, nil))
	if list := ok[[]openapi.ApiV2010UsageTrigger](t)(api.ListUsageTrigger((&openapi.ListUsageTriggerParams{}).SetUsageCategory("calls").SetRecurring("daily"))); len(list) == 0 || *list[0].Sid != *made.Sid {
		t.Errorf("triggers %+v", list)
	}
	if err := api.DeleteUsageTrigger(*made.Sid, nil); err != nil {
		t.Error(err)
	}
	if list := ok[[]openapi.ApiV2010UsageRecordToday](t)(api.ListUsageRecordToday((&openapi.ListUsageRecordTodayParams{}).SetCategory("calls"))); len(list) == 0 || *list[0].CountUnit != "calls" {
		t.Errorf("today %+v", list)
	}
	ok[[]openapi.ApiV2010UsageRecordDaily](t)(api.ListUsageRecordDaily((&openapi.ListUsageRecordDailyParams{}).SetPageSize(5).SetLimit(20)))
	for _, r := range ok[[]openapi.ApiV2010UsageRecordYearly](t)(api.ListUsageRecordYearly(&openapi.ListUsageRecordYearlyParams{})) {
		if r.Category == nil || r.StartDate == nil {
			t.Errorf("a year: %+v", r)
		}
	}
}
