package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"time"
)

// MaxLoad is the longest sound that is loaded from a file.
const MaxLoad = 30 * time.Minute

// ErrTooLong is the answer to a file that plays for more than [MaxLoad].
var ErrTooLong = fmt.Errorf("sound is longer than %v", MaxLoad)

// Format tags of WAVE files.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

type wavFormat struct {
	tag, channels, bits int
	rate                int
	block               int // bytes of one sample of all channels
}

// ReadWAV reads a RIFF WAVE file: PCM of 8, 16, 24 or 32 bits, 32-bit float, A-law or µ-law, any number of
// channels (they are averaged) at any rate, and gives it at 8 kHz. The file may be cut short or claim to be
// longer than it is, as streamed files do: what is there is read.
func ReadWAV(b []byte) ([]int16, error) {
	_, s, err := parseWAV(b, Rate)
	return s, err
}

// parseWAV reads b and gives it at rate; 0 for the file's own.
func parseWAV(b []byte, rate int) (int, []int16, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return 0, nil, errors.New("not a WAV file (no RIFF WAVE header)")
	}
	var format *wavFormat
	for b = b[12:]; len(b) >= 8; {
		id, size := string(b[:4]), uint64(binary.LittleEndian.Uint32(b[4:]))
		body := b[8:]
		have := body[:min(size, uint64(len(body)))]
		switch id {
		case "fmt ":
			f, err := parseWAVFormat(have)
			if err != nil {
				return 0, nil, err
			}
			format = &f
		case "data":
			if format == nil {
				return 0, nil, errors.New("WAV file has its data before its format")
			}
			if rate == 0 {
				rate = format.rate
			}
			samples, err := format.decode(have, rate)
			return rate, samples, err
		}
		skip := size + size&1 // chunks begin at even places
		if skip > uint64(len(body)) {
			break
		}
		b = body[skip:]
	}
	return 0, nil, errors.New("WAV file has no data")
}

