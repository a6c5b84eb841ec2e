package smpp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/trunk"
)

func TestReceipts(t *testing.T) {
	text := func(stat, err string) []byte {
		return []byte("id:00af sub:001 dlvrd:001 submit date:2611260300 done date:2611260301 stat:" + stat + " err:" + err + " text:id:99 stat:DELIVRD")
	}
	more := func(state byte, network ...byte) map[tag][]byte {
		m := map[tag][]byte{tagReceiptedID: []byte("00af\x00"), tagMessageState: {state}}
		if network != nil {
			m[tagNetworkError] = network
		}
		return m
	}
	for _, tt := range []struct {
		name   string
		text   []byte
		more   map[tag][]byte
		status message.Status
		code   int
		says   string
	}{
		{"delivered", text("DELIVRD", "000"), nil, message.Delivered, 0, ""},
		{"small letters", []byte("ID:00af SUB:001 DLVRD:001 Submit Date:2611260300 Done Date:2611260301 Stat:delivrd Err:0 Text:x"), nil, message.Delivered, 0, ""},
		{"on the way", text("ENROUTE", "000"), nil, message.Sent, 0, ""},
		{"accepted", text("ACCEPTD", "000"), nil, message.Sent, 0, ""},
		{"too late", text("EXPIRED", "000"), nil, message.Undelivered, 30003, "EXPIRED"},
		{"not deliverable", text("UNDELIV", "045"), nil, message.Undelivered, 30008, "error 045"},
		{"rejected", text("REJECTD", "000"), nil, message.Undelivered, 30007, "REJECTD"},
		{"deleted", text("DELETED", "000"), nil, message.Undelivered, 30008, "DELETED"},
		{"unknown", text("UNKNOWN", "000"), nil, message.Undelivered, 30008, "UNKNOWN"},
		{"a word of its own", text("WAITING", "000"), nil, "", 0, ""},
		{"as parameters", nil, more(2), message.Delivered, 0, ""},
		{"parameters are believed first", text("DELIVRD", "000"), more(5, 3, 0, 1), message.Undelivered, 30005, "error 1"},
		{"nobody there", nil, more(5, 3, 0, 27), message.Undelivered, 30003, "error 27"},
		{"barred", nil, more(5, 3, 0, 13), message.Undelivered, 30004, "error 13"},
		{"another kind of network", nil, more(5, 1, 0, 1), message.Undelivered, 30008, "error 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, ok := readReceipt(short{Class: classReceipt, Text: tt.text, More: tt.more}, "+819012345678")
			w := r.Word
			if !ok || r.Name != "00af" || w.There != "00af" || w.Status != tt.status || w.Code != tt.code || !strings.Contains(w.Text, tt.says) {
				t.Errorf("read as %+v %v", r, ok)
			}
		})
	}
	if _, ok := readReceipt(short{Text: []byte("stat:DELIVRD text:id:1")}, ""); ok {
		t.Error("a receipt without a name is for somebody")
	}
}

func TestNamesInHexadecimal(t *testing.T) {
	if got := (Receipt{Name: "175"}).Names(); !slices.Contains(got, "af") || !slices.Contains(got, "AF") || got[0] != "175" {
		t.Errorf("175 may be %q", got)
	}
	if got := (Receipt{Name: "000000AF"}).Names(); !slices.Contains(got, "175") {
		t.Errorf("000000AF may be %q", got)
	}
}

// A receipt may come before the name of the message is kept: then it says whose it is.
func TestAReceiptThatIsQuickerThanTheStore(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		r := record("x")
		done, err := c.client.Turn(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.client.Send(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		delivered := short{From: mobile, To: ours, Class: classReceipt, Text: []byte("id:id-1 stat:DELIVRD err:000 text:")}
		if how := c.brings(delivered); how != statusOK || c.receipts[0].SID != r.SID || c.receipts[0].To != r.To {
			t.Errorf("answered %v; %+v", how, c.receipts)
		}
		done()
		c.brings(delivered)
		if c.receipts[1].SID != "" {
			t.Errorf("the name is still known: %+v", c.receipts[1])
		}
		c.set(func() { c.deaf = errors.New("the disk is full") })
		if how := c.brings(delivered); how != statusLater {
			t.Errorf("a receipt that was not kept is answered %v", how)
		}
	})
}

