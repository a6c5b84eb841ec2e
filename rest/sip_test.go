package rest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// sipStore keeps SIP resources in memory; hosts in taken are a document's.
type sipStore struct {
	all   []account.SIPResource
	taken string
}

func (s *sipStore) SIPResources(context.Context) ([]account.SIPResource, error) {
	return slices.Clone(s.all), nil
}

func (s *sipStore) PutSIPResource(_ context.Context, r account.SIPResource) error {
	if r.Kind == account.SIPDomain && r.Name == s.taken {
		return account.ErrTaken
	}
	if i := slices.IndexFunc(s.all, func(o account.SIPResource) bool { return o.ID == r.ID }); i >= 0 {
		s.all[i] = r
		return nil
	}
	s.all = append(s.all, r)
	return nil
}

func (s *sipStore) DropSIPResources(_ context.Context, ids []string) error {
	s.all = slices.DeleteFunc(s.all, func(r account.SIPResource) bool { return slices.Contains(ids, r.ID) })
	return nil
}

const sipBase = base + "/SIP"

// sipDesk is the API with SIP resources.
func sipDesk(t *testing.T) (*house, *sipStore) {
	s := &sipStore{taken: "document.example.jp"}
	return open(t, func(c *rest.Config) { c.SIP = s }), s
}

// A domain with users and networks is built as Twilio's own programs build it, each answer by the contract; what comes
// of it is what the phones are asked for.
func TestASIPDomainIsBuilt(t *testing.T) {
	c := readContract(t)
	h, store := sipDesk(t)
	do := func(status int, method, path string, pairs ...string) reply {
		t.Helper()
		var v url.Values
		if method == "POST" {
			v = form(pairs...)
		}
		return c.exchange(t, h, request(method, sipBase+path+".json", v)).is(status)
	}
	d := do(201, "POST", "/Domains", "DomainName", "Office.Example.JP", "FriendlyName", "Office", "VoiceUrl", "https://example.jp/out", "SipRegistration", "true").text("sid")
	cl := do(201, "POST", "/CredentialLists", "FriendlyName", "phones").text("sid")
	cr := do(201, "POST", "/CredentialLists/"+cl+"/Credentials", "Username", "sato", "Password", "Sesame-Sesame-1").text("sid")
	al := do(201, "POST", "/IpAccessControlLists", "FriendlyName", "pbx").text("sid")
	ip := do(201, "POST", "/IpAccessControlLists/"+al+"/IpAddresses", "FriendlyName", "net", "IpAddress", "192.0.2.0", "CidrPrefixLength", "24").text("sid")
	one := do(201, "POST", "/IpAccessControlLists/"+al+"/IpAddresses", "FriendlyName", "one", "IpAddress", "2001:db8::7").text("sid")
	do(201, "POST", "/Domains/"+d+"/Auth/Calls/CredentialListMappings", "CredentialListSid", cl)
	do(201, "POST", "/Domains/"+d+"/Auth/Registrations/CredentialListMappings", "CredentialListSid", cl)
	do(201, "POST", "/Domains/"+d+"/IpAccessControlListMappings", "IpAccessControlListSid", al)
	h.post(sipBase+"/Domains/"+d+"/CredentialListMappings.json", form("CredentialListSid", cl)).refuses(400, 21236, "already")

	built := account.DomainsOf(store.all)
	want := []account.Phone{{User: "sato", Password: "Sesame-Sesame-1", Calls: true, Register: true}}
	if len(built) != 1 || built[0].Name != "office.example.jp" || !built[0].Register || built[0].URL != "https://example.jp/out" || !slices.Equal(built[0].Phones, want) ||
		!slices.Equal(built[0].Allow, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::7/128")}) {
		t.Errorf("the phones are asked for %+v", built)
	}
	if got := do(200, "GET", "/Domains/"+d); got.text("auth_type") != "IP_ACL,CREDENTIAL_LIST" || got.text("domain_name") != "office.example.jp" {
		t.Errorf("%s", got.raw)
	}
	for path, list := range map[string]string{
		"/Domains": "domains", "/CredentialLists": "credential_lists", "/IpAccessControlLists": "ip_access_control_lists",
		"/CredentialLists/" + cl + "/Credentials": "credentials", "/IpAccessControlLists/" + al + "/IpAddresses": "ip_addresses",
		"/Domains/" + d + "/CredentialListMappings": "credential_list_mappings", "/Domains/" + d + "/IpAccessControlListMappings": "ip_access_control_list_mappings",
		"/Domains/" + d + "/Auth/Calls/CredentialListMappings": "contents", "/Domains/" + d + "/Auth/Calls/IpAccessControlListMappings": "contents",
		"/Domains/" + d + "/Auth/Registrations/CredentialListMappings": "contents",
	} {
		items, _ := do(200, "GET", path).body[list].([]any)
		if len(items) == 0 {
			t.Errorf("%s lists nothing", path)
			continue
		}
		do(200, "GET", path+"/"+items[0].(map[string]any)["sid"].(string))
	}
	for path, list := range map[string][2]string{ // each tie is cut and made again, by both of its names
		"/CredentialListMappings": {"CredentialListSid", cl}, "/Auth/Calls/CredentialListMappings": {"CredentialListSid", cl},
		"/IpAccessControlListMappings": {"IpAccessControlListSid", al}, "/Auth/Calls/IpAccessControlListMappings": {"IpAccessControlListSid", al},
	} {
		do(204, "DELETE", "/Domains/"+d+path+"/"+list[1])
		if tied := do(201, "POST", "/Domains/"+d+path, list[:]...); tied.text("sid") != list[1] {
			t.Errorf("%s ties %s", path, tied.raw)
		}
	}
	do(200, "POST", "/IpAccessControlLists/"+al, "FriendlyName", "exchange")
	do(200, "POST", "/Domains/"+d, "FriendlyName", "Büro", "VoiceMethod", "GET", "SipRegistration", "false")
	do(200, "POST", "/CredentialLists/"+cl, "FriendlyName", "telephones")
	do(200, "POST", "/CredentialLists/"+cl+"/Credentials/"+cr, "Password", "Another-Sesame-2")
	do(200, "POST", "/IpAccessControlLists/"+al+"/IpAddresses/"+ip, "IpAddress", "198.51.100.7", "CidrPrefixLength", "32")
	if b := account.DomainsOf(store.all)[0]; b.Title != "Büro" || b.Register || b.URL == "" || b.Phones[0].Password != "Another-Sesame-2" || b.Allow[0].String() != "198.51.100.7/32" {
		t.Errorf("after the changes: %+v", b)
	}
	do(204, "DELETE", "/IpAccessControlLists/"+al+"/IpAddresses/"+one)
	do(204, "DELETE", "/Domains/"+d+"/Auth/Registrations/CredentialListMappings/"+cl)
	do(204, "DELETE", "/CredentialLists/"+cl+"/Credentials/"+do(201, "POST", "/CredentialLists/"+cl+"/Credentials", "Username", "suzuki", "Password", "Sesame-Sesame-3").text("sid"))
	do(204, "DELETE", "/CredentialLists/"+cl)
	if b := account.DomainsOf(store.all)[0]; len(b.Phones) != 0 || len(b.Allow) != 1 {
		t.Errorf("a list that is gone still lets in %+v", b)
	}
	do(204, "DELETE", "/Domains/"+d)
	do(204, "DELETE", "/IpAccessControlLists/"+al)
	if len(store.all) != 0 {
		t.Errorf("left behind: %+v", store.all)
	}
}

