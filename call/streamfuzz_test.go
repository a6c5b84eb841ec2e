package call

import (
	"encoding/json"
	"testing"

	"github.com/kaden-project/kaden/media"
)

// What a server sends is refused or heard; it never makes more than it sent, nor loses a mark.
func FuzzStreamMouth(f *testing.F) {
	for _, s := range []string{
		`{"event":"media","media":{"payload":"//8="}}`, `{"event":"mark","mark":{"name":"a"}}`, `{"event":"clear"}`, `{"event":"media","media":{"payload":"*"}}`, `[]`, `{`, ``,
	} {
		f.Add([]byte(s), []byte(`{"event":"mark","mark":{"name":"b"}}`))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		told := 0
		m := &streamMouth{marked: func(string) { told++ }}
		marks := 0
		for _, text := range [][]byte{one, two, one} {
			var v struct{ Event string }
			if m.obey(text) == nil && json.Unmarshal(text, &v) == nil && v.Event == "mark" {
				marks++
			}
		}
		before := len(m.sound)
		var frame media.Frame
		for range before/media.Samples + 2 {
			m.Read(&frame)
		}
		if len(m.sound) != 0 || told != marks || len(m.marks) != 0 {
			t.Errorf("%d bytes and %d marks are left, %d of %d told", len(m.sound), len(m.marks), told, marks)
		}
	})
}

func TestAServerThatReadsNothingIsNotAnsweredForEver(t *testing.T) {
	o := outbox{wake: make(chan struct{}, 1)}
	m := &streamMouth{marked: func(name string) { o.control(markMessage(name)) }}
	for range 10 * mostWords {
		if err := m.obey([]byte(`{"event":"mark","mark":{"name":"a"}}`)); err != nil { // nothing is to be heard: it is reached at once
			t.Fatal(err)
		}
	}
	var sound [media.Samples]byte
	o.media("inbound", &sound, 0)
	if len(o.entries) != mostWords+1 || o.lost() != 9*mostWords {
		t.Errorf("%d messages wait, %d are lost", len(o.entries), o.lost())
	}
}
