package manifest

import (
	"fmt"
	"testing"
)

// BenchmarkCompile is a start with many people: 10,000 of them, on one trunk.
func BenchmarkCompile(b *testing.B) {
	docs := []Document{{Kind: "trunk", Name: "ntt", Text: "trunk: ntt\nserver: a\n"}}
	for i := range 10_000 {
		name := fmt.Sprintf("p%d", i)
		docs = append(docs, Document{Kind: "person", Name: name,
			Text: fmt.Sprintf("person: %s\nname: 佐藤\nreading: さとう\nlanguage: ja-JP\ncontacts: [tel:+8190%08d, sim:%s]\n", name, 10000000+i, name)})
	}
	for b.Loop() {
		set, problems := Compile(docs, nil)
		if problems != nil || len(set.People) != 10_000 {
			b.Fatal(len(set.People), problems)
		}
	}
}
