package upstream_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/upstream"
)

const recorded = "RE0123456789abcdef0123456789abcdef"

// vault is where a platform keeps recordings; its answers are the test's.
type vault struct {
	mu      sync.Mutex
	answer  func(w http.ResponseWriter, r *http.Request)
	deleted []string
}

func (v *vault) serve(w http.ResponseWriter, r *http.Request) bool {
	if !strings.Contains(r.URL.Path, "/Recordings/") {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if user, pass, _ := r.BasicAuth(); user != acct || pass != token {
		refuse(w, 401, 20003, "Authenticate")
		return true
	}
	if r.Method == http.MethodDelete {
		v.deleted = append(v.deleted, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
		return true
	}
	v.answer(w, r)
	return true
}

func TestARecordingIsBroughtHome(t *testing.T) {
	h, v := build(t), &vault{}
	h.platform.broken = v.serve
	v.answer = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/Recordings/"+recorded+".wav") {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.Write([]byte("RIFF"))
	}
	if wav, err := h.Recording(t.Context(), "twilio", recorded); err != nil || string(wav) != "RIFF" {
		t.Errorf("%q %v", wav, err)
	}
	if err := h.ForgetRecording(t.Context(), "twilio", recorded); err != nil || len(v.deleted) != 0 {
		t.Errorf("deleted without being told to: %v %v", v.deleted, err)
	}
	h.up.DeleteRecordings = true
	if err := h.ForgetRecording(t.Context(), "twilio", recorded); err != nil || len(v.deleted) != 1 {
		t.Errorf("deleted: %v %v", v.deleted, err)
	}
}

// The platform keeps its files elsewhere: the secret does not go along.
func TestARecordingThatIsKeptElsewhere(t *testing.T) {
	h, v := build(t), &vault{}
	h.platform.broken = v.serve
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the account's secret was sent along")
		}
		w.Write([]byte("RIFF"))
	}))
	defer elsewhere.Close()
	v.answer = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/file", http.StatusFound)
	}
	if wav, err := h.Recording(t.Context(), "twilio", recorded); err != nil || string(wav) != "RIFF" {
		t.Errorf("%q %v", wav, err)
	}
	v.answer = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	}
	if _, err := h.Recording(t.Context(), "twilio", recorded); err == nil {
		t.Error("it went wherever it was sent")
	}
}

func TestRecordingsThatCannotBeHad(t *testing.T) {
	h, v := build(t), &vault{}
	h.platform.broken = v.serve
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		later  bool
	}{
		{"it is not ready", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, 20404, "not found") }, true},
		{"it is broken", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 500, 20500, "broken") }, false},
		{"it has no end", func(w http.ResponseWriter, _ *http.Request) {
			for range 9 << 4 {
				w.Write(make([]byte, 1<<16))
			}
		}, false},
	} {
		v.answer = tt.answer
		if _, err := h.Recording(t.Context(), "twilio", recorded); err == nil || errors.Is(err, upstream.ErrNotReady) != tt.later {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := h.Recording(t.Context(), "twilio", "../../secrets"); err == nil {
		t.Error("a recording that is none was asked for")
	}
	if _, err := h.Recording(t.Context(), "other", recorded); err == nil {
		t.Error("an upstream that is none was asked")
	}
}
