package main

import "github.com/kaden-project/kaden/number"

// verifyPath is where the Verify API is, which Twilio has at https://verify.twilio.com/v2.
const verifyPath = "/v2/"

// sender is the number that codes are written from: that of the first upstream which writes to a number, "" for none.
func (r *rooms) sender(to number.Number) string {
	for _, u := range r.house.Load().Upstreams {
		if u.From != "" && u.Refuses(to) == "" {
			return u.From
		}
	}
	return ""
}
