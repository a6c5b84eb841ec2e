package main

import "github.com/kaden-project/kaden/number"

// verifyPath is where the Verify API is, which Twilio has at https://verify.twilio.com/v2.
const verifyPath = "/v2/"

// sender is the number that codes are written from: that of the first SMSC, trunk or upstream which writes to a number, "" for none.
func (r *rooms) sender(to number.Number) string {
	for _, u := range writers(r.house.Load()) {
		if u.From != "" && u.Refuses(to) == "" {
			return u.From
		}
	}
	return ""
}
