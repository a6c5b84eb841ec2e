package manifest

import "time"

// Version is what a document said, from when it was applied until the next one.
type Version struct {
	Number  int64 // higher is newer
	Applied time.Time
	Text    string
}

// VersionsKept is how many versions of a document are kept, the one that holds among them.
const VersionsKept = 50

// Versioned tells whether versions of a kind of document are kept: bins are written and mended in a browser, everything
// else in files that have a history of their own.
func Versioned(kind string) bool { return kind == kindBin }