func TestMessagesComeIn(t *testing.T) {
	for _, tt := range []struct {
		name     string
		m        short
		from, is string
	}{
		{"GSM", short{From: mobile, Text: []byte{0x00, 0x1b, 0x65, 'x'}}, "+819012345678", "@€x"},
		{"UCS-2", short{From: mobile, Coding: codingUCS2, Text: encodeUTF16("了解🚨")}, "+819012345678", "了解🚨"},
		{"Latin-1", short{From: mobile, Coding: codingLatin1, Text: []byte("caf\xe9\x00")}, "+819012345678", "café"},
		{"with a class", short{From: mobile, Coding: 0x18, Text: encodeUTF16("見て")}, "+819012345678", "見て"},
		{"as a payload", short{From: mobile, More: map[tag][]byte{tagPayload: []byte("long")}}, "+819012345678", "long"},
		{"a national number", short{From: address{2, 1, "09012345678"}, Text: []byte("x")}, "+819012345678", "x"},
		{"a number that is not marked", short{From: address{0, 0, "819012345678"}, Text: []byte("x")}, "+819012345678", "x"},
		{"a short number", short{From: address{3, 0, "12345"}, Text: []byte("x")}, "12345", "x"},
		{"a word", short{From: address{5, 0, "Bank"}, Text: []byte("x")}, "Bank", "x"},
		{"a header about something else", short{From: mobile, Class: classHeader, Text: []byte{2, 0x24, 0, 'x'}}, "+819012345678", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, trunk.SMSC{}, func(c *centre) {
				tt.m.To = ours
				if how := c.brings(tt.m); how != statusOK || len(c.in) != 1 {
					t.Fatalf("answered %v: %+v", how, c.in)
				}
				if in := c.in[0]; in.From != tt.from || in.To != "+815087654321" || in.Body != tt.is || in.Carrier != "carrier" || in.Segments != 1 {
					t.Errorf("came in: %+v", in)
				}
			})
		})
	}
}

// udh is a piece with a user data header, as telephones make it.
func udh(ref, total, n byte, text []byte) short {
	return short{From: mobile, To: ours, Class: classHeader, Coding: codingUCS2, Text: append([]byte{5, 0, 3, ref, total, n}, text...)}
}

func TestALongMessageComesInPieces(t *testing.T) {
	text := encodeUTF16("前半🚨後半")
	sar := func(n byte, b []byte) short {
		return short{From: mobile, To: ours, Coding: codingUCS2, Text: b, More: map[tag][]byte{tagSARReference: {0, 9}, tagSARTotal: {2}, tagSARSequence: {n}}}
	}
	wide := func(n byte, b []byte) short {
		return short{From: mobile, To: ours, Class: classHeader, Coding: codingUCS2, Text: append([]byte{6, 8, 4, 1, 2, 2, n}, b...)}
	}
	for name, pieces := range map[string][]short{
		"in order":            {udh(1, 2, 1, text[:6]), udh(1, 2, 2, text[6:])}, // the alarm is cut in the middle
		"out of order":        {udh(1, 2, 2, text[6:]), udh(1, 2, 1, text[:6])},
		"one twice":           {udh(1, 2, 1, text[:6]), udh(1, 2, 1, text[:6]), udh(1, 2, 2, text[6:]), udh(1, 2, 2, text[6:])},
		"by parameters":       {sar(1, text[:6]), sar(2, text[6:])},
		"with a longer count": {wide(2, text[6:]), wide(1, text[:6])},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, trunk.SMSC{}, func(c *centre) {
				for _, p := range pieces {
					if how := c.brings(p); how != statusOK {
						t.Errorf("answered %v", how)
					}
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				if len(c.in) != 1 || c.in[0].Body != "前半🚨後半" || c.in[0].Segments != 2 {
					t.Errorf("came in: %+v", c.in)
				}
			})
		})
	}
}

