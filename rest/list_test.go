package rest_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

func callID(n int) sid.Call { return sid.Call(fmt.Sprintf("CA%032x", n)) }

// lastWeek fills the books: one call at noon of each day from 1 January 2026 on, a minute long, to sato and suzuki in turn.
func lastWeek(h *house, days int) {
	for i := range days {
		noon := time.Date(2026, 1, 1+i, 12, 0, 0, 0, time.UTC)
		r := call.Record{
			SID: callID(i + 1), Account: owner, Direction: call.OutboundAPI, From: us, To: sato, Status: call.Completed,
			Created: noon, Updated: noon, Started: noon, Answered: noon.Add(10 * time.Second), Ended: noon.Add(70 * time.Second),
		}
		if i%2 == 1 {
			r.To, r.Status, r.Answered, r.Parent = suzuki, call.NoAnswer, time.Time{}, callID(1)
		}
		h.store.Put(r)
	}
	h.store.Put(call.Record{SID: callID(1000), Account: other, To: sato})
}

// days are the calls of a page by the day of their call.
func (r reply) days() []int {
	r.t.Helper()
	out := []int{}
	for _, c := range r.is(200).body["calls"].([]any) {
		var day int
		fmt.Sscanf(c.(map[string]any)["sid"].(string), "CA%x", &day)
		out = append(out, day)
	}
	return out
}

func TestFilters(t *testing.T) {
	h := open(t, nil)
	lastWeek(h, 7)
	tests := []struct {
		name, query string
		want        []int
	}{
		{"none: newest first, and only one's own", "", []int{7, 6, 5, 4, 3, 2, 1}},
		{"to", "To=%2B819011112222", []int{7, 5, 3, 1}},
		{"to, in national form", "To=090-1111-2222", []int{7, 5, 3, 1}},
		{"to, with a + that was not encoded", "To=+819011112222", []int{7, 5, 3, 1}},
		{"to somebody unknown", "To=nobody", []int{}},
		{"from", "From=%2B815012345678&To=%2B819033334444", []int{6, 4, 2}},
		{"status", "Status=no-answer", []int{6, 4, 2}},
		{"parent", "ParentCallSid=" + string(callID(1)), []int{6, 4, 2}},
		{"a day", "StartTime=2026-01-03", []int{3}},
		{"a second", "StartTime=2026-01-03T12:00:00Z", []int{3}},
		{"another second", "StartTime=2026-01-03T12:00:01Z", []int{}},
		{"on or after a day", "StartTime%3E=2026-01-06", []int{7, 6}},
		{"on or after, written by hand", "StartTime>=2026-01-06", []int{7, 6}},
		{"before a day", "StartTime%3C=2026-01-03", []int{2, 1}},
		{"between", "StartTime%3C=2026-01-05&StartTime%3E=2026-01-03", []int{4, 3}},
		{"as twilio-go says it", "StartTime%3E=2026-01-06T12%3A00%3A00Z", []int{7, 6}},
		{"as twilio-java says it", "StartTime%3E=2026-01-06T12:00:01", []int{7}},
		{"in Japan's time", "StartTime%3E=2026-01-06T21%3A00%3A01%2B09%3A00", []int{7}},
		{"in Japan's time, with a + that was not encoded", "StartTime%3E=2026-01-06T21:00:01+09:00", []int{7}},
		{"a day and a bound", "StartTime=2026-01-03&StartTime%3E=2026-01-04", []int{}},
		{"ended", "EndTime%3E=2026-01-06T12:01:10Z&EndTime%3C=2026-01-07", []int{6}},
		{"unknown parameters", "Foo=bar", []int{7, 6, 5, 4, 3, 2, 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.t = t
			if got := h.get(base + "/Calls.json?" + test.query).days(); !slices.Equal(got, test.want) {
				t.Errorf("days %v, want %v", got, test.want)
			}
		})
	}
}

