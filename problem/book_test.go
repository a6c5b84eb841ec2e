package problem

import "testing"

func TestABookIsReadByItsHoles(t *testing.T) {
	r := NewReader(
		Book{"a key of %d characters can be guessed": "%s 文字のキーは推測されます", "%s cannot be called: %s": "%s を呼び出せません：%s", "%q of %s": "%[2]sの「%[1]s」"},
		Book{"there is no trunk %q": "回線「%s」がありません", "fixed lines": "固定電話", "100 %% of it": "その 100 %%", "fixed %s": "固定%s"},
	)
	for text, want := range map[string]string{
		"":                                      "",
		"a key of 8 characters can be guessed":  "8 文字のキーは推測されます",
		"a key of no characters can be guessed": "a key of no characters can be guessed",
		`there is no trunk "ntt \"x\""`:         `回線「ntt "x"」がありません`,
		`sato cannot be called: there is no trunk "ntt"`:    "sato を呼び出せません：回線「ntt」がありません",
		`there is no trunk "a"; there is no trunk "b"`:      "回線「a」がありません。回線「b」がありません",
		`sato cannot be called: there is no trunk "a"; EOF`: "sato を呼び出せません：回線「a」がありません。EOF",
		`"x" of fixed lines`:                                "固定電話の「x」",
		"fixed lines":                                       "固定電話", // its own words, and not the hole's
		"100 % of it":                                       "その 100 %",
		"such lines and more":                               "such lines and more",
	} {
		if got := r.Say(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestNobodyReadsEnglish(t *testing.T) {
	var r *Reader
	list := List{{Text: "a", Hint: "b"}}
	if r.Say("a") != "a" || r.List(list)[0] != list[0] {
		t.Error("without a book something changed")
	}
	said := NewReader(Book{"a": "あ"}).List(list)
	if said[0].Text != "あ" || said[0].Hint != "b" || list[0].Text != "a" {
		t.Errorf("%v, and the list is now %v", said, list)
	}
}
