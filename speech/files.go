package speech

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/media"
)

// fileCache keeps sounds as WAV files that any player can open, with a checksum in a chunk of their own
// behind the sound. A file appears whole or not at all; one that is damaged is as good as none. When the
// folder is full those go that were not used for longest.
type fileCache struct {
	dir   string
	limit int64

	mu      sync.Mutex // over the count and the cleaning, not over reading and writing
	counted bool
	used    int64
}

func newFileCache(dir string, limit int64) *fileCache { return &fileCache{dir: dir, limit: limit} }

const (
	checksumChunk = "sumx"
	checksumSize  = 8 + sha256.Size
	partial       = ".partial-"
	touchAfter    = time.Hour // using a file again marks it as used at most this often
)

func (c *fileCache) path(key string) string { return filepath.Join(c.dir, key[:2], key+".wav") }

func (c *fileCache) get(key string) ([]int16, bool) {
	path := c.path(key)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	samples, ok := readChecked(b)
	if !ok {
		_ = os.Remove(path) // it will be made again
		return nil, false
	}
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > touchAfter {
		now := time.Now()
		_ = os.Chtimes(path, now, now)
	}
	return samples, true
}

func readChecked(b []byte) ([]int16, bool) {
	at := len(b) - checksumSize
	if at < 0 || string(b[at:at+4]) != checksumChunk {
		return nil, false
	}
	if sum := sha256.Sum256(b[:at]); !bytes.Equal(sum[:], b[at+8:]) {
		return nil, false
	}
	samples, err := media.ReadWAV(b[:at])
	return samples, err == nil && len(samples) > 0
}

func (c *fileCache) put(key string, samples []int16) (err error) {
	b := media.AppendWAV(nil, samples)
	sum := sha256.Sum256(b)
	b = append(b, checksumChunk...)
	b = binary.LittleEndian.AppendUint32(b, sha256.Size)
	b = append(b, sum[:]...)

	path := c.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), partial+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	c.count(int64(len(b)))
	return nil
}

// count adds to what is used, and cleans when it is too much.
func (c *fileCache) count(added int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used += added
	if c.counted && c.used <= c.limit {
		return
	}
	c.clean()
}

type cachedFile struct {
	path string
	size int64
	used time.Time
}

// clean counts what is there and, if it is too much, removes the oldest until a fifth is free. What a
// crash left half written goes as well.
func (c *fileCache) clean() {
	var files []cachedFile
	c.used, c.counted = 0, true
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a folder that cannot be read is not counted
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone already
		}
		if strings.HasPrefix(d.Name(), partial) && time.Since(info.ModTime()) > touchAfter {
			_ = os.Remove(path)
			return nil
		}
		if strings.HasSuffix(d.Name(), ".wav") {
			files = append(files, cachedFile{path, info.Size(), info.ModTime()})
			c.used += info.Size()
		}
		return nil
	})
	if c.used <= c.limit {
		return
	}
	slices.SortFunc(files, func(a, b cachedFile) int {
		return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path))
	})
	for _, f := range files {
		if c.used <= c.limit/5*4 {
			return
		}
		if os.Remove(f.path) == nil {
			c.used -= f.size
		}
	}
}
