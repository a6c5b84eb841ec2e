package speech

import (
	"math"
	"strconv"
	"strings"
)

// rate is the speed that SSML's prosody names: 1 is normal, from half to double.
func rate(s string) float64 {
	named := map[string]float64{"x-slow": 0.5, "slow": 0.75, "medium": 1, "default": 1, "": 1, "fast": 1.25, "x-fast": 1.5}
	s = strings.TrimSpace(s)
	if v, ok := named[s]; ok {
		return v
	}
	v, ok := percent(s)
	if !ok {
		if v, ok = number(s); !ok {
			return 1
		}
	}
	return min(max(v, 0.5), 2)
}

// pitch is how many semitones higher the voice is, at most an octave.
func pitch(s string) float64 {
	named := map[string]float64{"x-low": -6, "low": -3, "medium": 0, "default": 0, "": 0, "high": 3, "x-high": 6}
	s = strings.TrimSpace(s)
	if v, ok := named[s]; ok {
		return v
	}
	v := 0.0
	if p, ok := percent(s); ok && p > 0 {
		v = 12 * math.Log2(p)
	} else if n, ok := number(strings.TrimSuffix(s, "st")); ok && strings.HasSuffix(s, "st") {
		v = n
	}
	return min(max(v, -12), 12)
}

// gain is how many dB louder the voice is; silent is as soft as nothing.
func gain(s string) float64 {
	named := map[string]float64{"silent": -96, "x-soft": -12, "soft": -6, "medium": 0, "default": 0, "": 0, "loud": 4, "x-loud": 6}
	s = strings.TrimSpace(s)
	if v, ok := named[s]; ok {
		return v
	}
	v, ok := number(strings.TrimSuffix(s, "dB"))
	if !ok || !strings.HasSuffix(s, "dB") {
		return 0
	}
	return min(max(v, -96), 6)
}

// percent reads 120%, +20% and -20% as 1.2, 1.2 and 0.8.
func percent(s string) (float64, bool) {
	if !strings.HasSuffix(s, "%") {
		return 0, false
	}
	v, ok := number(strings.TrimSuffix(s, "%"))
	if ok && (s[0] == '+' || s[0] == '-') {
		v += 100
	}
	return v / 100, ok
}

func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}
