package callout

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a bin can do without kaden's engine (mission: P8): ten numbers in one <Dial>, or nine and the own
// number that begins the loop again.
const (
	mostInBin     = 10
	mostInBinLoop = 9
)

// pattern names what the answers amount to.
func (c *chosen) pattern() (id string, name Words) {
	switch {
	case c.words["everybody"] == whoCanJoins:
		return "P2", Words{"all at once, everybody, whoever can", "一斉同報・全員着信・任意"}
	case c.words["need"] == allOfThem:
		return "P3", Words{"all at once, everybody is required", "一斉同報・全員着信・必須"}
	case c.words["order"] == string(Together):
		return "P1", Words{"all at once, the first one takes it", "一斉同報・一人着信"}
	case c.words["first"] == rotating:
		return "P5", Words{"round robin", "ラウンドロビン"}
	case c.words["until"] == untilTaken:
		return "P6", Words{"one after another until somebody answers", "誰かが出るまでループ"}
	}
	return "P4", Words{"one after another", "順次着信"}
}

// sheet writes YAML with a comment beside each word, in one column.
type sheet struct {
	b        strings.Builder
	language string
}

const commentColumn = 34

func (s *sheet) say(en, ja string) {
	for line := range strings.Lines(Words{en, ja}.In(s.language)) {
		s.b.WriteString("# " + strings.TrimRight(line, "\n") + "\n")
	}
}

func (s *sheet) put(yaml, en, ja string) {
	if en != "" {
		yaml += strings.Repeat(" ", max(commentColumn-utf8.RuneCountInString(yaml), 1)) + "# " + Words{en, ja}.In(s.language)
	}
	s.b.WriteString(yaml + "\n")
}

// yaml is the plan.
func (c *chosen) yaml() string {
	s := &sheet{language: c.language}
	c.head(s)
	one := c.words["need"] == oneIsEnough
	s.put("plan: "+quoted(c.words["name"]), "sources and commands call it by this name", "送信元やコマンドはこの名前で指す")
	s.put("say:", "each hears their own language, else the first one here", "本人の言語で、なければ先に書いた言語で読み上げる")
	texts, order := DefaultSay()
	if strings.HasPrefix(c.language, "ja") {
		order = []string{"ja", "en"}
	}
	for _, l := range order {
		s.put("  "+l+": "+strconv.Quote(texts[l]), "", "")
	}
	c.proof(s)
	switch c.words["severity"] {
	case warning:
		s.put("after: 60s", "what is over within a minute rings nobody", "1 分以内に復旧したら、だれも呼ばない")
	case critical:
		if one {
			s.put("still-on-it: 15m", "whoever took it is asked again then, and the plan goes on if they do not answer", "引き受けた人に 15 分後に確かめ、返事がなければ続きを呼ぶ")
		}
	}
	s.put("steps:", "", "")
	c.step(s)
	if c.words["severity"] == critical {
		s.put("deadline: "+short(c.deadline), "then the plan ends, and the default contacts are called every 10 min", "計画の終わり。その後は既定の連絡先を 10 分ごとに呼ぶ")
	} else {
		s.put("deadline: "+short(c.deadline), "nobody is rung after that", "それ以後はだれも呼ばない")
	}
	s.say("otherwise: [notify:ops-mail]      who is told when nobody took it; take the # away and name your notice",
		"otherwise: [notify:ops-mail]      だれも引き受けなかったときの知らせ先。# を外し、通知の名前を書く")
	return s.b.String()
}

