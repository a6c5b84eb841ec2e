// Package web is the console: one page in a browser that shows who is being rung, and lets a person take an alert.
//
// The page is written in web/ui (Svelte, TypeScript) and embedded here once it is built; a plain page stands
// in where it was built without Node. It loads nothing from anywhere else and runs no script that is not in
// a file of its own. Everything it knows it asks package api for.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// dist holds placeholder.html, and app/ after a build.
//
//go:embed all:ui/dist
var dist embed.FS

// Handler serves the console at /. Addresses that are no file are the page's own, and get the page.
func Handler() http.Handler {
	tree, err := fs.Sub(dist, "ui/dist")
	if err != nil {
		panic(err) // the path is a constant, and go:embed has seen it
	}
	return handler(tree)
}

// Built tells whether the console itself is embedded, and not the page that stands in for it.
func Built() bool {
	_, err := fs.Stat(dist, "ui/dist/app/index.html")
	return err == nil
}

// page is a file ready to be sent.
type page struct {
	kind    string
	plain   []byte
	zipped  []byte // nil: it does not get smaller
	etag    string
	forever bool // its name changes with its content
}

func handler(tree fs.FS) http.Handler {
	pages := load(tree)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET is answered here", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		p, ok := pages[name]
		if !ok {
			if strings.HasPrefix(name, "assets/") || path.Ext(name) != "" && !strings.HasPrefix(name, "twiml-bins/") {
				http.NotFound(w, r) // a script of another version; the page would not run as a script
				return
			}
			p = pages["index.html"]
		}
		p.serve(w, r)
	})
}

// load reads the built console, or the page that stands in.
func load(tree fs.FS) map[string]page {
	pages := map[string]page{}
	err := fs.WalkDir(tree, "app", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, "app/")
		pages[short] = newPage(short, b)
		return nil
	})
	if _, ok := pages["index.html"]; err == nil && ok {
		return pages
	}
	b, err := fs.ReadFile(tree, "placeholder.html")
	if err != nil {
		b = []byte("kaden is running, without its console\n")
	}
	return map[string]page{"index.html": newPage("index.html", b)}
}

func newPage(name string, b []byte) page {
	sum := sha256.Sum256(b)
	p := page{
		kind: mime.TypeByExtension(path.Ext(name)), plain: b,
		etag:    hex.EncodeToString(sum[:12]),
		forever: strings.HasPrefix(name, "assets/"),
	}
	switch path.Ext(name) { // whatever this machine's table says
	case ".js":
		p.kind = "text/javascript; charset=utf-8"
	case ".svg":
		p.kind = "image/svg+xml"
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression) // the level is a valid one
	w.Write(b)
	w.Close()
	if z.Len() < len(b)*9/10 {
		p.zipped = z.Bytes()
	}
	return p
}

// policy lets the page load its own files and talk to its own server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.kind)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache") // asks each time, and is told that nothing changed
	if p.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := p.plain, `"`+p.etag+`"`
	if p.zipped != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body, tag = p.zipped, `"`+p.etag+`-gz"`
	}
	h.Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); strings.Contains(match, tag) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	w.Write(body)
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
