package store_test

import (
	"errors"
	"testing"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
)

func TestACommitWhoseAnswerIsLostIsCalledUnsure(t *testing.T) {
	t.Parallel()
	p := storetest.NewProxy(t, storetest.Postgres(t))
	s := open(t, store.Config{URL: p.URL})
	for _, tt := range []struct {
		id   string
		lose func(n int)
		want error
	}{
		{"al-answer", p.LoseAnswer, nil},
		{"al-commit", p.LoseCommit, dispatch.ErrNotFound},
	} {
		tt.lose(1)
		err := s.Write(t.Context(), acceptAlert(tt.id))
		if !errors.Is(err, dispatch.ErrUnsure) {
			t.Errorf("%s: answered %v, which does not say that it is unsure", tt.id, err)
		}
		if _, err := s.IncidentByID(t.Context(), tt.id); !errors.Is(err, tt.want) {
			t.Errorf("%s: found %v, want %v", tt.id, err, tt.want)
		}
	}
	if err := s.Write(t.Context(), acceptAlert("al-after")); err != nil {
		t.Errorf("the store has not recovered: %v", err)
	}
	whole(t, s)
}
