package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"placeholder.html":         {Data: []byte("plain page")},
	"app/index.html":           {Data: []byte(`<!doctype html><script type="module" src="/assets/index-abc.js"></script>`)},
	"app/assets/index-abc.js":  {Data: []byte(strings.Repeat("ring(); ", 200))},
	"app/assets/index-abc.css": {Data: []byte("body{}")},
	"app/icon.svg":             {Data: []byte("<svg/>")},
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEachFileIsServedAsWhatItIs(t *testing.T) {
	h := handler(built)
	for _, tt := range []struct {
		name, path  string
		status      int
		kind, cache string
		body        string
	}{
		{"the page", "/", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{"an address of the page's own", "/alerts/al-0123", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{"a bin's page, with a dot in its name", "/twiml-bins/v1.2", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{"a script", "/assets/index-abc.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "ring();"},
		{"a style", "/assets/index-abc.css", 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable", "body{}"},
		{"the icon", "/icon.svg", 200, "image/svg+xml", "no-cache", "<svg"},
		{"a script of another version", "/assets/index-old.js", 404, "text/plain; charset=utf-8", "", ""},
		{"a file that is not there", "/robots.txt", 404, "text/plain; charset=utf-8", "", ""},
		{"a way out", "/../placeholder.html", 404, "text/plain; charset=utf-8", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(h, "GET", tt.path)
			if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind || w.Header().Get("Cache-Control") != tt.cache || !strings.HasPrefix(w.Body.String(), tt.body) {
				t.Errorf("%d %s %s: %.40q", w.Code, w.Header().Get("Content-Type"), w.Header().Get("Cache-Control"), w.Body)
			}
			if csp := w.Header().Get("Content-Security-Policy"); tt.status == 200 && (!strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe")) {
				t.Errorf("the policy is %q", csp)
			}
		})
	}
}

func TestWhatABrowserHasIsNotSentAgain(t *testing.T) {
	h := handler(built)
	first := ask(h, "GET", "/")
	again := ask(h, "GET", "/alerts/1", "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%d with %d bytes", again.Code, again.Body.Len())
	}
}

func TestAScriptIsSentSmall(t *testing.T) {
	h := handler(built)
	w := ask(h, "GET", "/assets/index-abc.js", "Accept-Encoding", "br, gzip;q=0.8")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 200 {
		t.Fatalf("%q, %d bytes", w.Header().Get("Content-Encoding"), w.Body.Len())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || len(b) != 1600 {
		t.Errorf("unpacked: %d bytes, %v", len(b), err)
	}
	plain := ask(h, "GET", "/assets/index-abc.js", "Accept-Encoding", "gzip; q=0, br")
	if plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("ETag") == w.Header().Get("ETag") {
		t.Errorf("sent packed to who cannot unpack: %v", plain.Header())
	}
}

func TestOnlyReadingIsAnswered(t *testing.T) {
	h := handler(built)
	if w := ask(h, "POST", "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if w := ask(h, "HEAD", "/"); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("ETag") == "" {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestWithoutNodeAPlainPageStandsIn(t *testing.T) {
	tree := fstest.MapFS{"placeholder.html": built["placeholder.html"]}
	if w := ask(handler(tree), "GET", "/alerts/1"); w.Code != 200 || w.Body.String() != "plain page" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(handler(fstest.MapFS{}), "GET", "/"); w.Code != 200 || w.Body.Len() == 0 {
		t.Errorf("with nothing at all: %d", w.Code)
	}
}

// What is embedded here is a page, whether the console was built or not.
func TestTheEmbeddedPageIsServed(t *testing.T) {
	w := ask(Handler(), "GET", "/")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "kaden") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if script := strings.Contains(w.Body.String(), "/assets/"); script != Built() {
		t.Errorf("Built says %v, and the page has scripts: %v", Built(), script)
	}
}