func TestSIPResourcesRefuse(t *testing.T) {
	h, store := sipDesk(t)
	d := h.post(sipBase+"/Domains.json", form("DomainName", "a.example.jp")).is(201).text("sid")
	cl := h.post(sipBase+"/CredentialLists.json", form("FriendlyName", "phones")).is(201).text("sid")
	al := h.post(sipBase+"/IpAccessControlLists.json", form("FriendlyName", "pbx")).is(201).text("sid")
	h.post(sipBase+"/CredentialLists/"+cl+"/Credentials.json", form("Username", "sato", "Password", "Sesame-Sesame-1")).is(201)
	for _, test := range []struct {
		name, path string
		form       url.Values
		code       int
		words      string
	}{
		{"no name", "/Domains", form(), 21231, "required"},
		{"no host", "/Domains", form("DomainName", "a b"), 21231, "no host name"},
		{"a port", "/Domains", form("DomainName", "a.example.jp:5060"), 21231, "no host name"},
		{"a name that is there", "/Domains", form("DomainName", "A.example.jp"), 21232, "in use"},
		{"a name of a document", "/Domains", form("DomainName", "document.example.jp"), 21232, "in use"},
		{"a URL that is none", "/Domains/" + d, form("VoiceUrl", "example.jp"), 21205, "not absolute"},
		{"emergency calls", "/Domains/" + d, form("EmergencyCallingEnabled", "true"), 20001, "emergency"},
		{"TLS alone", "/Domains/" + d, form("Secure", "true"), 20001, "TLS"},
		{"a list without a name", "/CredentialLists", form(), 20001, "FriendlyName"},
		{"a long name", "/CredentialLists/" + cl, form("FriendlyName", strings.Repeat("長", 65)), 20002, "65 characters"},
		{"a weak password", "/CredentialLists/" + cl + "/Credentials", form("Username", "suzuki", "Password", "sesamesesame"), 21233, "capital"},
		{"a user with an @", "/CredentialLists/" + cl + "/Credentials", form("Username", "a@b", "Password", "Sesame-Sesame-1"), 21234, "letters"},
		{"a user who is there", "/CredentialLists/" + cl + "/Credentials", form("Username", "sato", "Password", "Sesame-Sesame-1"), 21235, "already"},
		{"no address", "/IpAccessControlLists/" + al + "/IpAddresses", form("FriendlyName", "x", "IpAddress", "example.jp"), 20001, "no address"},
		{"everybody", "/IpAccessControlLists/" + al + "/IpAddresses", form("FriendlyName", "x", "IpAddress", "0.0.0.0", "CidrPrefixLength", "0"), 20001, "from 8 to 32"},
		{"a list that is none", "/Domains/" + d + "/CredentialListMappings", form("CredentialListSid", al), 20001, "no such list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.t = t
			before := fmt.Sprint(store.all)
			h.post(sipBase+test.path+".json", test.form).refuses(400, test.code, test.words)
			if fmt.Sprint(store.all) != before {
				t.Error("something was written all the same")
			}
		})
	}
	h.t = t
	for _, path := range []string{
		"/Domains/SD0", "/Domains/" + string(sid.New[sid.Domain]()), "/CredentialLists/" + d, "/CredentialLists/" + al + "/Credentials",
		"/Domains/" + d + "/Auth/Calls/CredentialListMappings/" + cl, "/Domains/" + d + "/Auth", "/Domains/" + cl + "/CredentialListMappings",
	} {
		h.get(sipBase+path+".json").refuses(404, 20404)
	}
	r := httptest.NewRequest("GET", strings.Replace(sipBase, string(owner), string(other), 1)+"/Domains.json", nil)
	r.SetBasicAuth(string(other), "ffffffffffffffffffffffffffffffff")
	if got := h.send(r).is(200); len(got.body["domains"].([]any)) != 0 {
		t.Errorf("another account sees %s", got.raw)
	}
	open(t, nil).get(sipBase+"/Domains.json").refuses(404, 20404)
}

