//go:build !race

package voice_test

// aRound is what a round of the loop may hold, in bytes.
const aRound = 125_000
