package yamldoc

// Nearest is the word of words that s was probably meant to be, or "" when none is near: at most a third
// of its letters may differ.
func Nearest(s string, words []string) string {
	best, least := "", 0
	for _, w := range words {
		d := distance([]rune(s), []rune(w))
		if d <= max(1, len([]rune(w))/3) && d < len([]rune(w)) && (best == "" || d < least) {
			best, least = w, d
		}
	}
	return best
}

// distance counts letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
func distance(a, b []rune) int {
	if len(a) > 64 || len(b) > 64 {
		return 64 // no key is that long; do not spend time on it
	}
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
