package sipleg

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// farSound is a carrier's machine for the sound: it keeps what it hears and says what it is told to.
type farSound struct {
	t    *testing.T
	conn *net.UDPConn

	mu    sync.Mutex
	heard [][]byte
	from  netip.AddrPort
	seq   uint16
	ts    uint32
}

func newFarSound(t *testing.T, ip string) *farSound {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
	if err != nil {
		t.Fatal(err)
	}
	f := &farSound{t: t, conn: c}
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 2000)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			f.mu.Lock()
			f.heard, f.from = append(f.heard, append([]byte{}, buf[:n]...)), from
			f.mu.Unlock()
		}
	})
	t.Cleanup(func() { c.Close(); reading.Wait() })
	return f
}

func (f *farSound) port() string {
	return strconv.Itoa(f.conn.LocalAddr().(*net.UDPAddr).Port)
}

// hears waits for n packets and gives them all.
func (f *farSound) hears(n int) (all [][]byte) {
	f.t.Helper()
	until(f.t, strconv.Itoa(n)+" packets", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		all = f.heard
		return len(all) >= n
	})
	return all
}

// says sends a packet to where it is heard from.
func (f *farSound) says(kind byte, length int, payload []byte) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, kind
	binary.BigEndian.PutUint16(b[2:], f.seq)
	binary.BigEndian.PutUint32(b[4:], f.ts)
	binary.BigEndian.PutUint32(b[8:], 77)
	f.seq, f.ts = f.seq+1, f.ts+uint32(length)
	if _, err := f.conn.WriteToUDPAddrPort(append(b, payload...), f.from); err != nil {
		f.t.Error(err)
	}
}

// loudness is a sink that knows whether it hears anything.
type loudness struct {
	mu   sync.Mutex
	loud int
}

func (l *loudness) Write(f *media.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range f {
		if v > 2000 || v < -2000 {
			l.loud++
			return
		}
	}
}

func (l *loudness) frames() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loud
}

// tone is so many bytes of a codec, loud.
func tone(c media.Codec, bytes int) []byte {
	var f media.Frame
	src := warble().Source()
	var all []byte
	for payload := make([]byte, media.Samples); len(all) < bytes; {
		src.Read(&f)
		c.Encode(payload, &f)
		all = append(all, payload...)
	}
	return all[:bytes]
}

