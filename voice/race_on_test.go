//go:build race

package voice_test

// aRound is what a round of the loop may hold, in bytes, where races are looked for: that makes stacks and objects bigger.
const aRound = 165_000
