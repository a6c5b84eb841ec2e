package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime"
	"runtime"
	"strings"
	"time"

	"github.com/hajimehoshi/go-mp3"
)

// Load makes a Clip of a file as Twilio's <Play> takes it: WAV, MP3, Sun audio, or bare µ-law and A-law
// at 8 kHz. What the file is is told by its first bytes; the content type decides only for bare G.711, which
// has none. The caption is empty; see [LoadCaptioned].
func Load(b []byte, contentType string) (*Clip, error) { return LoadCaptioned(b, contentType, "") }

// LoadCaptioned is [Load] with words that say what is heard, for example the address of the file.
func LoadCaptioned(b []byte, contentType, caption string) (*Clip, error) {
	samples, err := load(b, contentType)
	if err != nil {
		return nil, err
	}
	if len(samples) == 0 {
		return nil, errors.New("sound file is empty")
	}
	return NewClip(samples, caption), nil
}

func load(b []byte, contentType string) ([]int16, error) {
	switch {
	case len(b) == 0:
		return nil, errors.New("sound file is empty")
	case bytes.HasPrefix(b, []byte("RIFF")):
		return ReadWAV(b)
	case bytes.HasPrefix(b, []byte(".snd")):
		return readSun(b)
	case bytes.HasPrefix(b, []byte("ID3")), len(b) > 1 && b[0] == 0xFF && b[1]&0xE6 == 0xE2:
		return ReadMP3(b) // MPEG 1 or 2 layer III; bare µ-law may begin so too, but hardly without its content type
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = strings.ToLower(strings.TrimSpace(contentType))
	}
	switch kind {
	case "audio/basic", "audio/ulaw", "audio/x-mulaw", "audio/pcmu":
		return companded(b, PCMU)
	case "audio/x-alaw", "audio/x-alaw-basic", "audio/pcma":
		return companded(b, PCMA)
	case "audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/mpeg3":
		return ReadMP3(b)
	}
	return nil, fmt.Errorf("sound file of type %q is not one that can be played (WAV, MP3, or µ-law at 8 kHz as audio/basic)", contentType)
}

func companded(b []byte, c Codec) ([]int16, error) {
	if time.Duration(len(b)) > MaxLoad/time.Second*Rate {
		return nil, ErrTooLong
	}
	table := c.decodeTable()
	out := make([]int16, len(b))
	for i, v := range b {
		out[i] = table[v]
	}
	return out, nil
}

// readSun reads a Sun audio file (.au), which is what audio/basic was made for: big-endian header, µ-law,
// A-law or 16 bits, one channel.
func readSun(b []byte) ([]int16, error) {
	if len(b) < 24 {
		return nil, errors.New("a Sun audio file that ends within its header")
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[i*4:]) }
	start, encoding, rate, channels := word(1), word(3), word(4), word(5)
	if uint64(start) > uint64(len(b)) || start < 24 || channels != 1 || rate < MinRate || rate > MaxRate {
		return nil, fmt.Errorf("a Sun audio file with %d channels at %d Hz (one channel can be read)", channels, rate)
	}
	var samples []int16
	data := b[start:]
	switch encoding {
	case 1, 27:
		c := PCMU
		if encoding == 27 {
			c = PCMA
		}
		var err error
		if samples, err = companded(data, c); err != nil {
			return nil, err
		}
	case 3:
		samples = make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.BigEndian.Uint16(data[2*i:]))
		}
	default:
		return nil, fmt.Errorf("a Sun audio file in encoding %d (µ-law, A-law and 16-bit PCM can be read)", encoding)
	}
	if time.Duration(len(samples)) > MaxLoad*time.Duration(rate)/time.Second {
		return nil, ErrTooLong
	}
	return Resample(samples, int(rate), Rate), nil
}

// ReadMP3 reads an MPEG layer III file and gives it at 8 kHz, both channels averaged.
func ReadMP3(b []byte) (samples []int16, err error) {
	// The decoder indexes its tables with what a hostile file says.
	defer func() {
		if p := recover(); p != nil {
			samples, err = nil, fmt.Errorf("MP3 file is damaged: %v", p)
		}
	}()
	d, err := mp3.NewDecoder(onlyReader{bytes.NewReader(b)})
	if err != nil {
		return nil, fmt.Errorf("MP3 file: %w", err)
	}
	if d.SampleRate() < MinRate || d.SampleRate() > MaxRate {
		return nil, fmt.Errorf("MP3 file with %d samples a second", d.SampleRate())
	}
	r := newResampler(d.SampleRate(), Rate)
	limit := int(MaxLoad/time.Second) * Rate
	var buf [4608]byte // a frame
	var piece [len(buf) / 4]int16
	for {
		n, err := io.ReadFull(d, buf[:])
		for i := range n / 4 {
			left, right := int16(binary.LittleEndian.Uint16(buf[4*i:])), int16(binary.LittleEndian.Uint16(buf[4*i+2:]))
			piece[i] = int16((int(left) + int(right)) / 2)
		}
		samples = r.add(samples, piece[:n/4])
		runtime.Gosched() // see Resample
		if len(samples) > limit {
			return nil, ErrTooLong
		}
		if err == nil {
			continue
		}
		if err != io.EOF && err != io.ErrUnexpectedEOF && len(samples) == 0 {
			return nil, fmt.Errorf("MP3 file: %w", err)
		}
		return r.finish(samples), nil // what can be played of a damaged file is played
	}
}

// onlyReader hides that a file can seek: the decoder would read it twice to learn its length.
type onlyReader struct{ io.Reader }
