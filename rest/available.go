package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
)

// countryBody is Twilio's AvailablePhoneNumberCountry resource.
type countryBody struct {
	Beta            bool              `json:"beta"`
	Country         string            `json:"country"`
	CountryCode     string            `json:"country_code"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
	URI             string            `json:"uri"`
}

// availableBody is Twilio's resource of a number that can be had.
type availableBody struct {
	AddressRequirements string       `json:"address_requirements"`
	Beta                bool         `json:"beta"`
	Capabilities        capabilities `json:"capabilities"`
	FriendlyName        string       `json:"friendly_name"`
	ISOCountry          string       `json:"iso_country"`
	LATA                *string      `json:"lata"`
	Latitude            *float64     `json:"latitude"`
	Locality            *string      `json:"locality"`
	Longitude           *float64     `json:"longitude"`
	PhoneNumber         string       `json:"phone_number"`
	PostalCode          *string      `json:"postal_code"`
	RateCenter          *string      `json:"rate_center"`
	Region              *string      `json:"region"`
}

// countryOf is the ISO code of a number's country.
func countryOf(n account.Number) string { return number.Number(n.Number).Country() }

// countries are those of the numbers that nobody has, in order.
func (s *server) countries(r *request) (list []countryBody) {
	free := s.numbers("")
	codes := []string{s.cfg.Region}
	for _, n := range free {
		codes = append(codes, countryOf(n))
	}
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		if code == "" {
			continue
		}
		base := accountPath(r.account.SID) + "/AvailablePhoneNumbers/" + code
		b := countryBody{Country: code, CountryCode: code, SubresourceURIs: map[string]string{}, URI: base + ".json"}
		for _, k := range kindNames {
			if slices.ContainsFunc(free, func(n account.Number) bool { return countryOf(n) == code && isOf(n, k.kind) }) {
				b.SubresourceURIs[k.word] = base + "/" + k.kind + ".json"
			}
		}
		list = append(list, b)
	}
	return list
}

// listCountries lists the countries in which numbers can be had: GET /AvailablePhoneNumbers. There is one page.
func (s *server) listCountries(r *request) (answer, error) {
	if s.cfg.Numbers == nil {
		return answer{}, notFound(r.URL.Path)
	}
	return answer{status: http.StatusOK, body: map[string]any{
		"countries": s.countries(r), "uri": accountPath(r.account.SID) + "/AvailablePhoneNumbers.json",
	}}, nil
}

// fetchCountry shows a country: GET /AvailablePhoneNumbers/JP.
func (s *server) fetchCountry(r *request) (answer, error) {
	if s.cfg.Numbers == nil {
		return answer{}, notFound(r.URL.Path)
	}
	for _, c := range s.countries(r) {
		if c.CountryCode == r.id {
			return answer{status: http.StatusOK, body: c}, nil
		}
	}
	return answer{}, notFound(r.URL.Path)
}

// listAvailable lists the numbers of a country and kind that nobody has: GET /AvailablePhoneNumbers/JP/Local. They
// are those that documents describe and nothing answers.
func (s *server) listAvailable(r *request, kind string) (answer, error) {
	if s.cfg.Numbers == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	wanted, area := pattern(f.text("Contains")), f.text("AreaCode")
	no := f.text("VoiceEnabled") == "false" || f.text("SmsEnabled") == "true" && !s.texting() || f.text("MmsEnabled") == "true" || f.text("FaxEnabled") == "true"
	list := slices.DeleteFunc(s.numbers(""), func(n account.Number) bool {
		return no || countryOf(n) != r.id || !isOf(n, kind) || !wanted(n.Number) || area != "" && !strings.HasPrefix(national(n.Number), area)
	})
	list, next := piece(l, list)
	path := accountPath(r.account.SID) + "/AvailablePhoneNumbers/" + r.id + "/" + kind + ".json"
	keep := []string{"AreaCode", "Contains", "SmsEnabled", "MmsEnabled", "VoiceEnabled", "FaxEnabled"}
	return listed(l, r, path, "available_phone_numbers", keep, next, list, func(n account.Number) availableBody {
		return availableBody{
			AddressRequirements: "none", Capabilities: capabilities{Voice: true, SMS: s.texting()}, FriendlyName: formatted(n.Number),
			ISOCountry: r.id, PhoneNumber: n.Number,
		}
	}), nil
}
