package kaden_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kaden-project/kaden/"

// room is what one folder may import of the others, and why it needs just these.
type room struct {
	may []string
	why string
}

// plan is the floor plan. A room that is not here does not exist; an import that is not here is a door
// in the wrong wall. "x/*" stands for x and its children. Tests may import more (see testsMay).
var plan = map[string]room{
	"number":          {nil, "numbers are words; they know nothing"},
	"sid":             {nil, "identifiers are words"},
	"timeline":        {nil, "the vocabulary of events is a word list"},
	"problem":         {nil, "what is wrong in a document is said the same way everywhere"},
	"problem/yamldoc": {[]string{"problem"}, "a person's YAML, each mistake at its place"},
	"tariff":          {[]string{"number", "problem", "problem/yamldoc"}, "prices are arithmetic"},
	"twiml":           {[]string{"problem"}, "a document knows no telephones"},
	"callout":         {[]string{"timeline", "problem"}, "deciding does no I/O: events in, commands out"},
	"alert":           {nil, "what a sender said, in one form"},
	"alert/mackerel":  {[]string{"alert"}, "translates bytes"},
	"alert/plain":     {[]string{"alert"}, "translates bytes"},
	"oncall":          {[]string{"number", "problem", "problem/yamldoc"}, "people and their addresses"},
	"account":         {[]string{"number", "sid", "problem", "problem/yamldoc"}, "who owns which number"},
	"trunk":           {[]string{"number", "tariff", "problem", "problem/yamldoc"}, "arithmetic about lines"},
	"notice":          {[]string{"number", "problem", "problem/yamldoc"}, "tells people and systems; decides nothing"},
	"manifest":        {[]string{"account", "alert", "callout", "notice", "number", "oncall", "problem", "problem/yamldoc", "tariff", "timeline", "trunk", "sid", "twiml"}, "checks what people wrote against one another (ADR 1)"},

	"media":             {nil, "sound; no sockets"},
	"media/mediatest":   {[]string{"media"}, "proves that two sounds are one"},
	"leg":               {[]string{"media"}, "the contract of one connection"},
	"leg/legtest":       {[]string{"leg", "media"}, "checks the contract"},
	"leg/simleg":        {[]string{"leg", "media"}, "a phone without a network"},
	"leg/sipleg":        {[]string{"leg", "media"}, "a phone over SIP"},
	"leg/webleg":        {[]string{"leg", "media"}, "a browser over WebRTC"},
	"leg/loopleg":       {[]string{"leg", "media"}, "our own numbers, within the house"},
	"leg/streamleg":     {[]string{"leg", "media"}, "a phone behind another platform: its sound comes over a WebSocket"},
	"registrar":         {[]string{"account", "leg", "media", "number", "sid"}, "which phones of ours are where; dials them as one leg"},
	"call":              {[]string{"account", "leg", "media", "number", "sid", "timeline", "tariff", "trunk"}, "legs become calls"},
	"speech":            {[]string{"media"}, "text becomes sound"},
	"speech/program":    {[]string{"speech", "media"}, "runs an engine that is a program"},
	"speech/openjtalk":  {[]string{"speech", "speech/program", "media"}, "an engine"},
	"speech/flite":      {[]string{"speech", "speech/program", "media"}, "an engine"},
	"speech/speechtest": {[]string{"speech", "media"}, "an engine for tests"},
	"voice":             {[]string{"account", "call", "leg", "media", "number", "sid", "speech", "twiml", "problem"}, "runs TwiML on a call"},

	"dispatch": {[]string{"account", "alert", "call", "callout", "job", "leg", "manifest", "number", "oncall", "problem", "sid", "timeline", "tariff", "trunk", "twiml"}, "from alert to outcome; leg for what ends a ghost"},
	"job":      {nil, "work for later"},

	"rest":            {[]string{"account", "call", "media", "message", "number", "sid", "twiml", "tariff", "problem"}, "Twilio's API; media for the channels of a recording"},
	"rest/resttest":   {[]string{"tariff", "account", "call", "number", "sid", "rest", "timeline", "leg"}, "a desk for tests"},
	"intake":          {[]string{"alert"}, "monitoring comes in here and nothing else"},
	"webhook":         {[]string{"account", "call", "job", "number", "sid"}, "what we ask of others' servers"},
	"clientsdk":       {[]string{"leg", "media", "number", "sid"}, "Twilio's browser SDK; sound is another's, behind an interface"},
	"message":         {[]string{"sid", "tariff"}, "short messages, out and in; the carrier is handed to it"},
	"message/pager":   {[]string{"leg", "leg/sipleg", "message", "number", "trunk"}, "messages over SIP: trunks and phones; who is registered is the registrar's affair"},
	"message/smpp":    {[]string{"message", "number", "sid", "trunk"}, "a carrier's SMSC; what it brings is kept by others"},
	"upstream":        {[]string{"call", "leg", "leg/streamleg", "media", "message", "number", "sid", "tariff", "timeline", "trunk", "twiml", "webhook"}, "another platform carries the whole call, or one leg of it, whose sound streamleg has; webhook knows its signature"},
	"api":             {[]string{"account", "alert", "call", "callout", "dispatch", "manifest", "number", "oncall", "problem", "sid", "timeline", "tariff", "trunk", "twiml", "leg"}, "kaden's own API"},
	"web":             {[]string{"api"}, "the console"},
	"store":           {[]string{"*"}, "keeps every room's records; none imports it"},
	"store/memstore":  {[]string{"*"}, "the same without a disk"},
	"store/storetest": {[]string{"*"}, "what keeping means"},
	"phonetest":       {[]string{"callout", "call", "leg", "leg/loopleg", "leg/simleg", "media", "number", "sid", "speech", "speech/speechtest", "store/memstore", "timeline", "trunk", "twiml", "voice", "account", "problem"}, "people with phones, for tests"},
	"bench":           {nil, "measures from outside"},
	"cmd/kaden":       {[]string{"*"}, "the roof: only here do all rooms meet"},
}

