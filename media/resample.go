package media

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// The widest rates that are taken.
const (
	MinRate = 1000
	MaxRate = 192_000
)

// Resample changes the rate of samples with a polyphase low-pass filter: what the new rate cannot carry is
// taken out, so nothing folds back. It is for preparing clips, not for frames under way, and lets others have the
// processor now and then: ten seconds of speech are several milliseconds of work, which calls under way would hear.
// Rates outside [MinRate, MaxRate] are a bug of the caller and panic.
func Resample(samples []int16, from, to int) []int16 {
	r := newResampler(from, to)
	out := make([]int16, 0, int(int64(len(samples))*int64(to)/int64(from))+1)
	for piece := range slices.Chunk(samples, politePiece) {
		out = r.add(out, piece)
		runtime.Gosched()
	}
	return r.finish(out)
}

// politePiece is how many samples are worked through before somebody else gets the processor: a tenth of a millisecond.
const politePiece = 4800

// resampler does it piece by piece, so that a long file need not be in memory at its own rate.
type resampler struct {
	same     bool
	phases   [][]float32 // filters, one for each fraction of a sample
	up, down int         // to and from, reduced
	past     []float32   // input that is still needed
	at       int         // centre of the next output within past, whole samples
	phase    int         // and up-ths of a sample
	taken    int64       // input so far
	given    int64       // output so far
}

const (
	zeroCrossings = 24  // of the kernel on each side
	kaiserBeta    = 8   // stop band about -80 dB
	maxPhases     = 512 // filters of their own for each fraction; unusual ratios take the nearest of
	fewPhases     = 256
)

func newResampler(from, to int) *resampler {
	if from < MinRate || from > MaxRate || to < MinRate || to > MaxRate {
		panic("media: sampling rate out of range")
	}
	g := gcd(from, to)
	r := &resampler{same: from == to, up: to / g, down: from / g}
	if r.same {
		return r
	}
	// The edge of the filter in cycles for each input sample: 90 % of half the lower rate.
	cut := 0.45 * min(1, float64(to)/float64(from))
	half := int(math.Ceil(zeroCrossings / (2 * cut)))
	phases := r.up
	if phases > maxPhases {
		phases = fewPhases
	}
	r.phases = make([][]float32, phases)
	for p := range r.phases {
		taps := make([]float32, 2*half)
		var sum float64
		for i := range taps {
			x := float64(i-half+1) - float64(p)/float64(len(r.phases))
			v := kernel(2 * cut * x)
			taps[i] = float32(v)
			sum += v
		}
		for i := range taps {
			taps[i] /= float32(sum) // every phase passes DC alike
		}
		r.phases[p] = taps
	}
	r.past = make([]float32, half-1) // silence before the beginning
	r.at = half - 1
	return r
}

// add takes samples and appends what can be given now to out.
func (r *resampler) add(out, samples []int16) []int16 {
	r.taken += int64(len(samples))
	if r.same {
		return append(out, samples...)
	}
	for _, v := range samples {
		r.past = append(r.past, float32(v))
	}
	half := len(r.phases[0]) / 2
	for r.at+half < len(r.past) {
		taps := r.phases[r.phase*len(r.phases)/r.up]
		out = append(out, clip16(float64(dot(taps, r.past[r.at-half+1:r.at+half+1]))))
		r.given++
		r.phase += r.down
		r.at += r.phase / r.up
		r.phase %= r.up
	}
	if done := min(r.at-half+1, len(r.past)); done > 0 {
		r.past = append(r.past[:0], r.past[done:]...)
		r.at -= done
	}
	return out
}

// finish gives what is left, so that the sound is as long as before.
func (r *resampler) finish(out []int16) []int16 {
	if r.same {
		return out
	}
	want := (r.taken*int64(r.up) + int64(r.down) - 1) / int64(r.down)
	missing := int(want - r.given)
	taken := r.taken
	begin := len(out)
	out = r.add(out, make([]int16, len(r.phases[0])+missing*r.down/r.up+1))
	r.taken = taken
	return out[:begin+min(missing, len(out)-begin)]
}

// dot is the sum of products of two slices of the same length. Four sums at once do not wait for each other.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func clip16(v float64) int16 {
	return int16(min(max(math.Round(v), math.MinInt16), math.MaxInt16))
}

// kernel is the low-pass filter at u zero crossings from its middle. Unusual rates need a quarter of a
// million values, so it is looked up in a table.
func kernel(u float64) float64 {
	at := math.Abs(u) * kernelSteps
	i := int(at)
	if i >= len(kernelTable())-1 {
		return 0
	}
	t := kernelTable()[i:]
	return t[0] + (t[1]-t[0])*(at-float64(i))
}

const kernelSteps = 512 // values between two zero crossings

var kernelTable = sync.OnceValue(func() []float64 {
	t := make([]float64, zeroCrossings*kernelSteps+1)
	for i := range t {
		u := float64(i) / kernelSteps
		t[i] = sinc(u) * kaiser(u/zeroCrossings)
	}
	return t
})

func sinc(x float64) float64 {
	if math.Abs(x) < 1e-9 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window, for x from -1 to 1.
func kaiser(x float64) float64 {
	if x*x >= 1 {
		return 0
	}
	return bessel(kaiserBeta*math.Sqrt(1-x*x)) / bessel(kaiserBeta)
}

// bessel is the modified Bessel function of the first kind, order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
