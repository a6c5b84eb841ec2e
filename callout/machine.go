package callout

// Progress is the part of a State that only Decide understands. It is exported for JSON alone.
type Progress struct {
	Next int `json:"next,omitempty"` // number of the next attempt
}
