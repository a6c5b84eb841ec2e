package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// serverFlags say which running server a command speaks to.
type serverFlags struct {
	Server string `help:"Address of the running server." env:"KADEN_URL" default:"http://127.0.0.1:8080"`
	Token  string `help:"Its token; read from the data directory unless given." env:"KADEN_AUTH_TOKEN"`
	Data   string `help:"The server's data directory, where its token is." default:"./kaden-data" type:"path"`
}

// tokenFile holds the API token of a running server, 0600, in its data directory.
const tokenFile = "token"

// client speaks to a running server's own API.
type client struct {
	base, token string
	language    string // of what the server says to people
	http        *http.Client
}

func (f serverFlags) client() (*client, error) {
	token := f.Token
	if token == "" {
		b, err := os.ReadFile(filepath.Join(f.Data, tokenFile))
		if err != nil {
			return nil, fmt.Errorf("no token for %s: set KADEN_AUTH_TOKEN, or point --data at the server's data directory (%v)", f.Server, err)
		}
		token = strings.TrimSpace(string(b))
	}
	return &client{base: strings.TrimRight(f.Server, "/"), token: token, language: terminal(), http: &http.Client{Timeout: 30 * time.Second}}, nil
}

// do sends a request and reads the answer into out (nil: thrown away; *[]byte: as it is).
func (c *client) do(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept-Language", c.language)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unanswered(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return refusal(resp, text)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = text
		return nil
	}
	return json.Unmarshal(text, out)
}

// unanswered says what to do when there is no answer at all.
func (c *client) unanswered(err error) error {
	var u *url.Error
	if errors.As(err, &u) && errors.Is(u.Err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nothing answers at %s; is \"kaden serve\" running? (--server or KADEN_URL names another)", c.base)
	}
	return err
}

func (c *client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, "application/json", bytes.NewReader(body), out)
}

// refusal is what the server said, in its own words where it found some (RFC 9457).
func refusal(resp *http.Response, body []byte) error {
	var p struct {
		Detail string `json:"detail"`
		Title  string `json:"title"`
		Hint   string `json:"hint"`
		Errors []struct {
			Message  string `json:"message"`
			Location string `json:"location"`
		} `json:"errors"`
	}
	json.Unmarshal(body, &p)
	if p.Detail == "validation failed" && len(p.Errors) > 0 { // what was given here is what was not understood there
		_, what, _ := strings.Cut(p.Errors[0].Location, ".")
		return fmt.Errorf("%s: %s", what, p.Errors[0].Message)
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		return errors.New("the server does not know this token; KADEN_AUTH_TOKEN or --data name the right one")
	case p.Detail != "" && p.Hint != "":
		return fmt.Errorf("%s (%s)", p.Detail, p.Hint)
	case p.Detail != "":
		return errors.New(p.Detail)
	case p.Title != "":
		return errors.New(p.Title)
	}
	return fmt.Errorf("the server answered %s", resp.Status)
}
