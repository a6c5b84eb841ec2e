package media

// concealer fills holes with the last pitch period, repeated and faded out within 60 ms, in the manner of
// ITU-T G.711 appendix I but without its delay.
type concealer struct {
	past   [2 * Samples]int16 // the last 40 ms of real sound
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

// good takes up to a Frame of real sound, and softens its beginning if it ends a hole.
func (c *concealer) good(run []int16) {
	if c.period > 0 {
		for i := range min(blend, len(run)) {
			made := int(c.sample())
			run[i] = int16((made*(blend-i) + int(run[i])*i) / blend)
		}
		c.period, c.at = 0, 0
	}
	copy(c.past[:], c.past[len(run):])
	copy(c.past[len(c.past)-len(run):], run)
}

// conceal makes up the sound of run, which follows what was given before.
func (c *concealer) conceal(run []int16) {
	if c.period == 0 {
		c.period = c.findPeriod()
	}
	for i := range run {
		run[i] = c.sample()
	}
}

// sample is the next made up one.
func (c *concealer) sample() int16 {
	v := int(c.past[len(c.past)-c.period+c.at%c.period])
	if over := c.at - fadeAfter; over > 0 {
		v = v * max(0, fadeOver-over) / fadeOver
	}
	c.at++
	return int16(v)
}

// findPeriod is the lag at which the last 20 ms resemble what was before them most.
func (c *concealer) findPeriod() int {
	end := len(c.past)
	best, bestScore := maxPeriod, 0.0
	for lag := minPeriod; lag <= maxPeriod; lag++ {
		var product, energy float64
		for i := end - Samples; i < end; i += 2 {
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
