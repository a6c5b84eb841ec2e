package voice

import (
	"sync"
	"time"

	"github.com/kaden-project/kaden/media"
)

// sounds keeps the files that were played, for all calls: those of the last minutes, up to a limit. A
// clip's memory is shared by every call that plays it. The zero value is empty.
type sounds struct {
	mu     sync.Mutex
	clips  map[string]kept
	weight int
}

type kept struct {
	clip  *media.Clip
	since time.Time
}

const (
	keepFor    = 5 * time.Minute // whoever replaces a file hears the new one after this
	keepWeight = 64 << 20        // bytes
)

func weigh(c *media.Clip) int { return 4*len(c.Samples()) + 256 } // samples, and both encodings later

func (s *sounds) get(key string) *media.Clip {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.clips[key]
	if k.clip != nil && time.Since(k.since) > keepFor {
		s.drop(key)
		return nil
	}
	return k.clip
}

func (s *sounds) put(key string, c *media.Clip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if weigh(c) > keepWeight/4 {
		return
	}
	s.drop(key)
	for s.weight+weigh(c) > keepWeight {
		oldest := ""
		for k, v := range s.clips {
			if oldest == "" || v.since.Before(s.clips[oldest].since) {
				oldest = k
			}
		}
		s.drop(oldest)
	}
	if s.clips == nil {
		s.clips = map[string]kept{}
	}
	s.clips[key] = kept{c, time.Now()}
	s.weight += weigh(c)
}

func (s *sounds) drop(key string) {
	if k, ok := s.clips[key]; ok {
		s.weight -= weigh(k.clip)
		delete(s.clips, key)
	}
}