func parseWAVFormat(b []byte) (f wavFormat, err error) {
	if len(b) < 16 {
		return f, fmt.Errorf("WAV format chunk has %d bytes, not 16", len(b))
	}
	f = wavFormat{
		tag:      int(binary.LittleEndian.Uint16(b)),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(min(binary.LittleEndian.Uint32(b[4:]), math.MaxInt32)),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if f.tag == wavExtensible && len(b) >= 26 {
		f.tag = int(binary.LittleEndian.Uint16(b[24:]))
	}
	switch {
	case f.channels < 1 || f.channels > 32:
		return f, fmt.Errorf("WAV file with %d channels (1 to 32 can be read)", f.channels)
	case f.rate < MinRate || f.rate > MaxRate:
		return f, fmt.Errorf("WAV file with %d samples a second (%d to %d can be read)", f.rate, MinRate, MaxRate)
	}
	switch {
	case f.tag == wavPCM && (f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32),
		f.tag == wavFloat && f.bits == 32,
		(f.tag == wavALaw || f.tag == wavMuLaw) && f.bits == 8:
	default:
		return f, fmt.Errorf("WAV file in format %d with %d bits (PCM, 32-bit float, A-law and µ-law can be read)", f.tag, f.bits)
	}
	f.block = f.channels * f.bits / 8
	return f, nil
}

func (f *wavFormat) decode(data []byte, rate int) ([]int16, error) {
	total := len(data) / f.block
	if time.Duration(total) > MaxLoad*time.Duration(f.rate)/time.Second {
		return nil, ErrTooLong
	}
	r := newResampler(f.rate, rate)
	out := make([]int16, 0, int(int64(total)*int64(rate)/int64(f.rate))+1)
	var piece [1024]int16
	for total > 0 {
		n := min(total, len(piece))
		if f.tag == wavPCM && f.bits == 16 && f.channels == 1 { // what speech engines give
			for i := range n {
				piece[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
			}
		} else {
			for i := range n {
				piece[i] = f.mono(data[i*f.block:])
			}
		}
		out = r.add(out, piece[:n])
		runtime.Gosched() // see Resample
		data, total = data[n*f.block:], total-n
	}
	return r.finish(out), nil
}

// mono is one sample, all channels averaged.
func (f *wavFormat) mono(b []byte) int16 {
	width := f.bits / 8
	sum := 0
	for c := range f.channels {
		sum += f.one(b[c*width:])
	}
	return int16(sum / f.channels)
}

func (f *wavFormat) one(b []byte) int {
	switch {
	case f.tag == wavMuLaw:
		return int(mulawDecode[b[0]])
	case f.tag == wavALaw:
		return int(alawDecode[b[0]])
	case f.tag == wavFloat:
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		if math.IsNaN(v) {
			return 0
		}
		return int(clip16(min(max(v, -1), 1) * math.MaxInt16))
	case f.bits == 8:
		return (int(b[0]) - 128) << 8
	case f.bits == 16:
		return int(int16(binary.LittleEndian.Uint16(b)))
	case f.bits == 24:
		return int(int16(binary.LittleEndian.Uint16(b[1:])))
	default:
		return int(int16(binary.LittleEndian.Uint16(b[2:])))
	}
}

// WAVWriter writes a WAV file of 16 bits at 8 kHz while it is being recorded. If the file can seek, Close puts the
// true length into the header; if it is never called, or cannot seek, readers take all that is there.
type WAVWriter struct {
	w       io.Writer
	written int64
	buf     []byte
}

// streamLength says "until the end of the file" to the readers of WAV files that are still being written.
const streamLength = 0xFFFFFFFF

// NewWAVWriter writes the header.
func NewWAVWriter(w io.Writer) (*WAVWriter, error) {
	if _, err := w.Write(wavHeader(streamLength - 36)); err != nil {
		return nil, err
	}
	return &WAVWriter{w: w}, nil
}

// Write adds samples at 8 kHz.
func (w *WAVWriter) Write(samples []int16) error {
	w.buf = appendPCM(w.buf[:0], samples)
	n, err := w.w.Write(w.buf)
	w.written += int64(n)
	return err
}

// Close completes the header. It does not close the file.
func (w *WAVWriter) Close() error {
	s, ok := w.w.(io.WriteSeeker)
	if !ok || w.written > streamLength-36 {
		return nil
	}
	if _, err := s.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := s.Write(wavHeader(uint32(w.written))); err != nil {
		return err
	}
	_, err := s.Seek(0, io.SeekEnd)
	return err
}

// AppendWAV adds a whole WAV file of samples at 8 kHz to b.
func AppendWAV(b []byte, samples []int16) []byte {
	return appendPCM(append(b, wavHeader(uint32(2*len(samples)))...), samples)
}

// AppendWAVChannels adds a whole WAV file of several channels of one length, at 8 kHz, to b.
func AppendWAVChannels(b []byte, channels ...[]int16) []byte {
	if len(channels) == 1 {
		return AppendWAV(b, channels[0])
	}
	shortest := len(channels[0])
	for _, c := range channels {
		shortest = min(shortest, len(c))
	}
	n := len(channels)
	h := wavHeader(uint32(2 * n * shortest))
	binary.LittleEndian.PutUint16(h[22:], uint16(n))
	binary.LittleEndian.PutUint32(h[28:], uint32(2*n*Rate)) // bytes a second
	binary.LittleEndian.PutUint16(h[32:], uint16(2*n))      // bytes of one moment
	b = append(b, h...)
	for i := range shortest {
		for _, c := range channels {
			b = append(b, byte(c[i]), byte(uint16(c[i])>>8))
		}
	}
	return b
}

func appendPCM(b []byte, samples []int16) []byte {
	for _, v := range samples {
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	return b
}

func wavHeader(data uint32) []byte {
	h := make([]byte, 0, 44)
	h = append(h, "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, data+36)
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, wavPCM)
	h = binary.LittleEndian.AppendUint16(h, 1)
	h = binary.LittleEndian.AppendUint32(h, Rate)
	h = binary.LittleEndian.AppendUint32(h, 2*Rate)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 16)
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, data)
}

// DecodeWAV reads what [ReadWAV] reads and leaves it at its own rate.
func DecodeWAV(b []byte) (rate int, samples []int16, err error) { return parseWAV(b, 0) }
