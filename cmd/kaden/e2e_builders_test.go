package main_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/twiml"
)

// element is a piece of a document as the builders take it.
type element struct {
	Tag   string            `json:"tag"`
	Attrs map[string]string `json:"attrs,omitempty"`
	Text  string            `json:"text,omitempty"`
	Kids  []*element        `json:"kids,omitempty"`
	Tail  string            `json:"tail,omitempty"`
}

// elements reads a document with the standard library; white space between elements is not kept.
func elements(t *testing.T, doc []byte) *element {
	t.Helper()
	root := &element{}
	open := []*element{root}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return root.Kids[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		top := open[len(open)-1]
		switch x := token.(type) {
		case xml.StartElement:
			e := &element{Tag: x.Name.Local, Attrs: map[string]string{}}
			for _, a := range x.Attr {
				name := a.Name.Local
				if a.Name.Space != "" {
					name = a.Name.Space + ":" + name
				}
				e.Attrs[strings.Replace(name, "http://www.w3.org/XML/1998/namespace:", "xml:", 1)] = a.Value
			}
			top.Kids, open = append(top.Kids, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			text := string(x)
			if strings.TrimSpace(text) == "" && strings.Contains(text, "\n") {
				continue
			}
			if n := len(top.Kids); n > 0 {
				top.Kids[n-1].Tail += text
			} else {
				top.Text += text
			}
		}
	}
}

// builders are the programs that write documents with a library of Twilio's, of those libraries that are here.
func builders(t *testing.T) map[string][]string {
	all := map[string][]string{}
	if _, err := os.Stat(filepath.Join("..", "..", "conformance", "node_modules", "twilio")); err == nil {
		if node, err := exec.LookPath("node"); err == nil {
			all["Node"] = []string{node, "builders.mjs"}
		}
	}
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if all["Python"] == nil && exec.Command(python, "-c", "import twilio").Run() == nil {
			all["Python"] = []string{python, "builders.py"}
		}
	}
	program := filepath.Join(t.TempDir(), "builders")
	build := exec.Command("go", "build", "-mod=readonly", "-o", program, "./builders")
	build.Dir, build.Env = filepath.Join("..", "..", "conformance"), append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	if out, err := build.CombinedOutput(); err == nil {
		all["Go"] = []string{program}
	} else {
		t.Logf("without twilio-go: %s", out)
	}
	if len(all) == 0 {
		t.Skip("skipped: none of twilio-go (cd conformance && go mod download), the npm package twilio (npm ci) and python3-twilio is here")
	}
	return all
}

// Documents with every verb, noun and attribute, written by twilio's own builders, are read to the same tree as those
// that our own writer writes, and nothing is said of them but what kaden does not run.
func TestTwiliosBuildersWriteWhatIsReadTheSame(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "conformance", "documents", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	var in bytes.Buffer
	var ours []string
	said := map[string]map[string]bool{} // attributes by element
	for _, f := range files {
		doc, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, written(t, filepath.Base(f), doc))
		tree := elements(t, doc)
		line, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
		note(said, tree)
	}
	for name, command := range builders(t) {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			var complaint bytes.Buffer
			cmd.Dir, cmd.Stdin, cmd.Stderr = filepath.Join("..", "..", "conformance"), bytes.NewReader(in.Bytes()), &complaint
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &complaint)
			}
			theirs := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(theirs) != len(files) {
				t.Fatalf("%d documents came back, want %d", len(theirs), len(files))
			}
			for i, line := range theirs {
				name := filepath.Base(files[i])
				if line == "null" && (name == "speech.xml" || name == "unrun.xml") {
					continue // twilio-go writes <Break>, <SayAs> and <SipRec>, which nobody reads
				}
				var doc string
				if err := json.Unmarshal([]byte(line), &doc); err != nil {
					t.Fatal(err)
				}
				if got := written(t, name, []byte(doc)); got != ours[i] {
					t.Errorf("%s\n%s\nis read as\n%s\nwant\n%s", files[i], doc, got, ours[i])
				}
			}
		})
	}
	t.Run("every attribute", func(t *testing.T) { everyAttribute(t, said) })
}

// written is what our own writer makes of a document: two documents that are written the same are the same tree.
func written(t *testing.T, name string, doc []byte) string {
	t.Helper()
	r, problems := twiml.Parse(doc)
	for _, p := range problems {
		if !strings.HasPrefix(p.Text, "kaden does not") && name != "unrun.xml" || p.Code == 12200 {
			t.Errorf("%s: %v", name, p)
		}
	}
	out, err := twiml.Write(r)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	again, _ := twiml.Parse(out)
	if twice, err := twiml.Write(again); err != nil || !bytes.Equal(twice, out) {
		t.Errorf("%s changes when it is written twice: %v\n%s\n%s", name, err, out, twice)
	}
	return string(out)
}

func note(said map[string]map[string]bool, e *element) {
	if said[e.Tag] == nil {
		said[e.Tag] = map[string]bool{}
	}
	for a := range e.Attrs {
		said[e.Tag][a] = true
	}
	for _, k := range e.Kids {
		note(said, k)
	}
}

// Elements whose attributes the documents leave out: of products that kaden will never run, and those of a <Uri>, which
// no page of Twilio's describes (12200).
var others = []string{
	"AiSession", "Autopilot", "Conversation", "ConversationRelay", "ConversationRelaySession", "Language", "Pay", "Prompt", "Room", "SipUri", "VirtualAgent",
}

// everyAttribute finds the attributes that twilio-node's builder has and the documents do not.
func everyAttribute(t *testing.T, said map[string]map[string]bool) {
	types, err := os.ReadFile(filepath.Join("..", "..", "conformance", "node_modules", "twilio", "lib", "twiml", "VoiceResponse.d.ts"))
	if err != nil {
		t.Skip("skipped: the npm package twilio is not installed (cd conformance && npm ci)")
	}
	n := 0
	for _, m := range regexp.MustCompile(`(?s)interface (\w+)Attributes \{(.*?)\n    \}`).FindAllStringSubmatch(string(types), -1) {
		tag := m[1]
		if lower, ok := strings.CutPrefix(tag, "Ssml"); ok {
			tag = strings.ToLower(strings.Replace(lower, "SayAs", "say-as", 1))
		}
		if slices.Contains(others, tag) {
			continue
		}
		for _, a := range regexp.MustCompile(`(?m)^\s+'?"?([\w:-]+)'?"?\?:`).FindAllStringSubmatch(m[2], -1) {
			n++
			if !said[tag][a[1]] {
				t.Errorf("the documents have no <%s %s>", tag, a[1])
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d attributes were found: the file has changed its form", n)
	}
}