// storeOnlyAbove names who may import store: nobody below the roof.
var storeOnlyAbove = []string{"cmd/kaden", "store", "store/memstore", "store/storetest", "phonetest"}

func TestRoomsImportOnlyWhatThePlanAllows(t *testing.T) {
	for dir, files := range packages(t) {
		if dir == "." {
			continue
		}
		r, known := plan[dir]
		if !known {
			t.Errorf("%s: this room is not on the floor plan (house_test.go, doc.go)", dir)
			continue
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			for _, imp := range imports(t, f) {
				other, ours := strings.CutPrefix(imp, module)
				if !ours || other == dir {
					continue
				}
				if strings.HasPrefix(other, "store") && !slices.Contains(storeOnlyAbove, dir) {
					t.Errorf("%s imports %s: nobody below the roof knows where records are kept", f, other)
				}
				if !slices.Contains(r.may, "*") && !slices.Contains(r.may, other) {
					t.Errorf("%s imports %s; %s may import %v: %s", f, other, dir, r.may, r.why)
				}
			}
		}
	}
}

// forbidden are imports with a reason, for every file that is not a test.
var forbidden = []struct {
	in, imp, why string
	except       []string
}{
	{"", "net/http", "words, sound and decisions know no HTTP", []string{"webhook", "upstream", "rest", "rest/resttest", "intake", "api", "web", "dispatch", "cmd/kaden", "voice", "notice", "leg/sipleg", "phonetest", "bench", "clientsdk"}},
	{"callout", "os", "deciding does no I/O", nil},
	{"callout", "math/rand", "the same events give the same commands", nil},
	{"twiml", "os", "a document is bytes that somebody else read", nil},
	{"media", "net", "sound knows no sockets", nil},
	{"", "log", "log/slog only", nil},
}

func TestNobodyReachesForWhatItsRoomMustNotHave(t *testing.T) {
	for dir, files := range packages(t) {
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			for _, imp := range imports(t, f) {
				for _, b := range forbidden {
					if imp == b.imp && (b.in == "" || b.in == dir) && !slices.Contains(b.except, dir) {
						t.Errorf("%s imports %s: %s", f, imp, b.why)
					}
				}
			}
		}
	}
}

func TestEachRoomSaysWhatItIs(t *testing.T) {
	for dir, files := range packages(t) {
		var comment string
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil {
				if comment != "" {
					t.Errorf("%s: a second package comment; one room, one voice", f)
				}
				comment = file.Doc.Text()
			}
		}
		if len(strings.Fields(comment)) < 10 {
			t.Errorf("%s: no package comment that says what the room is for", dir)
		}
	}
}

// longest is how long a file may be before it is no longer one idea.
const longest = 600

func TestNoFileSwallowsTheHouse(t *testing.T) {
	for _, files := range packages(t) {
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "\n"); n > longest && !strings.HasSuffix(f, "_test.go") {
				t.Errorf("%s has %d lines; split it by idea (at most %d)", f, n, longest)
			}
		}
	}
}

func TestTheFloorPlanNamesNoEmptyRoom(t *testing.T) {
	there := packages(t)
	var gone []string
	for dir := range plan {
		if _, ok := there[dir]; !ok {
			gone = append(gone, dir)
		}
	}
	sort.Strings(gone)
	if len(gone) > 0 {
		t.Errorf("on the plan but not built: %v", gone)
	}
}

// packages lists the Go files of this module by folder. Modules of their own (conformance) are other houses.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "bin" || name == "kaden-data") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != "." && err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			dir := filepath.ToSlash(filepath.Dir(path))
			out[dir] = append(out[dir], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, path)
	}
	return out
}
