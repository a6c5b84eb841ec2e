package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// host is what the kernel says about the whole machine at one moment.
type host struct {
	at         time.Time
	load       string // of the last minute
	busy, ours float64
}

func readHost() host {
	h := host{at: time.Now()}
	b, _ := os.ReadFile("/proc/loadavg")
	h.load, _, _ = strings.Cut(string(b), " ")
	b, _ = os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(first) {
		if i >= 1 && i <= 8 && i != 4 && i != 5 { // not idle, not waiting for the disk
			v, _ := strconv.ParseFloat(f, 64)
			h.busy += v / 100
		}
	}
	// Children that have ended, and this process. A server that still runs counts among the others only if
	// it lives longer than the measurement, which none does.
	if f := statFields(os.Getpid()); f != nil {
		for _, i := range []int{11, 12, 13, 14} {
			v, _ := strconv.ParseFloat(f[i], 64)
			h.ours += v / 100
		}
	}
	return h
}

// until says how loaded the machine was, and how many cores others used, the bench and its servers apart.
func (h host) until(end host) string {
	secs := end.at.Sub(h.at).Seconds()
	others := max(0, (end.busy-h.busy-(end.ours-h.ours))/secs)
	return fmt.Sprintf("%s; others %.1f", end.load, others)
}

// statFields are those of /proc/PID/stat after the command's name; nil if there is no such process.
func statFields(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+2:]))
}

// cpu is the processor time of a process so far: the exact sum of user and system.
func cpu(pid int) time.Duration {
	f := statFields(pid)
	if f == nil {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// work is the processor time of a process and of those it started that have ended.
func work(pid int) time.Duration {
	f := statFields(pid)
	if f == nil {
		return 0
	}
	ended := time.Duration(0)
	for _, i := range []int{13, 14} {
		v, _ := strconv.ParseInt(f[i], 10, 64)
		ended += time.Duration(v) * 10 * time.Millisecond
	}
	return cpu(pid) + ended
}

// pss is the memory of a process in kB, pages it shares with others counted in part.
func pss(pid int) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			v, _ := strconv.ParseFloat(f[1], 64)
			return v
		}
	}
	return 0
}

// header names the machine and how the measurement was made.
func header(b *bench, driver string) string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	cores := 0
	if stat, err := os.ReadFile("/proc/stat"); err == nil {
		for line := range strings.Lines(string(stat)) {
			if strings.HasPrefix(line, "cpu") && !strings.HasPrefix(line, "cpu ") {
				cores++
			}
		}
	}
	memory := 0
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		if f := strings.Fields(string(info)); len(f) > 1 {
			memory, _ = strconv.Atoi(f[1])
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	split := "server and driver on any core"
	if b.core != "" {
		split = fmt.Sprintf("server on core %s, driver and everything else of the bench on core %s", b.core, driver)
	}
	if f := statFields(os.Getpid()); f != nil && f[16] != "0" {
		split += ", with priority " + f[16] + " before other programs (nice)"
	}
	return fmt.Sprintf("%s, on a machine of %d cores (%s) with %d GB, Linux %s, %s: %s; load average %s at the start. Command: `dev/bench`.",
		time.Now().Format("2006-01-02"), cores, model, memory>>20, strings.TrimSpace(string(kernel)), runtime.Version(), split, readHost().load)
}
