package media

// concealer fills holes with the last pitch period, repeated and faded out within 60 ms, in the manner of
// ITU-T G.711 appendix I but without its delay.
type concealer struct {
	past   [3 * Samples]int16 // the last 60 ms that were given
	period int                // of the hole under way, in samples; 0 outside one
	at     int                // samples made up in this hole
}

const (
	minPeriod = 40  // 200 Hz
	maxPeriod = 120 // 66 Hz
	fadeAfter = 80  // 10 ms at full level
	fadeOver  = 400 // then 50 ms down to nothing
	blend     = 40  // 5 ms from the made up to the real
)

func (c *concealer) reset() { *c = concealer{} }

// good takes a frame without a hole, and softens its beginning if it ends one.
func (c *concealer) good(f *Frame) {
	if c.period > 0 {
		for i := range blend {
			made := int(c.sample())
			f[i] = int16((made*(blend-i) + int(f[i])*i) / blend)
		}
		c.period, c.at = 0, 0
	}
	c.remember(f)
}

// conceal makes up f from sample from to its end: a hole within a frame reaches to its end, since RTP holes
// begin and end with packets and packets seldom straddle frames.
func (c *concealer) conceal(f *Frame, from int) {
	if c.period == 0 {
		// The period is sought in what was heard just now: the beginning of f belongs to it.
		if from > 0 {
			copy(c.past[:], c.past[from:])
			copy(c.past[len(c.past)-from:], f[:from])
		}
		c.period, c.at = c.findPeriod(), 0
	} else if from > 0 {
		from = 0
	}
	for i := from; i < Samples; i++ {
		f[i] = c.sample()
	}
	if c.at >= fadeAfter+fadeOver {
		return // all silence; the past is of no use to anybody
	}
}

// sample is the next made up sample.
func (c *concealer) sample() int16 {
	v := int(c.past[len(c.past)-c.period+c.at%c.period])
	if over := c.at - fadeAfter; over > 0 {
		v = v * max(0, fadeOver-over) / fadeOver
	}
	c.at++
	return int16(v)
}

func (c *concealer) remember(f *Frame) {
	copy(c.past[:], c.past[Samples:])
	copy(c.past[len(c.past)-Samples:], f[:])
}

// findPeriod is the lag at which the last 20 ms resemble what was before them most.
func (c *concealer) findPeriod() int {
	const window = Samples
	end := len(c.past)
	best, bestScore := maxPeriod, 0.0
	for lag := minPeriod; lag <= maxPeriod; lag++ {
		var product, energy float64
		for i := end - window; i < end; i += 2 {
			a, b := float64(c.past[i]), float64(c.past[i-lag])
			product += a * b
			energy += b * b
		}
		if product > 0 && energy > 0 {
			if score := product * product / energy; score > bestScore {
				best, bestScore = lag, score
			}
		}
	}
	return best
}
