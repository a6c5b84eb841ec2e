package rest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// triggerRoutes tell owners' servers of usage.
var triggerRoutes = routes{
	"Usage/Triggers":   {http.MethodGet: (*server).listTriggers, http.MethodPost: (*server).createTrigger},
	"Usage/Triggers/*": {http.MethodGet: (*server).fetchTrigger, http.MethodPost: (*server).updateTrigger, http.MethodDelete: (*server).deleteTrigger},
}

// triggerBody is Twilio's UsageTrigger resource.
type triggerBody struct {
	AccountSID     sid.Account `json:"account_sid"`
	APIVersion     string      `json:"api_version"`
	CallbackMethod string      `json:"callback_method"`
	CallbackURL    string      `json:"callback_url"`
	CurrentValue   string      `json:"current_value"`
	DateCreated    *string     `json:"date_created"`
	DateFired      *string     `json:"date_fired"`
	DateUpdated    *string     `json:"date_updated"`
	FriendlyName   string      `json:"friendly_name"`
	Recurring      string      `json:"recurring"`
	SID            sid.Trigger `json:"sid"`
	TriggerBy      string      `json:"trigger_by"`
	TriggerValue   string      `json:"trigger_value"`
	UsageCategory  string      `json:"usage_category"`
	UsageRecordURI string      `json:"usage_record_uri"`
	URI            string      `json:"uri"`
}

// allTimes is Twilio's word for a trigger that fires once.
const allTimes = "alltime"

// usageRecordURI is where the usage of a trigger's period is read.
func usageRecordURI(t account.Trigger) string {
	name := map[string]string{"daily": "/Today", "monthly": "/ThisMonth", "yearly": "/Yearly"}[t.Recurring]
	return accountPath(t.Account) + "/Usage/Records" + name + ".json?Category=" + t.Category
}

func triggerJSON(t account.Trigger, value tariff.Amount) triggerBody {
	return triggerBody{
		AccountSID: t.Account, APIVersion: apiVersion, CallbackMethod: cmp.Or(t.Method, http.MethodPost), CallbackURL: t.URL, CurrentValue: value.String(),
		DateCreated: date(t.Created), DateFired: date(t.Fired), DateUpdated: date(t.Updated), FriendlyName: t.Name, Recurring: cmp.Or(t.Recurring, allTimes),
		SID: t.SID, TriggerBy: t.By, TriggerValue: t.Value, UsageCategory: t.Category, UsageRecordURI: usageRecordURI(t),
		URI: accountPath(t.Account) + "/Usage/Triggers/" + string(t.SID) + ".json",
	}
}

// shownTrigger is a trigger with what was used by now in its period.
func (s *server) shownTrigger(r *request, status int, t account.Trigger, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	v, err := newReadings(s.cfg.Money).of(r.Context(), t, time.Now())
	return answer{status: status, body: triggerJSON(t, v)}, err
}

// triggering tells whether there are triggers here.
func (s *server) triggering(r *request) error {
	if s.cfg.Triggers == nil || s.cfg.Money == nil {
		return notFound(r.URL.Path)
	}
	return nil
}

// trigger finds the trigger that is named in the path.
func (s *server) trigger(r *request) (account.Trigger, error) {
	id, err := sid.Parse[sid.Trigger](r.id)
	if err != nil || s.triggering(r) != nil {
		return account.Trigger{}, notFound(r.URL.Path)
	}
	return s.cfg.Triggers.Trigger(r.Context(), r.account.SID, id)
}

// readCallback reads what an update may change.
func (f *fields) readCallback(t *account.Trigger) {
	if f.Has("CallbackUrl") {
		t.URL = f.link("CallbackUrl", 21205)
	}
	if f.Has("CallbackMethod") {
		t.Method = f.method("CallbackMethod")
	}
	if f.Has("FriendlyName") {
		t.Name = f.name("FriendlyName")
	}
	if t.URL == "" {
		f.refuse(20001, "CallbackUrl is required: who is to be told?")
	}
}

// recurring reads how often; alltime is once.
func (f *fields) recurring() string {
	return f.word("Recurring", "daily", "monthly", "yearly", allTimes)
}

// category reads a category that something is known of here.
func (f *fields) category(name string) (m meter) {
	m, known := meterOf(f.text(name))
	if !known {
		var all []string
		for _, m := range meters {
			all = append(all, m.category)
		}
		f.refuse(20001, "%s is not valid: %q is not one of %s", name, clip(f.text(name)), strings.Join(all, ", "))
	}
	return m
}

