package callout

// Words is a text for people, in the two languages of the house.
type Words struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// In is the text in a language; English where it is not Japanese.
func (w Words) In(language string) string {
	if len(language) >= 2 && language[:2] == "ja" {
		return w.JA
	}
	return w.EN
}

// ChoiceKind is the kind of answer that a question wants.
type ChoiceKind string

// The kinds of answers.
const (
	ChooseOption ChoiceKind = "option" // one of Options, by its word or its number counted from 1
	ChoosePeople ChoiceKind = "people" // names with spaces between them
	ChooseTime   ChoiceKind = "time"   // 2h, 90m
	ChooseName   ChoiceKind = "name"   // of the plan
)

// Choice is one question on the way from "we want to be called" to a plan (mission: P7).
type Choice struct {
	ID      string     `json:"id"`
	Kind    ChoiceKind `json:"kind"`
	Ask     Words      `json:"ask"`
	Hint    Words      `json:"hint,omitzero"`
	Options []Option   `json:"options,omitempty"`
	Usual   string     `json:"usual,omitempty"` // what an empty answer means; "": it has to be answered
	Next    string     `json:"next,omitempty"`  // the question after this one, unless the option says which; "": the last one
}

// Option is one possible answer.
type Option struct {
	Word   string `json:"word"`
	Text   Words  `json:"text"`
	Next   string `json:"next,omitempty"`
	Unless string `json:"unless,omitempty"` // not offered once this was answered: it would contradict it
}

// The answers that decide the pattern, and those that decide the proof.
const (
	oneIsEnough = "one"
	allOfThem   = "all"
	eachMust    = "each"
	whoCanJoins = "join"
	fixedFirst  = "fixed"
	rotating    = "rotating"
	onceThrough = "once"
	untilTaken  = "loop"
	critical    = "critical"
	warning     = "warning"
)

// Flow is the graph of questions that leads to a plan; it begins with the first. It is data: the command
// line asks it, and the console draws it from the same JSON. [Choose] turns the answers into the plan.
func Flow() []Choice {
	return []Choice{
		{ID: "need", Kind: ChooseOption, Ask: Words{"Who has to answer?", "だれの応答が必要ですか"}, Options: []Option{
			{Word: oneIsEnough, Text: Words{"one person is enough", "だれか一人が出ればよい"}, Next: "order"},
			{Word: allOfThem, Text: Words{"everybody", "全員"}, Next: "everybody"},
		}},
		{ID: "everybody", Kind: ChooseOption, Ask: Words{"Must each of them confirm, or is it enough that whoever can joins in?", "一人ひとりの確認が必要ですか、出られる人が集まればよいですか"}, Options: []Option{
			{Word: eachMust, Text: Words{"each must confirm: call until they have", "全員の確認が必要（確認するまでかけ直す）"}, Next: "people"},
			{Word: whoCanJoins, Text: Words{"whoever can joins a conference, and calls the others in", "出られる人が会議通話に集まり、残りの人を呼び出す"}, Next: "people"},
		}},
		{ID: "order", Kind: ChooseOption, Ask: Words{"How do the phones ring?", "どう鳴らしますか"}, Options: []Option{
			{Word: string(Together), Text: Words{"all at once: fastest, but everybody wakes up", "一斉に（最も速いが、全員が起きる）"}, Next: "until"},
			{Word: string(InTurn), Text: Words{"one after another", "一人ずつ順に"}, Next: "first"},
		}},
		{ID: "first", Kind: ChooseOption, Ask: Words{"Who is called first?", "だれを最初に呼びますか"}, Options: []Option{
			{Word: fixedFirst, Text: Words{"always the same person", "いつも同じ人から"}},
			{Word: rotating, Text: Words{"the next one from alert to alert, so that the nights are shared", "アラートごとに次の人から（負担を分ける）"}},
		}, Next: "until"},
		{ID: "until", Kind: ChooseOption, Ask: Words{"And when nobody answers?", "だれも出なかったら"}, Usual: untilTaken, Options: []Option{
			{Word: onceThrough, Text: Words{"once through the list, then it is said that nobody took it", "一巡で終え、応答者がいないことを知らせる"}},
			{Word: untilTaken, Text: Words{"again and again, until somebody answers", "だれかが出るまで繰り返す"}},
		}, Next: "people"},
		{ID: "people", Kind: ChoosePeople, Ask: Words{"Who is called? In this order.", "だれを呼びますか（この順に）"},
			Hint: Words{"people by name, groups as @name, who is on duty as on-call:name; spaces between them: sato suzuki @db-team",
				"人は名前、グループは @名前、当番は on-call:名前。空白で区切る: sato suzuki @db-team"}, Next: "severity"},
		{ID: "severity", Kind: ChooseOption, Ask: Words{"How bad is it when this rings?", "どのくらい重大なときに鳴りますか"}, Usual: critical, Options: []Option{
			{Word: critical, Text: Words{"critical: somebody has to get up", "重大（だれかが起きて対応する）"}, Next: "proof"},
			{Word: warning, Text: Words{"a warning: somebody should know", "警告（だれかが知っていればよい）"}, Next: "weak-proof"},
		}},
		{ID: "proof", Kind: ChooseOption, Ask: Words{"What proves that a person took it?", "人が引き受けたことを何で確かめますか"}, Usual: string(ByKey), Options: []Option{
			{Word: string(ByKey), Text: Words{"pressing 1: no voicemail does that", "1 を押す（留守番電話にはできない）"}},
			{Word: string(ByProof), Text: Words{"pressing the digit that is spoken: awake, and not a reflex", "読み上げた数字を押す（寝ぼけて押したのではない）"}},
		}, Next: "deadline"},
		{ID: "weak-proof", Kind: ChooseOption, Ask: Words{"What proves that a person heard it?", "人が聞いたことを何で確かめますか"}, Usual: string(ByKey), Options: []Option{
			{Word: string(ByKey), Text: Words{"pressing 1: no voicemail does that", "1 を押す（留守番電話にはできない）"}},
			{Word: string(ByHangup), Text: Words{"hanging up after the message: weak", "最後まで聞いて切る（弱い確認）"}, Unless: whoCanJoins},
		}, Next: "deadline"},
		{ID: "deadline", Kind: ChooseTime, Ask: Words{"When does the plan end, at the latest?", "遅くともいつ計画を終えますか"}, Usual: "2h",
			Hint: Words{"5m to 168h: 90m, 2h", "5m から 168h まで: 90m、2h"}, Next: "name"},
		{ID: "name", Kind: ChooseName, Ask: Words{"What is the plan called?", "計画の名前は"}, Usual: "night",
			Hint: Words{"letters, digits, dot, dash and underscore: night-shift", "文字、数字、ドット、ハイフン、下線: night-shift"}},
	}
}
