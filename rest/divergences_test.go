package rest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readOperations reads Twilio's own description of the API: operations by path, and then by method in small letters.
func readOperations() (map[string]map[string]json.RawMessage, error) {
	var twilio struct {
		Paths map[string]map[string]json.RawMessage
	}
	dir := os.Getenv("KADEN_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "twilio_api_v2010.json"))
	if err == nil {
		err = json.Unmarshal(raw, &twilio)
	}
	return twilio.Paths, err
}

func operations(t *testing.T) map[string]map[string]json.RawMessage {
	t.Helper()
	all, err := readOperations()
	if os.IsNotExist(err) {
		t.Skip("skipped: no data: twilio_api_v2010.json is not there; KADEN_TEST_DATA names its folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each operation is here, or docs/divergences.md says of one of its names that it is 404.
func TestOperationsThatAreNotHereAreDivergences(t *testing.T) {
	var missing string
	for line := range strings.Lines(text(t, "../docs/divergences.md")) {
		if strings.Contains(line, "are 404") {
			missing += line
		}
	}
	here := 0
	for path, item := range operations(t) {
		for method, op := range item {
			if op[0] != '{' || !slices.Contains([]string{"get", "post", "delete"}, method) {
				continue // what all methods have in common
			}
			if place := route(instance(path)); place.methods[strings.ToUpper(method)] != nil {
				here++
				continue
			}
			named := func(part string) bool {
				return part != "" && part[0] != '{' && strings.Contains(missing, strings.TrimSuffix(part, ".json"))
			}
			if parts := strings.Split(strings.TrimPrefix(path, "/2010-04-01/Accounts/"), "/"); !slices.ContainsFunc(parts, named) {
				t.Errorf("%s %s is neither here nor named in docs/divergences.md as 404", strings.ToUpper(method), path)
			}
		}
	}
	t.Logf("%d operations are here", here)
	if here < 140 {
		t.Errorf("only %d operations are here: the test looks past them", here)
	}
}

// Each parameter of an operation that exists here is read, or docs/divergences.md names it: whoever gives one that has no
// effect can find out.
func TestParametersWithoutEffectAreDivergences(t *testing.T) {
	source, told := sources(t), text(t, "../docs/divergences.md")
	unknown := map[string][]string{}
	for path, item := range operations(t) {
		for method, op := range item {
			if place := route(instance(path)); place.methods[strings.ToUpper(method)] == nil {
				continue
			}
			for _, name := range parameterNames(t, op) {
				if !strings.Contains(source, `"`+strings.TrimRight(name, "<>")+`"`) && !strings.Contains(told, "`"+name+"`") {
					unknown[name] = append(unknown[name], strings.ToUpper(method)+" "+path)
				}
			}
		}
	}
	for name, at := range unknown {
		slices.Sort(at)
		t.Errorf("%s is neither read nor named in docs/divergences.md: %s", name, strings.Join(at, ", "))
	}
}

// numbered are the parameters of a stream, which are read by their number.
var numbered = regexp.MustCompile(`^Parameter\d+\.(Name|Value)$`)

// parameterNames are the names in the query and the form of an operation.
func parameterNames(t *testing.T, raw json.RawMessage) (names []string) {
	var op struct {
		Parameters []struct{ Name, In string }
		Body       struct {
			Content map[string]struct {
				Schema struct{ Properties map[string]json.RawMessage }
			}
		} `json:"requestBody"`
	}
	if raw[0] != '{' || json.Unmarshal(raw, &op) != nil {
		return nil // no operation
	}
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	for _, c := range op.Body.Content {
		for name := range c.Schema.Properties {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, numbered.MatchString)
}

var placeholder = regexp.MustCompile(`\{[A-Za-z]+\}`)

// instance is a path with something in the place of its identifiers.
func instance(path string) string {
	account := "/Accounts/AC" + strings.Repeat("0", 32)
	path = strings.NewReplacer("/Accounts/{AccountSid}", account, "/Accounts/{Sid}", account).Replace(path)
	return placeholder.ReplaceAllString(path, "x")
}

// sources is all of this package but its tests.
func sources(t *testing.T) string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			b.WriteString(text(t, f))
		}
	}
	return b.String()
}

func text(t *testing.T, file string) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
