package mediatest

import (
	"encoding/binary"
	"math"
)

// Level is how loud a frequency is in samples at 8 kHz, in dB below full scale; silence is below -150.
func Level(samples []int16, hz float64) float64 {
	var re, im float64
	for i, v := range samples {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / 8000)
		re += float64(v) * cos
		im += float64(v) * sin
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/max(1, float64(len(samples)))/math.MaxInt16+1e-9)
}

// Channels are the channels of a WAV file of 16 bits, such as kaden writes; nil of anything else.
func Channels(wav []byte) [][]int16 {
	if len(wav) < 44 || string(wav[:4]) != "RIFF" || binary.LittleEndian.Uint16(wav[34:]) != 16 {
		return nil
	}
	all := make([][]int16, binary.LittleEndian.Uint16(wav[22:]))
	for i := 0; 44+2*i+1 < len(wav); i++ {
		c := i % len(all)
		all[c] = append(all[c], int16(binary.LittleEndian.Uint16(wav[44+2*i:])))
	}
	return all
}