// overLine calls a sipp scenario over a line of this manner.
func overLine(t *testing.T, s *Server, to leg.Target, m Manner) leg.Leg {
	t.Helper()
	_, server, _ := strings.Cut(to.URI, "@")
	s.SetLines([]Line{{Name: "ntt", Server: server, Manner: m}})
	to.Line = "ntt"
	l, err := s.Dial(t.Context(), to, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hangsUp(t *testing.T, l leg.Leg, done func()) {
	t.Helper()
	l.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.Completed)
	done()
}

// What a trunk's document says of the sound is what the carrier is asked for, and what goes both ways.
func TestCarriersWithTheirOwnSound(t *testing.T) {
	s := start(t, nil)
	t.Run("A-law and nothing else", func(t *testing.T) {
		far := newFarSound(t, "127.0.0.1")
		to, done := carrier(t, "one-codec", "[sound_ip]", "127.0.0.1", "[sound_port]", far.port())
		l := overLine(t, s, to, Manner{Codecs: []media.Codec{media.PCMA}})
		next(t, l, leg.Answered)
		for _, b := range far.hears(3) {
			if b[1]&0x7F != 8 || len(b) != 172 {
				t.Fatalf("a packet of type %d with %d bytes", b[1]&0x7F, len(b))
			}
		}
		hangsUp(t, l, done)
	})
	t.Run("G.722 first", func(t *testing.T) {
		far := newFarSound(t, "127.0.0.1")
		to, done := carrier(t, "g722", "[sound_ip]", "127.0.0.1", "[sound_port]", far.port())
		l := overLine(t, s, to, Manner{Codecs: []media.Codec{media.G722, media.PCMU}})
		next(t, l, leg.Answered)
		var heard loudness
		l.Listen(&heard)
		for _, b := range far.hears(3) {
			if b[1]&0x7F != 9 || len(b) != 172 {
				t.Fatalf("a packet of type %d with %d bytes", b[1]&0x7F, len(b))
			}
		}
		var mouth media.Mouth
		mouth.Play(warble().Source())
		payload := make([]byte, media.Samples)
		for i := range 50 {
			mouth.Next(uint32(i*media.Samples), media.G722, true, payload)
			far.says(9, media.Samples, payload)
			time.Sleep(media.Period / 2) // a little faster than it is played
		}
		until(t, "the carrier's sound", func() bool { return heard.frames() > 20 })
		if codec := l.(leg.Measured).Sound().Codec; codec != "G722" {
			t.Errorf("the record says %q", codec)
		}
		hangsUp(t, l, done)
	})
	for _, length := range []int{10, 20, 30, 40, 60} {
		ms := strconv.Itoa(length)
		t.Run("packets of "+ms+" ms", func(t *testing.T) {
			far := newFarSound(t, "127.0.0.1")
			to, done := carrier(t, "ptime", "[length]", ms, "[sound_ip]", "127.0.0.1", "[sound_port]", far.port())
			l := overLine(t, s, to, Manner{Packet: length})
			l.Play(media.Repeat(0, func() media.Source { return warble().Source() }))
			next(t, l, leg.Answered)
			var heard loudness
			l.Listen(&heard)
			size := length * 8
			all := far.hears(6)
			for i, b := range all {
				if len(b) != 12+size {
					t.Fatalf("packet %d has %d bytes of sound, want %d", i, len(b)-12, size)
				}
				if i > 0 && binary.BigEndian.Uint32(b[4:])-binary.BigEndian.Uint32(all[i-1][4:]) != uint32(size) {
					t.Errorf("packet %d has the wrong timestamp", i)
				}
			}
			sound := tone(media.PCMU, 100*size)
			for at := 0; at < len(sound) && heard.frames() < 15; at += size {
				far.says(0, size, sound[at:at+size])
				time.Sleep(time.Duration(length) * time.Millisecond * 3 / 4)
			}
			until(t, "the carrier's sound", func() bool { return heard.frames() >= 10 })
			if err := l.SendDigits(t.Context(), "5"); err != nil {
				t.Error(err)
			}
			events := 0
			for _, b := range far.hears(len(all)) {
				if b[1]&0x7F == 101 && len(b) == 16 {
					events++
				}
			}
			if events < 4 {
				t.Errorf("the key came in %d packets", events)
			}
			hangsUp(t, l, done)
		})
	}
	t.Run("keys under another payload type than offered", func(t *testing.T) {
		far := newFarSound(t, "127.0.0.1")
		to, done := carrier(t, "dtmf-payload", "[sound_ip]", "127.0.0.1", "[sound_port]", far.port())
		l := overLine(t, s, to, Manner{DTMF: 96})
		next(t, l, leg.Answered)
		far.hears(1)
		if err := l.SendDigits(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		until(t, "our key under 100", func() bool {
			for _, b := range far.hears(1) {
				if b[1]&0x7F == 100 && len(b) == 16 && b[12] == 7 {
					return true
				}
			}
			return false
		})
		for _, kind := range []byte{96, 100} { // as we have offered, and as it has answered: both are seen
			far.ts += 4000
			for i := range 4 {
				d := media.DigitPacket{Event: kind % 10, End: i > 0, Volume: 10, Duration: 800}
				far.says(kind, 0, d.Append(nil))
			}
			if e := next(t, l, leg.Digit); e.Digit != string(rune('0'+kind%10)) {
				t.Errorf("key %q under payload type %d", e.Digit, kind)
			}
		}
		hangsUp(t, l, done)
	})
	t.Run("an announcement from elsewhere", func(t *testing.T) {
		early, far := newFarSound(t, "127.0.0.2"), newFarSound(t, "127.0.0.1")
		to, done := carrier(t, "early-elsewhere", "[early_ip]", "127.0.0.2", "[early_port]", early.port(), "[sound_ip]", "127.0.0.1", "[sound_port]", far.port())
		l := overLine(t, s, to, Manner{})
		var heard loudness
		l.Listen(&heard)
		next(t, l, leg.Ringing)
		next(t, l, leg.EarlyMedia)
		early.mu.Lock()
		early.from = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.(*Leg).sock.port)
		early.mu.Unlock()
		sound := tone(media.PCMU, 20*media.Samples)
		for at := 0; at < len(sound); at += media.Samples {
			early.says(0, media.Samples, sound[at:at+media.Samples])
			time.Sleep(media.Period / 2)
		}
		until(t, "the announcement", func() bool { return heard.frames() > 10 })
		next(t, l, leg.Answered)
		for range 5 { // it does not stop at once
			early.says(0, media.Samples, tone(media.PCMU, media.Samples))
		}
		far.hears(3)
		before := heard.frames()
		for at := 0; at < len(sound); at += media.Samples {
			far.says(0, media.Samples, sound[at:at+media.Samples])
			time.Sleep(media.Period / 2)
		}
		until(t, "the one who answered", func() bool { return heard.frames() > before+10 })
		hangsUp(t, l, done)
	})
	if n := s.Open(); n != 0 {
		t.Errorf("%d things are left open", n)
	}
}

// A caller's offer is answered with what the line prefers; a caller without a line gets G.711 as long as it offers that.
func TestWhichCodecIsTaken(t *testing.T) {
	offer := func(formats string) []byte {
		return []byte(sessionHead + "m=audio 4000 RTP/AVP " + formats + "\r\n")
	}
	for _, c := range []struct {
		name    string
		line    Line
		offered string
		want    media.Codec
	}{
		{"a phone that likes G.722", Line{}, "9 0 8", media.PCMU},
		{"a phone that has nothing else", Line{}, "9", media.G722},
		{"a phone that likes A-law", Line{}, "8 9 0", media.PCMA},
		{"a carrier's own liking", Line{Name: "ntt"}, "8 0 9", media.PCMA},
		{"a line that likes A-law", Line{Name: "ntt", Manner: Manner{Codecs: []media.Codec{media.PCMA, media.PCMU}}}, "0 8", media.PCMA},
		{"a line that likes G.722", Line{Name: "ntt", Manner: Manner{Codecs: []media.Codec{media.G722, media.PCMU}}}, "0 8 9", media.G722},
	} {
		d, err := c.line.readOffer(offer(c.offered), here)
		if err != nil || d.codecs[0] != c.want {
			t.Errorf("%s: %v, %v", c.name, d, err)
		}
	}
	if _, err := (Line{Name: "ntt"}).readOffer(offer("9"), here); err == nil || !strings.Contains(err.Error(), "line ntt") {
		t.Errorf("G.722 on a line that does not ask for it: %v", err)
	}
}

func TestHowLongPacketsAre(t *testing.T) {
	for _, c := range []struct {
		ours      int
		theirs    string
		want      int
		wantedToo string // in our answer
	}{
		{0, "", 20, ""},
		{0, "a=ptime:30\r\n", 30, ""},
		{0, "a=ptime:50\r\n", 40, ""},
		{0, "a=ptime:5\r\n", 10, ""},
		{0, "a=ptime:20.0\r\n", 20, ""},
		{0, "a=ptime:99999\r\n", 20, ""},
		{0, "a=ptime:60\r\na=maxptime:40\r\n", 40, ""},
		{0, "a=maxptime:10\r\n", 10, ""},
		{40, "", 40, "a=maxptime:40\r\n"},
		{40, "a=ptime:20\r\n", 40, "a=maxptime:40\r\n"},
		{60, "a=ptime:20\r\na=maxptime:30\r\n", 30, "a=maxptime:60\r\n"},
	} {
		d, err := readSDP([]byte(sessionHead+"m=audio 4000 RTP/AVP 0\r\n"+c.theirs), here)
		if err != nil {
			t.Fatal(err)
		}
		o := ours{ip: here, port: 7000, length: c.ours}
		if got := o.packet(d); got != c.want {
			t.Errorf("ours %d, theirs %q: %d ms, want %d", c.ours, c.theirs, got, c.want)
		}
		answer := o.answer(d)
		if !strings.Contains(answer, "a=ptime:"+strconv.Itoa(c.want)+"\r\n"+c.wantedToo+"a=sendrecv") {
			t.Errorf("ours %d, theirs %q: the answer is\n%s", c.ours, c.theirs, answer)
		}
	}
}

func TestWhereReportsGo(t *testing.T) {
	for _, c := range []struct {
		lines string
		want  string
		mux   bool
	}{
		{"", "192.0.2.7:4001", false},
		{"a=rtcp:5000\r\n", "192.0.2.7:5000", false},
		{"a=rtcp:5000 IN IP4 192.0.2.9\r\n", "192.0.2.9:5000", false},
		{"a=rtcp:5000 IN IP4 239.0.0.1\r\n", "192.0.2.7:5000", false},
		{"a=rtcp:0\r\n", "192.0.2.7:4001", false},
		{"a=rtcp:\r\n", "192.0.2.7:4001", false},
		{"a=rtcp:4001\r\na=rtcp-mux\r\n", "192.0.2.7:4000", true},
	} {
		d, err := readSDP([]byte(sessionHead+"m=audio 4000 RTP/AVP 0\r\n"+c.lines), here)
		if err != nil || d.control.String() != c.want || d.mux != c.mux {
			t.Errorf("%q: %v %v, %v", c.lines, d.control, d.mux, err)
		}
		o := ours{ip: here, port: 7000}
		if answer := o.answer(d); strings.Contains(answer, "a=rtcp-mux\r\n") != c.mux {
			t.Errorf("%q: the answer is\n%s", c.lines, answer)
		}
		if strings.Contains(o.offer(sendrecv), "rtcp-mux") {
			t.Error("RTCP beside RTP is offered: not every carrier reads on")
		}
	}
}
