package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/kaden-project/kaden/twiml"
)

// checkTwiML runs the command as a shell would, in a directory with the given files.
func checkTwiML(t *testing.T, files map[string]string, stdin string, asJSON bool, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var o, e strings.Builder
	c := twimlCheckCmd{Files: args, JSON: asJSON}
	switch err := c.Run(&output{Stdin: strings.NewReader(stdin), Stdout: &o, Stderr: &e}).(type) {
	case nil:
	case exitCode:
		code = int(err)
	default:
		t.Fatal(err)
	}
	return o.String(), e.String(), code
}

func TestTwimlCheck(t *testing.T) {
	files := map[string]string{
		"good.xml":    "<Response><Say>a</Say></Response>",
		"warning.xml": "<Response>\n  <Gather>\n    <Record/>\n  </Gather>\n</Response>",
		"broken.xml":  "<Response>\n  <Say>a & b</Say>\n</Response>",
		"long.xml":    "<Response>" + strings.Repeat(" ", twiml.MaxSize) + "</Response>",
	}
	const (
		nested = "warning.xml:3:5: warning 13320: <Gather>: <Record> cannot be nested here: skipped (Say, Play and Pause can)\n"
		amp    = "broken.xml:2:10: error 12100: a & that begins no reference (write &amp;, in URLs too)\n"
	)
	for _, c := range []struct {
		name           string
		args           []string
		stdin          string
		stdout, stderr string
		code           int
	}{
		{"a good document", []string{"good.xml"}, "", "", "1 document, 0 errors, 0 warnings\n", 0},
		{"warnings alone", []string{"warning.xml"}, "", nested, "1 document, 0 errors, 1 warning\n", 0},
		{"an error", []string{"broken.xml"}, "", amp, "1 document, 1 error, 0 warnings\n", 1},
		{"all of them", []string{"broken.xml", "good.xml", "warning.xml"}, "", amp + nested, "3 documents, 1 error, 1 warning\n", 1},
		{"standard input", []string{"-"}, files["broken.xml"], strings.Replace(amp, "broken.xml", "stdin", 1), "1 document, 1 error, 0 warnings\n", 1},
		{"a long one", []string{"long.xml"}, "", "long.xml: error 11750: the document is longer than 65536 bytes (divide it, and go from one part to the next with <Redirect>)\n", "1 document, 1 error, 0 warnings\n", 1},
		{"a missing one", []string{"nothing.xml", "broken.xml"}, "", amp, "kaden: nothing.xml: no such file; - reads standard input\n2 documents, 1 error, 0 warnings\n", 2},
		{"a directory", []string{"."}, "", "", "kaden: . is a directory; name the files in it: ./*.xml\n1 document, 0 errors, 0 warnings\n", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := checkTwiML(t, files, c.stdin, false, c.args...)
			if stdout != c.stdout || stderr != c.stderr || code != c.code {
				t.Errorf("exit %d\n%s%s\nwant %d\n%s%s", code, stdout, stderr, c.code, c.stdout, c.stderr)
			}
		})
	}
}

func TestTwimlCheckForMachines(t *testing.T) {
	doc := "<Response>\n  <Pay/><Pause lenght='1'/>\n</Response>"
	stdout, stderr, code := checkTwiML(t, map[string]string{"a.xml": doc}, "", true, "a.xml")
	if code != 0 || stderr != "" {
		t.Errorf("exit %d, %q", code, stderr)
	}
	const want = `{"file":"a.xml","line":2,"column":3,"level":"warning","code":0,"verb":"Pay","text":"kaden does not run it: the call goes on with the next verb","hint":""}
{"file":"a.xml","line":2,"column":16,"level":"warning","code":12200,"verb":"Pause","text":"unknown attribute lenght: ignored","hint":"did you mean length?"}
`
	if stdout != want {
		t.Errorf("got\n%swant\n%s", stdout, want)
	}
	for line := range strings.Lines(stdout) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func TestTwilioSamplesPassTwimlCheck(t *testing.T) {
	dir := os.Getenv("KADEN_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "twiml", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Skip("skipped: no data")
	}
	for i, f := range files {
		if files[i], err = filepath.Abs(f); err != nil {
			t.Fatal(err)
		}
	}
	if stdout, stderr, code := checkTwiML(t, nil, "", false, files...); code != 0 {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func TestTwimlCheckOnTheCommandLine(t *testing.T) {
	var c struct {
		Twiml twimlCmd `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse([]string{"twiml", "check", "--json", "-", "a.xml"})
	if err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	err = ctx.Run(&output{Stdin: strings.NewReader("<Response"), Stdout: &stdout, Stderr: &stdout})
	if code := exitCode(0); !errors.As(err, &code) || code != 2 { // there is no a.xml
		t.Errorf("%v", err)
	}
	if !strings.HasPrefix(stdout.String(), `{"file":"stdin","line":1,"column":1,"level":"error","code":12100,`) {
		t.Errorf("got %s", stdout.String())
	}
}
