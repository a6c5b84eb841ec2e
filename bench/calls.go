package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// report is what the independent driver says of one run, as far as it is used here.
type report struct {
	Placed, OK int
	Failed     map[string]int
	Setup      quantiles `json:"invite_to_200"`
	Order      quantiles `json:"originate_to_invite"`
	FirstRTP   quantiles `json:"answer_to_first_rtp"`
	Digit      quantiles `json:"digit_end_to_bye"`
	Pacing     quantiles `json:"pacing_dev"`
	Clean      float64   `json:"clean_streams_share"`
	Loss       float64   `json:"loss_pct"`
	Whole      int       `json:"prompt_whole"`
	Damaged    int       `json:"prompt_damaged"`
	CPUPerCall float64   `json:"server_cpu_ms_per_call"`
	CPUPerCS   float64   `json:"server_cpu_ms_per_concurrent_call_second"`
	Cores      float64   `json:"server_cores_in_window"`
	MemPerCall float64   `json:"server_kb_per_call"`
	OwnLate    quantiles `json:"loadgen_send_lateness"`
	Others     float64   `json:"other_processes_cores"`
}

type quantiles struct {
	N   float64 `json:"n"`
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func (q quantiles) spread() spread { return spread{q.N, q.P50, q.P99, q.Max} }

// again is how often something had to be sent twice.
func (r report) again() int { return r.Failed["(retransmissions)"] }

// trouble is what went wrong, retransmissions apart; "" is nothing.
func (r report) trouble() string {
	text := ""
	for what, n := range r.Failed {
		if what != "(retransmissions)" {
			text += fmt.Sprintf(" %s: %d", what, n)
		}
	}
	return text
}

// house is a server whose numbers the driver calls, and the sounds it plays to it.
type house struct {
	*server
	sounds *sounds
	prompt string // file
}

// keyAt is when callers press it, from the answer; it is let go 0.1 s later. For the first 0.7 s kaden takes
// no key, because the answer itself may be one.
const keyAt = "700ms"

// Numbers of our own, and what answers there.
const (
	numberPlays  = "+815010000001" // the prompt, again and again
	numberEnds   = "+815010000002" // the prompt until 1 is pressed: no request to anybody
	numberAsks   = "+815010000003" // the same, with an action that is asked for
	muteForDrive = "-leg-talk=silence"
)

func (b *bench) house(ctx context.Context) (*house, error) {
	h := &house{prompt: filepath.Join(b.dir, "prompt.ul")}
	if err := exec.CommandContext(ctx, b.loadgen, "-make-prompt", h.prompt).Run(); err != nil {
		return nil, fmt.Errorf("loadgen -make-prompt: %w", err)
	}
	prompt, err := os.ReadFile(h.prompt)
	if err != nil {
		return nil, err
	}
	if h.sounds, err = serveSounds(prompt); err != nil {
		return nil, err
	}
	play := fmt.Sprintf("<Play>%s/prompt.wav</Play>", h.sounds.url)
	answers := func(number, twiml string) string {
		return fmt.Sprintf("number: %q\ntwiml: |\n  <Response>%s</Response>", number, twiml)
	}
	h.server, err = b.serve(ctx, b.kaden,
		answers(numberPlays, fmt.Sprintf(`<Play loop="0">%s/prompt.wav</Play>`, h.sounds.url)),
		answers(numberEnds, `<Gather numDigits="9" finishOnKey="1">`+play+`</Gather><Hangup/>`),
		answers(numberAsks, fmt.Sprintf(`<Gather numDigits="1" action="%s/end">%s</Gather>`, h.sounds.url, play)))
	if err != nil {
		h.sounds.close()
		return nil, err
	}
	return h, nil
}

func (h *house) close() {
	h.server.stop()
	h.sounds.close()
}

// drive runs the independent driver once.
func (h *house) drive(ctx context.Context, args ...string) (r report, err error) {
	args = append([]string{"-json", "-server", local(sipPort), "-sip-port", strconv.Itoa(phonePort), "-pid", strconv.Itoa(h.pid())}, args...)
	cmd := exec.CommandContext(ctx, h.b.loadgen, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("loadgen: %w", err)
	}
	return r, json.Unmarshal(out, &r)
}

func called(number string) string { return "sip:" + number + "@" + local(sipPort) }

// repeat drives the same several times.
func (h *house) repeat(ctx context.Context, n int, args ...string) (rs []report, err error) {
	for range n {
		r, err := h.drive(ctx, args...)
		if err != nil {
			return nil, err
		}
		if t := r.trouble(); t != "" {
			return nil, fmt.Errorf("the driver saw%s; kaden said:\n%s", t, h.said())
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// mid is the median of a figure over runs.
func mid(rs []report, f func(report) float64) float64 {
	var vs []float64
	for _, r := range rs {
		vs = append(vs, f(r))
	}
	return median(vs)
}

func midSpread(rs []report, f func(report) quantiles) spread {
	var ss []spread
	for _, r := range rs {
		ss = append(ss, f(r).spread())
	}
	return medianSpread(ss)
}

// orderToInvite orders calls over the REST API, twenty a second.
func orderToInvite(ctx context.Context, b *bench) ([]row, error) {
	h, err := b.house(ctx)
	if err != nil {
		return nil, err
	}
	defer h.close()
	rs, err := h.repeat(ctx, b.runs, "-originate", "twilio", "-orig-addr", h.url(""), "-orig-dest", "sip:{user}@"+local(phonePort),
		"-orig-secret", accountSID+":"+authToken, "-orig-extra", fmt.Sprintf(`<Response><Play loop="0">%s/prompt.wav</Play></Response>`, h.sounds.url),
		"-rate", "20", "-total", "100", "-hold", "500ms", muteForDrive)
	if err != nil {
		return nil, err
	}
	order := midSpread(rs, func(r report) quantiles { return r.Order })
	sound := midSpread(rs, func(r report) quantiles { return r.FirstRTP })
	return []row{
		{what: "order by REST → INVITE, 20/s", goal: fmt.Sprintf("one commit + 1 / + 5 ms = %s / %s ms", num(b.commit.p50+1), num(b.commit.p99+5)),
			measured: order.String(), verdict: order.within(b.commit.p50+1, b.commit.p99+5), runs: times(len(rs))},
		{what: "ordered call: answer → first RTP", goal: "1 / 5 ms", measured: sound.String(), verdict: sound.within(1, 5), runs: times(len(rs))},
	}, nil
}

// playing holds 200 calls that hear a prompt and talk themselves.
func playing(ctx context.Context, b *bench) ([]row, error) {
	const calls = 200
	h, err := b.house(ctx)
	if err != nil {
		return nil, err
	}
	defer h.close()
	time.Sleep(3 * time.Second)
	idle := pss(h.pid())
	rs, err := h.repeat(ctx, b.runs, "-target", called(numberPlays), "-rate", "100", "-conc", strconv.Itoa(calls), "-steady", "11s", "-prompt", h.prompt)
	if err != nil {
		return nil, err
	}
	runs := times(len(rs))
	setup := midSpread(rs, func(r report) quantiles { return r.Setup })
	sound := midSpread(rs, func(r report) quantiles { return r.FirstRTP })
	pace := midSpread(rs, func(r report) quantiles { return r.Pacing })
	clean := mid(rs, func(r report) float64 { return r.Clean })
	loss := mid(rs, func(r report) float64 { return r.Loss })
	whole := mid(rs, func(r report) float64 { return 100 * float64(r.Whole) / float64(max(1, r.Whole+r.Damaged)) })
	work := mid(rs, func(r report) float64 { return r.CPUPerCS })
	cores := mid(rs, func(r report) float64 { return r.Cores })
	others := mid(rs, func(r report) float64 { return r.Others })
	memory := rs[0].MemPerCall // of the first run: later ones begin with memory that is there already
	load := fmt.Sprintf("%s; others %.1f", readHost().load, max(0, others))
	return []row{
		{what: "inbound call: INVITE → 200, 100/s", goal: "0.5 / 2 ms", measured: setup.String(), verdict: setup.within(0.5, 2), runs: runs, load: load},
		{what: "inbound call: answer → first RTP", goal: "1 / 5 ms", measured: sound.String(), verdict: sound.within(1, 5), runs: runs, load: load},
		{what: "200 playing calls, two-way: clean streams (p99 pacing < 5 ms, loss < 0.1 %)", goal: "≥ 95 % of 200",
			measured: fmt.Sprintf("%s %%; pacing %s, loss %s %%, prompt whole in %s %%", num(100*clean), pace, num(loss), num(whole)),
			verdict:  atLeast(100*clean, 95, "%"), runs: runs, load: load},
		{what: "CPU per playing call-second, two-way", goal: "0.30 ms", measured: fmt.Sprintf("%s ms (%s cores)", num(work), num(cores)), verdict: below(work, 0.30, "ms"), runs: runs, load: load},
		{what: "idle server", goal: "40 MB", measured: fmt.Sprintf("%s MB", num(idle/1024)), verdict: below(idle/1024, 40, "MB"), runs: "once", load: load},
		{what: "memory per playing call", goal: "20 kB", measured: fmt.Sprintf("%s kB", num(memory)), verdict: below(memory, 20, "kB"), runs: "first run, 200 calls", load: load},
	}, nil
}

// digitToBye presses a key and waits for the hang-up.
func digitToBye(ctx context.Context, b *bench) ([]row, error) {
	h, err := b.house(ctx)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var rows []row
	for _, way := range []struct{ name, number string }{
		{"no request in between", numberEnds}, {"with a request to the author's server", numberAsks},
	} {
		rs, err := h.repeat(ctx, b.runs, "-target", called(way.number), "-rate", "20", "-total", "60", "-digit", "1", "-digit-at", keyAt, "-talk", "silence")
		if err != nil {
			return nil, err
		}
		s := midSpread(rs, func(r report) quantiles { return r.Digit })
		rows = append(rows, row{what: "end of a digit → BYE, " + way.name, goal: fmt.Sprintf("one commit + 2 ms = %s ms p50", num(b.commit.p50+2)),
			measured: s.String(), verdict: judge(limit{name: "p50", value: s.p50, goal: b.commit.p50 + 2, unit: "ms"}), runs: times(len(rs))})
	}
	return rows, nil
}

// settle is how long memory is given after the last call: SIP transactions are kept for 32 s (RFC 3261,
// timers D, H and J), and only then can their calls be forgotten.
const settle = 60 * time.Second

// shortCalls come in, press a key and are hung up: what one costs, what is left of 10,000, and how many a
// second there may be before something has to be sent twice.
func shortCalls(ctx context.Context, b *bench) ([]row, error) {
	h, err := b.house(ctx)
	if err != nil {
		return nil, err
	}
	defer h.close()
	time.Sleep(3 * time.Second)
	idle := pss(h.pid())
	short := func(rate, total int) []string {
		return []string{"-target", called(numberEnds), "-rate", strconv.Itoa(rate), "-total", strconv.Itoa(total), "-digit", "1", "-digit-at", keyAt, "-talk", "none"}
	}
	rs, err := h.repeat(ctx, b.runs, short(100, 500)...)
	if err != nil {
		return nil, err
	}
	placed := 500 * len(rs)
	work := mid(rs, func(r report) float64 { return r.CPUPerCall })
	rows := []row{{what: "CPU per short inbound call (INVITE, digit, BYE), durable, 100/s", goal: "0.8 ms", measured: num(work) + " ms", verdict: below(work, 0.8, "ms"), runs: times(len(rs))}}
	for placed < 10_000 {
		n := min(2000, 10_000-placed)
		if _, err := h.drive(ctx, short(300, n)...); err != nil {
			return nil, err
		}
		placed += n
	}
	time.Sleep(settle)
	after := pss(h.pid())
	rows = append(rows, row{what: "memory after 10,000 calls", goal: "1.2 × idle", measured: fmt.Sprintf("%s MB, %s × the idle %s MB", num(after/1024), num(after/idle), num(idle/1024)),
		verdict: below(after/idle, 1.2, "×"), runs: fmt.Sprintf("once, %d s later", int(settle.Seconds()))})
	best, end := 0, ""
	for _, rate := range []int{150, 200, 300, 400, 500, 600, 800, 1000, 1200} {
		r, err := h.drive(ctx, short(rate, rate*4)...)
		if err != nil {
			return nil, err
		}
		if r.again() > 0 || r.trouble() != "" {
			end = fmt.Sprintf("; at %d: %d retransmissions%s, INVITE → 200 %s", rate, r.again(), r.trouble(), r.Setup.spread())
			break
		}
		best = rate
	}
	rows = append(rows, row{what: "short calls per second without a retransmission", goal: "1,200", measured: fmt.Sprintf("%d%s", best, end),
		verdict: atLeast(float64(best), 1200, "calls/s"), runs: "steps of 4 s, once"})
	return rows, nil
}

// capacity is how many calls may play at once before the sound suffers.
func capacity(ctx context.Context, b *bench) ([]row, error) {
	h, err := b.house(ctx)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var rows []row
	for _, calls := range []int{500, 1000, 2000} {
		r, err := h.drive(ctx, "-target", called(numberPlays), "-rate", "150", "-conc", strconv.Itoa(calls), "-steady", "8s", "-rtp-count", "2500")
		if err != nil {
			return nil, err
		}
		verdict := ""
		goal := ""
		if calls == 2000 {
			goal, verdict = "≥ 95 % clean", atLeast(100*r.Clean, 95, "%")
		}
		rows = append(rows, row{what: fmt.Sprintf("%d playing calls, two-way", calls), goal: goal,
			measured: fmt.Sprintf("%s %% clean; pacing %s, loss %s %%, %s ms CPU per call-second, %s cores; the driver itself was late by %s%s",
				num(100*r.Clean), r.Pacing.spread(), num(r.Loss), num(r.CPUPerCS), num(r.Cores), r.OwnLate.spread(), r.trouble()),
			verdict: verdict, runs: "once", load: fmt.Sprintf("%s; others %.1f", readHost().load, max(0, r.Others))})
		if r.Clean < 0.5 {
			break // more calls only tell the same
		}
	}
	return rows, nil
}
