package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// Page sizes of lists.
const (
	usualPage = 50
	largest   = 1000
)

// page is the part of a list that is asked for.
type page struct {
	size  int
	nr    int    // display only: a list is continued by its token
	token string // what the page before said, without PA; "" for the first page
}

func (f *fields) sid(name, s string) sid.Call {
	id, err := sid.Parse[sid.Call](s)
	if err != nil {
		f.refuse(20001, "%s is not valid: %v", name, err)
	}
	return id
}

// readPage reads PageSize, Page and PageToken.
func (f *fields) readPage() (page, error) {
	p := page{size: usualPage}
	if s := f.text("PageSize"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > largest {
			f.refuse(20007, "PageSize is not valid: %q is not a number from 1 to %d", clip(s), largest)
		}
		p.size = n
	}
	if n, err := strconv.Atoi(f.text("Page")); err == nil && n > 0 && n < 1<<31 {
		p.nr = n
	}
	token := f.text("PageToken")
	var marked bool
	switch p.token, marked = strings.CutPrefix(token, "PA"); {
	case token == "" && p.nr > 0:
		// Answering with the first page would keep a program that counts pages busy for ever.
		f.refuse(21481, "Page %d needs its PageToken: follow next_page_uri", p.nr)
	case token != "" && (!marked || p.token == ""):
		f.badToken()
	}
	return p, f.err
}

func (f *fields) badToken() { f.refuse(21481, "PageToken is not valid: take it from next_page_uri") }

// readCallPage is readPage for calls, whose token is the last call of the page before.
func (f *fields) readCallPage() (p page, after sid.Call, err error) {
	if p, err = f.readPage(); err != nil || p.token == "" {
		return p, "", err
	}
	after, err = sid.Parse[sid.Call](p.token)
	if err != nil {
		f.badToken()
	}
	return p, after, f.err
}

// listing is a page of anything that is listed by its place.
type listing struct {
	page
	after int64
}

// readList is readPage for all that is listed by its place: one that was deleted meanwhile does not end the list.
func (f *fields) readList() (listing, error) {
	p, err := f.readPage()
	if err != nil || p.token == "" {
		return listing{page: p}, err
	}
	after, err := strconv.ParseInt(p.token, 16, 64)
	if err != nil || after < 1 {
		f.badToken()
	}
	return listing{p, after}, f.err
}

// asked is the page as the books know it.
func (l listing) asked() account.Page { return account.Page{After: l.after, Limit: l.size} }

// listed is the answer with a page of the list at path; next is the place to go on after, 0 at the end.
func listed[T, B any](l listing, r *request, path, key string, keep []string, next int64, list []T, show func(T) B) answer {
	items := make([]any, len(list))
	for i, v := range list {
		items[i] = show(v)
	}
	last := ""
	if next > 0 {
		last = fmt.Sprintf("%032x", next)
	}
	return answer{status: http.StatusOK, body: l.envelope(path, key, r.query, keep, items, last)}
}

// envelope is a list as v2010 sends it. There must be no key but these: twilio-python would refuse the page.
// key names the list; last is the token of what comes after, "" for nothing.
func (p page) envelope(path, key string, query url.Values, keep []string, items []any, last string) map[string]any {
	filters := url.Values{}
	for _, k := range keep {
		if v := query[k]; len(v) > 0 {
			filters[k] = v[:1]
		}
	}
	uri := func(nr int, after string) string {
		var b strings.Builder
		b.WriteString(path + "?")
		if len(filters) > 0 {
			b.WriteString(filters.Encode() + "&")
		}
		b.WriteString("PageSize=" + strconv.Itoa(p.size) + "&Page=" + strconv.Itoa(nr))
		if after != "" {
			b.WriteString("&PageToken=PA" + url.QueryEscape(after))
		}
		return b.String()
	}
	e := map[string]any{
		key:                 items,
		"first_page_uri":    uri(0, ""),
		"next_page_uri":     nil,
		"previous_page_uri": nil,
		"page":              p.nr,
		"page_size":         p.size,
		"start":             0,
		"end":               0,
		"uri":               uri(p.nr, p.token),
	}
	if last != "" {
		e["next_page_uri"] = uri(p.nr+1, last)
	}
	if p.nr == 1 {
		e["previous_page_uri"] = uri(0, "")
	}
	if len(items) > 0 {
		e["start"], e["end"] = p.nr*p.size, p.nr*p.size+len(items)-1
	}
	return e
}
