package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/kaden-project/kaden/api"
)

//go:generate go test -run ^TestTheDescriptionIsAsGenerated$ . -args -update

var update = flag.Bool("update", false, "write docs/openapi.json")

func TestTheDescriptionIsAsGenerated(t *testing.T) {
	const file = "../docs/openapi.json"
	raw, err := api.New(slog.New(slog.DiscardHandler), api.Config{}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	text.WriteByte('\n')
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, text.Bytes()) {
		t.Errorf("%s is not what this API is; run go generate ./api", file)
	}
}

func TestTheDescriptionIsOpenToAnybody(t *testing.T) {
	w := httptest.NewRecorder()
	api.New(slog.New(slog.DiscardHandler), api.Config{}).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/openapi.json", nil))
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" || doc.Paths["/api/alerts/{id}/acknowledge"] == nil {
		t.Errorf("%d %v: %s", w.Code, err, w.Body)
	}
}
