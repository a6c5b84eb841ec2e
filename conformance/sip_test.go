package conformance

import (
	"testing"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// made fails the test where something was not made, and gives its SID.
func made(t *testing.T, what string, sid *string, err error) string {
	t.Helper()
	if err != nil || sid == nil {
		t.Fatalf("%s: %v", what, err)
	}
	return *sid
}

// A SIP domain with a user and a network is built, seen and taken down again, by twilio-go.
func TestSIPDomain(t *testing.T) {
	s := running(t)
	api := s.api(t, s.token)
	name := "conformance.example.jp"
	d, err := api.CreateSipDomain((&openapi.CreateSipDomainParams{}).SetDomainName(name).SetFriendlyName("Conformance").SetSipRegistration(true).SetVoiceUrl("https://example.jp/out"))
	if err != nil {
		t.Fatal(err)
	}
	domain := made(t, "domain", d.Sid, err)
	defer api.DeleteSipDomain(domain, nil)
	if *d.DomainName != name || !*d.SipRegistration || *d.VoiceUrl != "https://example.jp/out" || *d.VoiceMethod != "POST" {
		t.Errorf("%+v", d)
	}
	l, err := api.CreateSipCredentialList((&openapi.CreateSipCredentialListParams{}).SetFriendlyName("phones"))
	if err != nil {
		t.Fatal(err)
	}
	list := made(t, "list", l.Sid, err)
	defer api.DeleteSipCredentialList(list, nil)
	c, err := api.CreateSipCredential(list, (&openapi.CreateSipCredentialParams{}).SetUsername("sato").SetPassword("Sesame-Sesame-1"))
	if err != nil {
		t.Fatal(err)
	}
	made(t, "credential", c.Sid, err)
	if _, err := api.CreateSipCredential(list, (&openapi.CreateSipCredentialParams{}).SetUsername("suzuki").SetPassword("weak")); err == nil {
		t.Error("a weak password is taken")
	}
	if _, err := api.CreateSipAuthRegistrationsCredentialListMapping(domain, (&openapi.CreateSipAuthRegistrationsCredentialListMappingParams{}).SetCredentialListSid(list)); err != nil {
		t.Error(err)
	}
	if _, err := api.CreateSipAuthCallsCredentialListMapping(domain, (&openapi.CreateSipAuthCallsCredentialListMappingParams{}).SetCredentialListSid(list)); err != nil {
		t.Error(err)
	}
	a, err := api.CreateSipIpAccessControlList((&openapi.CreateSipIpAccessControlListParams{}).SetFriendlyName("pbx"))
	if err != nil {
		t.Fatal(err)
	}
	access := made(t, "access list", a.Sid, err)
	defer api.DeleteSipIpAccessControlList(access, nil)
	ip, err := api.CreateSipIpAddress(access, (&openapi.CreateSipIpAddressParams{}).SetFriendlyName("net").SetIpAddress("192.0.2.0").SetCidrPrefixLength(24))
	if err != nil || ip.CidrPrefixLength != 24 {
		t.Fatalf("%+v %v", ip, err)
	}
	if _, err := api.CreateSipIpAccessControlListMapping(domain, (&openapi.CreateSipIpAccessControlListMappingParams{}).SetIpAccessControlListSid(access)); err != nil {
		t.Error(err)
	}
	if err := api.DeleteSipIpAccessControlListMapping(domain, access, nil); err != nil {
		t.Error(err)
	}
	if m, err := api.CreateSipAuthCallsIpAccessControlListMapping(domain, (&openapi.CreateSipAuthCallsIpAccessControlListMappingParams{}).SetIpAccessControlListSid(access)); err != nil || *m.Sid != access {
		t.Errorf("%+v %v", m, err)
	}
	// The mappings of old are those of calls by another name.
	if all, err := api.ListSipCredentialListMapping(domain, nil); err != nil || len(all) != 1 || *all[0].Sid != list {
		t.Errorf("%+v %v", all, err)
	}
	if err := api.DeleteSipCredentialListMapping(domain, list, nil); err != nil {
		t.Error(err)
	}
	if m, err := api.CreateSipCredentialListMapping(domain, (&openapi.CreateSipCredentialListMappingParams{}).SetCredentialListSid(list)); err != nil || *m.Sid != list {
		t.Errorf("%+v %v", m, err)
	}
	for what, err := range map[string]error{
		"domains": last(api.ListSipDomain(nil)), "lists": last(api.ListSipCredentialList(nil)), "access lists": last(api.ListSipIpAccessControlList(nil)),
		"addresses": last(api.ListSipIpAddress(access, nil)), "who may register": last(api.ListSipAuthRegistrationsCredentialListMapping(domain, nil)),
		"from where one may call": last(api.ListSipAuthCallsIpAccessControlListMapping(domain, nil)),
		"the lists of old":        last(api.ListSipCredentialListMapping(domain, nil)), "the access lists of old": last(api.ListSipIpAccessControlListMapping(domain, nil)),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	users, err := api.ListSipCredential(list, nil)
	if err != nil || len(users) != 1 || *users[0].Username != "sato" {
		t.Errorf("%+v %v", users, err)
	}
	tied, err := api.ListSipAuthCallsCredentialListMapping(domain, nil)
	if err != nil || len(tied) != 1 || *tied[0].Sid != list {
		t.Errorf("%+v %v", tied, err)
	}
	seen, err := api.FetchSipDomain(domain, nil)
	if err != nil || *seen.AuthType != "IP_ACL,CREDENTIAL_LIST" {
		t.Errorf("%+v %v", seen, err)
	}
	changed, err := api.UpdateSipDomain(domain, (&openapi.UpdateSipDomainParams{}).SetFriendlyName("Changed").SetSipRegistration(false))
	if err != nil || *changed.FriendlyName != "Changed" || *changed.SipRegistration {
		t.Errorf("%+v %v", changed, err)
	}
}