// triggerValue reads a number above 0. more says that it is an offset: so much more than now. A + that was not encoded
// has come as a space.
func (f *fields) triggerValue() (v tariff.Amount, more bool) {
	s := f.Get("TriggerValue")
	more = strings.HasPrefix(s, "+") || strings.HasPrefix(s, " ")
	v, err := tariff.ParseAmount(strings.TrimPrefix(strings.TrimSpace(s), "+"))
	if err != nil || v == 0 {
		f.refuse(20001, "TriggerValue is not valid: %q is not a number above 0, such as 50, 12.5 or +30 (so much more than now)", clip(s))
	}
	return v, more
}

// createTrigger makes a trigger: POST /Usage/Triggers.
func (s *server) createTrigger(r *request) (answer, error) {
	if err := s.triggering(r); err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	now := time.Now()
	t := account.Trigger{SID: sid.New[sid.Trigger](), Account: r.account.SID, Created: now, Updated: now}
	f.readCallback(&t)
	m := f.category("UsageCategory")
	t.Category = m.category
	if t.By = cmp.Or(f.word("TriggerBy", "count", "usage", "price"), "usage"); m.category == totalPrice {
		t.By = "price"
	}
	if t.Recurring = f.recurring(); t.Recurring == allTimes {
		t.Recurring = ""
	}
	value, more := f.triggerValue()
	if f.err != nil {
		return answer{}, f.err
	}
	if more {
		used, err := newReadings(s.cfg.Money).of(r.Context(), t, now)
		if err != nil {
			return answer{}, err
		}
		value += used
	}
	t.Value = value.String()
	err := s.cfg.Triggers.PutTrigger(r.Context(), t)
	return s.shownTrigger(r, http.StatusCreated, t, err)
}

// fetchTrigger shows a trigger: GET /Usage/Triggers/UT….
func (s *server) fetchTrigger(r *request) (answer, error) {
	t, err := s.trigger(r)
	return s.shownTrigger(r, http.StatusOK, t, err)
}

// updateTrigger changes who is told: POST /Usage/Triggers/UT….
func (s *server) updateTrigger(r *request) (answer, error) {
	t, err := s.trigger(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	f.readCallback(&t)
	if f.err != nil {
		return answer{}, f.err
	}
	t.Updated = time.Now()
	err = s.cfg.Triggers.PutTrigger(r.Context(), t)
	return s.shownTrigger(r, http.StatusOK, t, err)
}

// deleteTrigger forgets a trigger: DELETE /Usage/Triggers/UT….
func (s *server) deleteTrigger(r *request) (answer, error) {
	t, err := s.trigger(r)
	if err == nil {
		err = s.cfg.Triggers.DeleteTrigger(r.Context(), r.account.SID, t.SID)
	}
	return answer{status: http.StatusNoContent}, err
}

// listTriggers lists triggers, newest first: GET /Usage/Triggers.
func (s *server) listTriggers(r *request) (answer, error) {
	if err := s.triggering(r); err != nil {
		return answer{}, err
	}
	f := s.fields(r.query)
	filter := account.TriggerFilter{Account: r.account.SID, By: f.word("TriggerBy", "count", "usage", "price"), Recurring: f.recurring()}
	if filter.Recurring == allTimes {
		filter.Recurring = account.Once
	}
	if f.text("UsageCategory") != "" {
		filter.Category = f.text("UsageCategory")
	}
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	filter.Page = l.asked()
	list, next, err := s.cfg.Triggers.Triggers(r.Context(), filter)
	if err != nil {
		return answer{}, err
	}
	readings, now := newReadings(s.cfg.Money), time.Now()
	values := make([]tariff.Amount, len(list))
	for i, t := range list {
		if values[i], err = readings.of(r.Context(), t, now); err != nil {
			return answer{}, err
		}
	}
	show := func(t account.Trigger) triggerBody {
		i := slices.IndexFunc(list, func(o account.Trigger) bool { return o.SID == t.SID })
		return triggerJSON(t, values[i])
	}
	path := accountPath(r.account.SID) + "/Usage/Triggers.json"
	return listed(l, r, path, "usage_triggers", []string{"Recurring", "TriggerBy", "UsageCategory"}, next, list, show), nil
}
