package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wavFile builds a WAV file with the given format and data.
func wavFile(tag, channels, rate, bits int, data []byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestWAVIsReadInEveryUsualFormat(t *testing.T) {
	tone := func(rate int) []int16 { return sine(rate, 440, 8000, 0.5) }
	each := func(s []int16, put func(b []byte, v int16) []byte) []byte {
		var b []byte
		for _, v := range s {
			b = put(b, v)
		}
		return b
	}
	pcm16 := func(b []byte, v int16) []byte { return binary.LittleEndian.AppendUint16(b, uint16(v)) }
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"16 bits at 8 kHz", wavFile(1, 1, 8000, 16, each(tone(8000), pcm16))},
		{"16 bits stereo at 44.1 kHz", wavFile(1, 2, 44100, 16, each(tone(44100), func(b []byte, v int16) []byte { return pcm16(pcm16(b, v), v) }))},
		{"8 bits at 22.05 kHz", wavFile(1, 1, 22050, 8, each(tone(22050), func(b []byte, v int16) []byte { return append(b, byte(v>>8)+128) }))},
		{"24 bits at 48 kHz", wavFile(1, 1, 48000, 24, each(tone(48000), func(b []byte, v int16) []byte { return pcm16(append(b, 0), v) }))},
		{"32 bits at 16 kHz", wavFile(1, 1, 16000, 32, each(tone(16000), func(b []byte, v int16) []byte { return pcm16(append(b, 0, 0), v) }))},
		{"float", wavFile(3, 1, 16000, 32, each(tone(16000), func(b []byte, v int16) []byte {
			return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)/32768))
		}))},
		{"µ-law", wavFile(7, 1, 8000, 8, each(tone(8000), func(b []byte, v int16) []byte { return append(b, mulawEncode[uint16(v)]) }))},
		{"A-law", wavFile(6, 1, 8000, 8, each(tone(8000), func(b []byte, v int16) []byte { return append(b, alawEncode[uint16(v)]) }))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(tt.file, "audio/x-wav")
			if err != nil {
				t.Fatal(err)
			}
			if d := c.Duration(); d < 499*time.Millisecond || d > 501*time.Millisecond {
				t.Errorf("plays %v", d)
			}
			if p := power(c.Samples()[200:3800], 440); math.Abs(p-20*math.Log10(8000.0/32767)) > 0.5 {
				t.Errorf("%.1f dBFS at 440 Hz", p)
			}
		})
	}
}

func TestHostileWAVsAreRefusedWithAReason(t *testing.T) {
	good := wavFile(1, 1, 8000, 16, make([]byte, 320))
	huge := bytes.Clone(good)
	binary.LittleEndian.PutUint32(huge[len(huge)-324:], 0xFFFFFFFF)
	if s, err := ReadWAV(huge); err != nil || len(s) != 160 {
		t.Errorf("a file that claims 4 GiB: %d samples, %v", len(s), err)
	}
	for _, tt := range []struct {
		name, want string
		file       []byte
	}{
		{"not RIFF", "not a WAV file", []byte("RIFX00000000WAVE")},
		{"no data", "no data", good[:48]},
		{"data first", "before its format", []byte("RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd")},
		{"short format", "not 16", []byte("RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00abcd")},
		{"no channels", "0 channels", wavFile(1, 0, 8000, 16, nil)},
		{"65535 channels", "65535 channels", wavFile(1, 65535, 8000, 16, nil)},
		{"rate 0", "0 samples a second", wavFile(1, 1, 0, 16, nil)},
		{"rate of 4 GHz", "samples a second", wavFile(1, 1, 0xFFFFFFFF, 16, nil)},
		{"ADPCM", "format 2", wavFile(2, 1, 8000, 4, nil)},
		{"a chunk that runs over the end", "no data", []byte("RIFF\x00\x00\x00\x00WAVEjunk\xFF\xFF\xFF\xFF")},
		{"45 minutes", "longer than 30m", wavFile(7, 1, 1000, 8, make([]byte, 45*60*1000))},
	} {
		if _, err := ReadWAV(tt.file); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want … %s …", tt.name, err, tt.want)
		}
	}
}

func TestWAVIsWrittenWhileItGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWAVWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	s := ramp(1000)
	read := func() []int16 {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadWAV(b)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if err := w.Write(s[:300]); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != 300 {
		t.Errorf("before Close: %d samples", len(got))
	}
	if err := errors.Join(w.Write(s[300:]), w.Close()); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	if want := AppendWAV(nil, s); !bytes.Equal(whole, want) {
		t.Errorf("%d bytes, want %d", len(whole), len(want))
	}
	var pipe bytes.Buffer // cannot seek
	w, _ = NewWAVWriter(&pipe)
	if err := errors.Join(w.Write(s), w.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadWAV(pipe.Bytes()); err != nil || len(got) != 1000 {
		t.Errorf("from a pipe: %d samples, %v", len(got), err)
	}
	if _, err := NewWAVWriter(fullDisk{}); err == nil {
		t.Error("a full disk is no error")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// silentMP3 is n frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz, stereo, with nothing in them.
func silentMP3(n int) []byte {
	var b []byte
	for range n {
		frame := make([]byte, 417)
		copy(frame, []byte{0xFF, 0xFB, 0x90, 0x04})
		b = append(b, frame...)
	}
	return b
}

func TestMP3IsReadAt8kHz(t *testing.T) {
	c, err := Load(silentMP3(100), "audio/mpeg")
	if err != nil {
		t.Fatal(err)
	}
	// A frame has 1152 samples at 44.1 kHz.
	if want := 100 * 1152 * time.Second / 44100; c.Duration() < want-60*time.Millisecond || c.Duration() > want+time.Millisecond {
		t.Errorf("plays %v, want %v", c.Duration(), want)
	}
}

func TestLoadTellsFilesByTheirFirstBytes(t *testing.T) {
	ulaw := PCMU.encodeAll(ramp(400))
	sun := binary.BigEndian.AppendUint32([]byte(".snd"), 24)
	for _, v := range []uint32{400, 1, 8000, 1} {
		sun = binary.BigEndian.AppendUint32(sun, v)
	}
	sun = append(sun, ulaw...)
	wide := bytes.Clone(sun)
	wide[15], wide[23] = 3, 1
	for _, tt := range []struct {
		name, kind string
		file       []byte
		samples    int
	}{
		{"WAV under a wrong name", "audio/mpeg", AppendWAV(nil, ramp(400)), 400},
		{"Sun audio", "audio/basic", sun, 400},
		{"Sun audio of 16 bits", "audio/basic", wide, 200},
		{"bare µ-law", "audio/basic; charset=binary", ulaw, 400},
		{"bare A-law", "audio/pcma", ulaw, 400},
		{"MP3 without a type", "", silentMP3(4), 4 * 1152 * 8000 / 44100},
	} {
		c, err := LoadCaptioned(tt.file, tt.kind, "music")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if d := len(c.Samples()) - tt.samples; d < -400 || d > 1 || c.Caption() != "music" {
			t.Errorf("%s: %d samples, want %d", tt.name, len(c.Samples()), tt.samples)
		}
	}
	for _, tt := range []struct {
		name, kind, want string
		file             []byte
	}{
		{"nothing", "audio/wav", "empty", nil},
		{"a WAV without sound", "", "empty", AppendWAV(nil, nil)},
		{"a web page", "text/html", `"text/html"`, []byte("<html>")},
		{"bytes of no type", "", "not one that can be played", []byte("hello there")},
		{"half a Sun header", "", "header", []byte(".snd0000")},
		{"Sun audio in stereo", "", "2 channels", append(bytes.Clone(sun[:23]), 2)},
		{"Sun audio in G.721", "", "encoding 23", append(append(bytes.Clone(sun[:15]), 23), sun[16:]...)},
		{"no MP3", "audio/mpeg", "MP3", []byte("hello there, this is not an MP3 file at all")},
		{"an hour of µ-law", "audio/basic", "longer", make([]byte, 3600*8000)},
	} {
		_, err := Load(tt.file, tt.kind)
		ok := false
		for want := range strings.SplitSeq(tt.want, "|") {
			ok = ok || err != nil && strings.Contains(err.Error(), want)
		}
		if !ok {
			t.Errorf("%s: %v, want … %s …", tt.name, err, tt.want)
		}
	}
}

func (c Codec) encodeAll(s []int16) []byte { return NewClip(s, "").Encoded(c)[:len(s)] }

// FuzzLoad: whatever the bytes, there is a clip of at most MaxLoad with sound in it, or an error.
func FuzzLoad(f *testing.F) {
	f.Add(AppendWAV(nil, ramp(100)))
	f.Add(wavFile(1, 2, 44100, 16, make([]byte, 400)))
	f.Add(wavFile(3, 1, 47999, 32, bytes.Repeat([]byte{0xFF}, 400)))
	f.Add(wavFile(6, 3, 8000, 8, make([]byte, 40)))
	f.Add(silentMP3(2))
	f.Add([]byte(".snd\x00\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x1f\x40\x00\x00\x00\x01abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []string{"", "audio/basic", "audio/mpeg"} {
			c, err := Load(b, kind)
			if err == nil && (c.Duration() <= 0 || c.Duration() > MaxLoad+time.Second) {
				t.Errorf("a clip of %v", c.Duration())
			}
			if err == nil && len(c.Samples()) > 1000*len(b)+8000 {
				t.Errorf("%d bytes became %d samples", len(b), len(c.Samples()))
			}
		}
	})
}
