package speech

import (
	"container/list"
	"sync"

	"github.com/kaden-project/kaden/media"
)

// clipCache keeps the clips that were used last, so that a message to thirty people is one clip.
type clipCache struct {
	mu    sync.Mutex
	room  int64
	used  int64
	clips map[string]*list.Element
	order list.List // the last used in front
}

type keptClip struct {
	key  string
	clip *media.Clip
}

// size counts the samples and what encoding them once will take.
func (k keptClip) size() int64 { return int64(len(k.clip.Samples()))*3 + 200 }

func newClipCache(room int64) *clipCache {
	return &clipCache{room: room, clips: make(map[string]*list.Element)}
}

func (c *clipCache) get(key string) *media.Clip {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.clips[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(keptClip).clip
}

// put keeps clip, unless there is one of that name already; it gives the one that is kept.
func (c *clipCache) put(key string, clip *media.Clip) *media.Clip {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.clips[key]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(keptClip).clip
	}
	k := keptClip{key, clip}
	c.clips[key] = c.order.PushFront(k)
	c.used += k.size()
	for c.used > c.room && c.order.Len() > 1 {
		last := c.order.Back()
		old := c.order.Remove(last).(keptClip)
		delete(c.clips, old.key)
		c.used -= old.size()
	}
	return clip
}
