package sipleg

import "strings"

// ownHeaders are the X-… headers of a final answer to our INVITE, the first 64; nil for none. They are a stranger's words.
func ownHeaders(r *response) map[string]string {
	var all map[string]string
	for _, h := range r.Headers() {
		if name := h.Name(); len(name) > 2 && strings.EqualFold(name[:2], "x-") && len(all) < 64 {
			if all == nil {
				all = map[string]string{}
			}
			all[name] = h.Value()
		}
	}
	return all
}
