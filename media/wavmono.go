package media

import (
	"encoding/binary"
	"errors"
)

// wavHead is the length of the header of the files that [AppendWAV] and [AppendWAVChannels] make.
const wavHead = 44

// MonoWAV mixes a file that [AppendWAVChannels] has made down to one channel: each moment is the average of all. A file
// of any other form is an error, and of any length none.
func MonoWAV(b []byte) ([]byte, error) {
	if len(b) < wavHead || string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || string(b[36:40]) != "data" ||
		binary.LittleEndian.Uint16(b[20:]) != wavPCM || binary.LittleEndian.Uint32(b[24:]) != Rate || binary.LittleEndian.Uint16(b[34:]) != 16 {
		return nil, errors.New("not a WAV file of 16 bits at 8 kHz as it is written here")
	}
	n := int(binary.LittleEndian.Uint16(b[22:]))
	if n == 0 {
		return nil, errors.New("a WAV file without a channel")
	}
	moments := (len(b) - wavHead) / (2 * n)
	out := append(make([]byte, 0, wavHead+2*moments), wavHeader(uint32(2*moments))...)
	for data := b[wavHead:]; len(data) >= 2*n; data = data[2*n:] {
		sum := 0
		for c := range n {
			sum += int(int16(binary.LittleEndian.Uint16(data[2*c:])))
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(sum/n)))
	}
	return out, nil
}