// The last piece is not kept: it is asked for again, and then the whole message is there.
func TestALongMessageThatIsNotKept(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		c.brings(udh(1, 2, 1, encodeUTF16("前半")))
		c.set(func() { c.deaf = errors.New("the disk is full") })
		if how := c.brings(udh(1, 2, 2, encodeUTF16("後半"))); how != statusLater {
			t.Errorf("answered %v", how)
		}
		c.set(func() { c.deaf = nil })
		if how := c.brings(udh(1, 2, 2, encodeUTF16("後半"))); how != statusOK || len(c.in) != 1 || c.in[0].Body != "前半後半" {
			t.Errorf("answered %v: %+v", how, c.in)
		}
		// The same count again, for another message.
		c.brings(udh(1, 2, 1, encodeUTF16("別の")))
		c.brings(udh(1, 2, 2, encodeUTF16("話")))
		if len(c.in) != 2 || c.in[1].Body != "別の話" {
			t.Errorf("came in: %+v", c.in)
		}
	})
}

// A piece is missing: after a while, and at the end, what is there is taken.
func TestAPieceThatDoesNotCome(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		c.brings(udh(1, 3, 1, encodeUTF16("前半")))
		c.brings(udh(1, 3, 3, encodeUTF16("後半")))
		time.Sleep(4 * time.Minute)
		c.set(func() {
			if len(c.in) != 0 {
				t.Errorf("came in: %+v", c.in)
			}
		})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		c.set(func() {
			if len(c.in) != 1 || c.in[0].Body != "前半…後半" {
				t.Errorf("came in: %+v", c.in)
			}
		})
		c.brings(udh(2, 2, 2, encodeUTF16("終わり")))
		c.stop()
		if len(c.in) != 2 || c.in[1].Body != "…終わり" {
			t.Errorf("came in: %+v", c.in)
		}
	})
}

// Strangers who send nothing but first pieces fill no memory.
func TestPiecesWithoutEnd(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		for i := range mostThreads + 5 {
			m := udh(byte(i), 255, 1, encodeUTF16("x"))
			m.From.Text = "8190" + string(rune('1'+i/256)) + "2345678"
			c.brings(m)
		}
		if len(c.in) != 5 {
			t.Errorf("%d were given up", len(c.in))
		}
	})
}

func TestWhatCannotBeRead(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		if how := c.brings(short{From: mobile, To: ours, Coding: 0x04, Text: []byte{1, 2}}); how != statusOK {
			t.Errorf("binary is answered %v", how)
		}
		if how := c.brings(short{From: mobile, To: ours, Class: classIntermediate, Text: []byte("id:id-1 stat:UNDELIV")}); how != statusOK {
			t.Errorf("a word on the way is answered %v", how)
		}
		c.now.write(pdu{Command: deliverSM, Seq: 5, Body: []byte("nonsense")})
		c.now.write(pdu{Command: 0x103, Seq: 6})
		synctest.Wait()
		if last := c.got[len(c.got)-2:]; last[0].Status+last[1].Status != statusMalformed+statusCommand {
			t.Errorf("nonsense is answered %+v", last)
		}
		if len(c.in)+len(c.receipts) != 0 || c.binds != 1 {
			t.Errorf("came in: %+v %+v, after %d binds", c.in, c.receipts, c.binds)
		}
		c.now.conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		time.Sleep(2 * time.Second)
		c.set(func() {
			if c.binds != 2 {
				t.Errorf("what is no SMPP ends no session: %d binds", c.binds)
			}
		})
	})
}
