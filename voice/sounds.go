package voice

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/kaden-project/kaden/media"
)

// sounds keeps what files became that were played, for all calls: those of the last minutes, up to a limit. A
// clip's memory is shared by every call that plays it. A file is known by its bytes, so that nobody hears an old one,
// nor one that its own account may not fetch. The zero value is empty.
type sounds struct {
	mu     sync.Mutex
	clips  map[sound]kept
	weight int
}

// sound is a SHA-256 of a file with its name and type.
type sound [sha256.Size]byte

type kept struct {
	clip  *media.Clip
	since time.Time
}

const (
	keepFor    = 5 * time.Minute
	keepWeight = 64 << 20 // bytes
)

func weigh(c *media.Clip) int { return 4*len(c.Samples()) + 256 } // samples, and both encodings later

func (s *sounds) get(key sound) *media.Clip {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.clips[key]
	if k.clip != nil && time.Since(k.since) > keepFor {
		s.drop(key)
		return nil
	}
	return k.clip
}

func (s *sounds) put(key sound, c *media.Clip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if weigh(c) > keepWeight/4 {
		return
	}
	s.drop(key)
	for s.weight+weigh(c) > keepWeight {
		var oldest sound
		for k, v := range s.clips {
			if s.clips[oldest].clip == nil || v.since.Before(s.clips[oldest].since) {
				oldest = k
			}
		}
		s.drop(oldest)
	}
	if s.clips == nil {
		s.clips = map[sound]kept{}
	}
	s.clips[key] = kept{c, time.Now()}
	s.weight += weigh(c)
}

func (s *sounds) drop(key sound) {
	if k, ok := s.clips[key]; ok {
		s.weight -= weigh(k.clip)
		delete(s.clips, key)
	}
}
