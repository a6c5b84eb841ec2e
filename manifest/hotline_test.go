package manifest

import (
	"os"
	"strings"
	"testing"
)

func TestANumberThatLeadsToAPlan(t *testing.T) {
	const number = "---\nnumber: \"+815012345678\"\nplan: "
	for _, tt := range []struct{ name, text, want string }{
		{"that is there", number + "night\n", ""},
		{"that is not there", number + "nigth\n", `house.yaml:12:7: error: <plan>: there is no plan "nigth" (did you mean night?)`},
		{"that anything takes that answers", number + "any\n---\nplan: any\nconfirm: none\nsteps: [{call: [sato]}]\n", "house.yaml:12:7: warning: <plan>: plan any says confirm: none"},
		{"over a line of one channel", number + "night\n---\ntrunk: ip050\nserver: a\nchannels: 1\n", "house.yaml:12:7: warning: <plan>: trunk ip050 carries one call, and that is the caller's"},
		{"over a line of one channel, where there is another", number + "night\n---\ntrunk: ip050\nserver: a\nchannels: 1\n---\ntrunk: ntt\nserver: b\n", ""},
		{"over a line of two", number + "night\n---\ntrunk: ip050\nserver: a\nchannels: 2\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, problems := compile(t, sound+tt.text)
			if !strings.Contains(problems, tt.want) || tt.want == "" && strings.Contains(problems, "<plan>") {
				t.Errorf("got\n%swant\n%s", problems, tt.want)
			}
			if len(set.Numbers) != 1 || set.Numbers[0].Hotline == nil {
				t.Errorf("numbers: %+v", set.Numbers)
			}
		})
	}
}

func TestTheExampleHotline(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/hotline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, problems := compile(t, string(text))
	if problems != "" {
		t.Fatalf("problems:\n%s", problems)
	}
	if h := set.Numbers[0].Hotline; h == nil || h.Plan != "night-shift" || len(h.Say) != 2 {
		t.Errorf("%+v", h)
	}
}