// head says which pattern it is and how to see it at work.
func (c *chosen) head(s *sheet) {
	id, name := c.pattern()
	s.say(id+", "+name.EN, id+" "+name.JA)
	who := strings.TrimPrefix(strings.TrimPrefix(c.people[0], "@"), "on-call:")
	s.say("Before the night, see who would ring when: kaden plan explain FILE --people \""+who+"=no-answer\"",
		"夜になる前に、だれがいつ鳴るかを見る: kaden plan explain FILE --people \""+who+"=no-answer\"")
	groups := slices.ContainsFunc(c.people, func(p string) bool { return strings.HasPrefix(p, "@") || strings.HasPrefix(p, "on-call:") })
	most := mostInBin
	if c.words["until"] == untilTaken {
		most = mostInBinLoop
	}
	switch {
	case (id == "P1" || id == "P4" || id == "P6") && !groups && len(c.people) <= most:
		s.say(fmt.Sprintf("P8: up to %d numbers can do this without kaden's engine, as a TwiML bin; but a voicemail counts as an answer\nthere, and nobody is asked again: docs/plans/p8-without-a-server.xml", most),
			fmt.Sprintf("P8: %d 番号までなら、架電エンジンなしで TwiML の bin だけでもできる。ただし留守番電話も応答になり、\n確かめ直しもない: docs/plans/p8-without-a-server.xml", most))
	case len(c.people) > mostInBin || groups:
		s.say("P9: any number of people; a thousand phones ring at the same time.", "P9: 人数に上限はない。同時に鳴らすのは千台まで。")
	}
}

// proof writes what counts as an answer.
func (c *chosen) proof(s *sheet) {
	switch c.words["proof"] + c.words["weak-proof"] {
	case string(ByProof):
		s.put("confirm: proof", "press the digit that is spoken: awake, and no voicemail", "読み上げた数字を押す。寝ぼけても、留守番電話でも押せない")
	case string(ByHangup):
		s.put("confirm: hangup", "hang up after listening; weak: anything worse than a warning still wants the key", "聞き終えて切る。弱い確認なので、警告より重いものはキーが要る")
	default:
		s.put("confirm: key", "press 1: a voicemail cannot", "1 を押す。留守番電話には押せない")
	}
}

// step writes who is rung, and how.
func (c *chosen) step(s *sheet) {
	names := make([]string, len(c.people))
	for i, p := range c.people {
		names[i] = quoted(p)
	}
	s.put("  - call: ["+strings.Join(names, ", ")+"]", "", "")
	order := Together
	if c.words["order"] == string(InTurn) {
		order = InTurn
		if c.words["first"] == rotating {
			order = RoundRobin
		}
	}
	comment := map[Order]Words{
		Together:   {"all phones ring at once", "一斉に鳴らす"},
		InTurn:     {"one after another, always in this order", "いつもこの順に、一人ずつ"},
		RoundRobin: {"in turn; who comes first moves on from alert to alert", "一人ずつ。先頭はアラートごとに交代する"},
	}[order]
	s.put("    order: "+string(order), comment.EN, comment.JA)
	rounds := "1"
	switch {
	case c.words["everybody"] == whoCanJoins:
		s.put("    need: everyone", "everybody is asked", "全員に尋ねる")
		s.put("    join: true", "who confirms enters a conference, and can call the others in", "確認した人は会議通話に入り、残りの人を呼び出せる")
	case c.words["need"] == allOfThem:
		rounds = "forever"
		s.put("    need: everyone", "until each has confirmed, or passed with 2", "全員が確認する（または 2 で辞退する）まで")
	default:
		s.put("    need: first", "the first one who confirms ends the ringing", "最初に確認した人で呼び出しを終える")
		if c.words["until"] == untilTaken {
			rounds = "forever"
		}
	}
	s.put("    ring: 20s", "many voicemails answer at 15 to 25 s", "留守番電話は 15〜25 秒で出ることが多い")
	if c.words["severity"] == critical {
		s.put("    # double-tap: true", "take the # away: a second ring after 10 s gets through do-not-disturb", "# を外すと、10 秒後の二度目の呼び出しで、おやすみモードを通す")
	}
	if rounds == "1" {
		s.put("    rounds: 1", "each is called once", "一人一回ずつ呼ぶ")
		return
	}
	s.put("    rounds: forever", "again and again; the deadline ends it", "繰り返す。deadline で終わる")
	if c.words["need"] == allOfThem {
		s.put("    gap: 30s", "rest between rounds; it grows to 10 min, and only the missing are called", "巡と巡の間。10 分まで延び、まだの人だけを呼ぶ")
		return
	}
	s.put("    gap: 30s", "rest between rounds", "巡と巡の間")
}

var plainScalar = regexp.MustCompile(`^\p{L}[\p{L}\p{M}\p{N}._-]*$`)

// quoted is a name in YAML; in quotes where it could be taken for something else.
func quoted(name string) string {
	switch strings.ToLower(name) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return strconv.Quote(name)
	}
	if plainScalar.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}