func TestSIPListsGoOnOverADeletion(t *testing.T) {
	h, _ := sipDesk(t)
	var made []string
	for i := range 5 {
		made = append(made, h.post(sipBase+"/CredentialLists.json", form("FriendlyName", fmt.Sprint(i))).is(201).text("sid"))
	}
	seen := map[string]bool{}
	path := sipBase + "/CredentialLists.json?PageSize=2"
	for path != "" {
		page := h.get(path).is(200)
		var last string
		for _, item := range page.body["credential_lists"].([]any) {
			last = item.(map[string]any)["sid"].(string)
			seen[last] = true
		}
		h.send(request("DELETE", sipBase+"/CredentialLists/"+last+".json", nil)).is(204)
		path, _ = page.body["next_page_uri"].(string)
	}
	if len(seen) != len(made) {
		t.Errorf("%d of %d lists were seen", len(seen), len(made))
	}
}

func TestMappingsAreListedByPages(t *testing.T) {
	h, _ := sipDesk(t)
	below := sipBase + "/Domains/" + h.post(sipBase+"/Domains.json", form("DomainName", "a.example.jp")).is(201).text("sid") + "/Auth/Calls/CredentialListMappings.json"
	var made, seen []string
	for i := range 3 {
		made = append(made, h.post(sipBase+"/CredentialLists.json", form("FriendlyName", fmt.Sprint(i))).is(201).text("sid"))
		h.post(below, form("CredentialListSid", made[i])).is(201)
	}
	for path := below + "?PageSize=1"; path != ""; {
		if strings.Contains(path, " ") {
			t.Fatalf("%q is no address that can be asked", path)
		}
		page := h.get(path).is(200)
		seen = append(seen, page.body["contents"].([]any)[0].(map[string]any)["sid"].(string))
		path, _ = page.body["next_page_uri"].(string)
	}
	slices.Sort(made)
	if slices.Sort(seen); !slices.Equal(seen, made) {
		t.Errorf("mapped %v, listed %v", made, seen)
	}
}