func TestFiltersAndPagesThatAreRefused(t *testing.T) {
	h := open(t, nil)
	lastWeek(h, 2)
	for query, code := range map[string]int{
		"PageSize=1001":                        20007,
		"PageSize=0":                           20007,
		"PageSize=-1":                          20007,
		"PageSize=many":                        20007,
		"PageToken=PA":                         21481,
		"PageToken=" + string(callID(1)):       21481,
		"PageToken=PA" + string(callID(99)):    21481,
		"PageToken=nonsense":                   21481,
		"Page=3":                               21481,
		"Status=initiated":                     20001,
		"Status=over":                          20001,
		"ParentCallSid=1":                      20001,
		"StartTime=yesterday":                  20001,
		"EndTime%3C=2026-13-01":                20001,
		"StartTime%3E=2026-01-06T12:00:00Z%00": 20001,
		"To=%zz":                               20001,
		"a=1;b=2":                              20001,
		"To=" + url.QueryEscape("\xff"):        20001,
		"Status=" + strings.Repeat("completed", 1000): 20001,
	} {
		t.Run(query[:min(len(query), 40)], func(t *testing.T) {
			h.t = t
			h.get(base+"/Calls.json?"+query).refuses(400, code)
		})
	}
	h.t = t
	h.get("/2010-04-01/Accounts.json?PageSize=x").refuses(400, 20007)
}

// pages follows next_page_uri to the end.
func pages(t *testing.T, h *house, path string) (list []reply) {
	t.Helper()
	for len(list) < 20 {
		r := h.get(path).is(200)
		list = append(list, r)
		if len(r.body) != 9 { // calls and eight more: twilio-python takes no other key
			t.Errorf("%d keys: %s", len(r.body), r.raw)
		}
		if r.body["next_page_uri"] == nil {
			return list
		}
		path = r.text("next_page_uri")
	}
	t.Fatal("no end of pages")
	return nil
}

func TestPages(t *testing.T) {
	h := open(t, nil)
	lastWeek(h, 7)
	path := base + "/Calls.json?StartTime%3E=2026-01-02&Foo=bar&PageSize=4"
	list := pages(t, h, path)
	if len(list) != 2 {
		t.Fatalf("%d pages, want 2", len(list))
	}
	first, last := list[0], list[1]
	if got := first.days(); !slices.Equal(got, []int{7, 6, 5, 4}) {
		t.Errorf("first page %v", got)
	}
	if got := last.days(); !slices.Equal(got, []int{3, 2}) {
		t.Errorf("last page %v", got)
	}
	kept := base + "/Calls.json?StartTime%3E=2026-01-02&PageSize=4&Page="
	for _, test := range []struct {
		page reply
		name string
		want any
	}{
		{first, "uri", kept + "0"}, {first, "first_page_uri", kept + "0"}, {first, "previous_page_uri", nil},
		{first, "next_page_uri", kept + "1&PageToken=PA" + string(callID(4))},
		{first, "page", 0.0}, {first, "page_size", 4.0}, {first, "start", 0.0}, {first, "end", 3.0},
		{last, "uri", kept + "1&PageToken=PA" + string(callID(4))}, {last, "first_page_uri", kept + "0"},
		{last, "previous_page_uri", kept + "0"}, {last, "next_page_uri", nil},
		{last, "page", 1.0}, {last, "start", 4.0}, {last, "end", 5.0},
	} {
		if got, ok := test.page.body[test.name]; !ok || got != test.want {
			t.Errorf("page %v: %s = %v, want %v", test.page.body["page"], test.name, got, test.want)
		}
	}
}

func TestEveryCallIsOnOnePage(t *testing.T) {
	h := open(t, nil)
	lastWeek(h, 30)
	for _, size := range []int{7, 10, 29, 30, 31} {
		var got []int
		for _, p := range pages(t, h, fmt.Sprintf("%s/Calls.json?PageSize=%d", base, size)) {
			got = append(got, p.days()...)
		}
		want := make([]int, 30)
		for i := range want {
			want[i] = 30 - i
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: %v", size, got)
		}
	}
}

func TestAnEmptyList(t *testing.T) {
	want := `{"calls":[],"end":0,"first_page_uri":"` + base + `/Calls.json?PageSize=50&Page=0","next_page_uri":null,"page":0,"page_size":50,` +
		`"previous_page_uri":null,"start":0,"uri":"` + base + `/Calls.json?PageSize=50&Page=0"}` + "\n"
	if got := open(t, nil).get(base + "/Calls.json").is(200).raw; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOneSideOfACall(t *testing.T) {
	h := open(t, nil)
	h.store.Put(call.Record{SID: callID(1), Account: owner, Parent: callID(2), Status: call.Initiated, AnsweredBy: "human", Direction: call.OutboundDial})
	r := h.get(base + "/Calls/" + string(callID(1)) + ".json").is(200)
	if r.text("status") != "queued" || r.text("parent_call_sid") != string(callID(2)) || r.text("answered_by") != "human" || r.body["date_created"] != nil {
		t.Errorf("%s; initiated is for callbacks alone", r.raw)
	}
}
