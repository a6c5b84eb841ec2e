package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// TestTwilioGoReadsEveryStruct reads what the other stories have no need of. Each kind of resource has a struct of its own in
// Twilio's client, and a list of the kind "local" another than one of the kind "mobile": one property of the wrong type, and the
// whole answer is an error.
func TestTwilioGoReadsEveryStruct(t *testing.T) {
	s := running(t)
	api := s.api(t, s.token)

	t.Run("signing keys", func(t *testing.T) {
		made := ok[*openapi.ApiV2010NewSigningKey](t)(api.CreateNewSigningKey((&openapi.CreateNewSigningKeyParams{}).SetFriendlyName("go")))
		if len(*made.Secret) != 32 || !strings.HasPrefix(*made.Sid, "SK") {
			t.Errorf("made %+v", made)
		}
		if k := ok[*openapi.ApiV2010SigningKey](t)(api.UpdateSigningKey(*made.Sid, (&openapi.UpdateSigningKeyParams{}).SetFriendlyName("go 2"))); *k.FriendlyName != "go 2" {
			t.Errorf("renamed %+v", k)
		}
		if k := ok[*openapi.ApiV2010SigningKey](t)(api.FetchSigningKey(*made.Sid, nil)); *k.FriendlyName != "go 2" || k.DateCreated == nil {
			t.Errorf("fetched %+v", k)
		}
		if k := ok[*openapi.ApiV2010Key](t)(api.FetchKey(*made.Sid, nil)); *k.FriendlyName != "go 2" {
			t.Errorf("as a key: %+v", k)
		}
		if list := ok[[]openapi.ApiV2010SigningKey](t)(api.ListSigningKey(&openapi.ListSigningKeyParams{})); len(list) == 0 || *list[0].Sid != *made.Sid {
			t.Errorf("listed %+v", list)
		}
		if err := api.DeleteSigningKey(*made.Sid, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("numbers by their kind", func(t *testing.T) {
		own := ok[*openapi.ApiV2010IncomingPhoneNumberLocal](t)(api.CreateIncomingPhoneNumberLocal((&openapi.CreateIncomingPhoneNumberLocalParams{}).SetPhoneNumber("+81312345678")))
		if list := ok[[]openapi.ApiV2010IncomingPhoneNumberLocal](t)(api.ListIncomingPhoneNumberLocal(&openapi.ListIncomingPhoneNumberLocalParams{})); len(list) == 0 || !list[0].Capabilities.Voice {
			t.Errorf("local numbers %+v", list)
		}
		if err := api.DeleteIncomingPhoneNumber(*own.Sid, nil); err != nil {
			t.Error(err)
		}
		for _, n := range ok[[]openapi.ApiV2010IncomingPhoneNumberMobile](t)(api.ListIncomingPhoneNumberMobile(&openapi.ListIncomingPhoneNumberMobileParams{})) {
			if !strings.HasPrefix(*n.PhoneNumber, "+81") || !n.Capabilities.Voice {
				t.Errorf("a mobile number: %+v", n)
			}
		}
		for _, n := range ok[[]openapi.ApiV2010IncomingPhoneNumberTollFree](t)(api.ListIncomingPhoneNumberTollFree(&openapi.ListIncomingPhoneNumberTollFreeParams{})) {
			if !strings.HasPrefix(*n.PhoneNumber, "+81") || !n.Capabilities.Voice {
				t.Errorf("a number that costs its callers nothing: %+v", n)
			}
		}
		for kind, err := range map[string]error{
			"Mobile":           last(api.ListAvailablePhoneNumberMobile("JP", &openapi.ListAvailablePhoneNumberMobileParams{})),
			"National":         last(api.ListAvailablePhoneNumberNational("JP", &openapi.ListAvailablePhoneNumberNationalParams{})),
			"Voip":             last(api.ListAvailablePhoneNumberVoip("JP", &openapi.ListAvailablePhoneNumberVoipParams{})),
			"TollFree":         last(api.ListAvailablePhoneNumberTollFree("JP", &openapi.ListAvailablePhoneNumberTollFreeParams{})),
			"SharedCost":       last(api.ListAvailablePhoneNumberSharedCost("JP", &openapi.ListAvailablePhoneNumberSharedCostParams{})),
			"MachineToMachine": last(api.ListAvailablePhoneNumberMachineToMachine("JP", &openapi.ListAvailablePhoneNumberMachineToMachineParams{})),
		} {
			if err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
	t.Run("what was used, by the span", func(t *testing.T) {
		for span, err := range map[string]error{
			"":          last(api.ListUsageRecord(&openapi.ListUsageRecordParams{})),
			"AllTime":   last(api.ListUsageRecordAllTime(&openapi.ListUsageRecordAllTimeParams{})),
			"LastMonth": last(api.ListUsageRecordLastMonth(&openapi.ListUsageRecordLastMonthParams{})),
			"Monthly":   last(api.ListUsageRecordMonthly(&openapi.ListUsageRecordMonthlyParams{})),
			"ThisMonth": last(api.ListUsageRecordThisMonth(&openapi.ListUsageRecordThisMonthParams{})),
			"Yesterday": last(api.ListUsageRecordYesterday(&openapi.ListUsageRecordYesterdayParams{})),
		} {
			if err != nil {
				t.Errorf("%s: %v", span, err)
			}
		}
		b, err := api.FetchBalance(nil)
		var refused *client.TwilioRestError
		switch {
		case errors.As(err, &refused) && refused.Code == 20404: // there is no budget
		case err != nil || *b.AccountSid != s.sid || *b.Balance == "" || len(*b.Currency) != 3:
			t.Errorf("balance %+v, %v", b, err)
		}
	})
	t.Run("what went wrong in a call", func(t *testing.T) {
		for _, n := range ok[[]openapi.ApiV2010Notification](t)(api.ListNotification((&openapi.ListNotificationParams{}).SetLimit(5))) {
			if n.CallSid == nil {
				continue
			}
			if of := ok[*openapi.ApiV2010CallNotificationInstance](t)(api.FetchCallNotification(*n.CallSid, *n.Sid, nil)); *of.Sid != *n.Sid || *of.ErrorCode != *n.ErrorCode {
				t.Errorf("%+v as one of its call's: %+v", n, of)
			}
		}
	})
	t.Run("numbers that somebody has let us show", func(t *testing.T) {
		for _, c := range ok[[]openapi.ApiV2010OutgoingCallerId](t)(api.ListOutgoingCallerId((&openapi.ListOutgoingCallerIdParams{}).SetLimit(1))) {
			if got := ok[*openapi.ApiV2010OutgoingCallerId](t)(api.UpdateOutgoingCallerId(*c.Sid, (&openapi.UpdateOutgoingCallerIdParams{}).SetFriendlyName("go"))); *got.FriendlyName != "go" {
				t.Errorf("renamed %+v", got)
			}
			if got := ok[*openapi.ApiV2010OutgoingCallerId](t)(api.FetchOutgoingCallerId(*c.Sid, nil)); *got.PhoneNumber != *c.PhoneNumber {
				t.Errorf("fetched %+v", got)
			}
			if err := api.DeleteOutgoingCallerId(*c.Sid, nil); err != nil {
				t.Error(err)
			}
		}
	})
}

// last is the error of an answer of which nothing else is looked at.
func last[T any](_ []T, err error) error { return err }
