package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

type twimlCmd struct {
	Check twimlCheckCmd `cmd:"" help:"Show what is wrong in TwiML documents, and where."`
}

type twimlCheckCmd struct {
	languageFlag
	Files []string `arg:"" name:"file" help:"Documents to check; - is standard input."`
	JSON  bool     `name:"json" help:"One JSON object a line."`
}

// Help is shown below the flags.
func (*twimlCheckCmd) Help() string {
	return `Exit status: 0 when every document can run, with or without warnings; 1 when one cannot; 2 when a file cannot be read.

Example: kaden twiml check menu.xml
  menu.xml:4:5: warning 13320: <Gather>: <Record> cannot be nested here: skipped (Say, Play and Pause can)`
}

// Run checks each file, even after one that is wrong or missing.
func (c *twimlCheckCmd) Run(out *output) error {
	out = out.in(c.Language)
	var errs, warnings int
	unreadable := false
	for _, file := range c.Files {
		doc, err := readDocument(file, out.Stdin)
		if err != nil {
			fmt.Fprintf(out.Stderr, "kaden: %s\n", unreadableFile(file, err))
			unreadable = true
			continue
		}
		_, list := twiml.Parse(doc)
		if file == "-" {
			file = "stdin"
		}
		if err := out.problems(list.In(file), c.JSON); err != nil {
			return err
		}
		for _, p := range list {
			if p.Level == problem.Error {
				errs++
			} else {
				warnings++
			}
		}
	}
	if !c.JSON {
		fmt.Fprintf(out.Stderr, "%s, %s, %s\n", counted(len(c.Files), "document"), counted(errs, "error"), counted(warnings, "warning"))
	}
	switch {
	case unreadable:
		return exitCode(2)
	case errs > 0:
		return exitCode(1)
	}
	return nil
}

// readDocument reads a little more than a document may have: enough for Parse to refuse it.
func readDocument(file string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, twiml.MaxSize+1))
}

// unreadableFile says in one line which file and what to do.
func unreadableFile(file string, err error) string {
	if info, e := os.Stat(file); e == nil && info.IsDir() {
		return fmt.Sprintf("%s is a directory; name the files in it: %s/*.xml", file, filepath.Clean(file))
	}
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%s: no such file; - reads standard input", file)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%s: permission denied; may this user read it?", file)
	case errors.As(err, &path):
		return fmt.Sprintf("%s: %v", file, path.Err)
	}
	return fmt.Sprintf("%s: %v", file, err)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
