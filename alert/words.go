package alert

import "strings"

// ParseSeverity reads the words senders have for how bad something is, in any case. What it does not know
// is Unknown, which is treated like Critical.
func ParseSeverity(s string) Severity {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "critical", "crit", "fatal", "emergency", "emerg", "panic", "disaster", "alert", "page", "p1", "sev1", "緊急", "重大", "致命的":
		return Critical
	case "error", "err", "major", "high", "p2", "sev2", "障害", "エラー":
		return Major
	case "warning", "warn", "minor", "average", "medium", "moderate", "p3", "sev3", "警告", "注意":
		return Warning
	case "info", "information", "informational", "notice", "low", "ok", "normal", "none", "debug", "p4", "p5", "sev4", "情報":
		return Notice
	}
	return Unknown
}

// ParseAction reads the words senders have for what became of a problem, in any case; nothing is a
// Trigger. ok is false for a word it does not know: the sender means something, and a Trigger is the side
// to err on.
func ParseAction(s string) (action Action, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "trigger", "triggered", "firing", "fire", "alerting", "alarm", "open", "opened", "problem", "down", "failed", "failing",
		"critical", "error", "warning", "create", "created", "発生":
		return Trigger, true
	case "ack", "acknowledge", "acknowledged", "acked", "対応中":
		return Ack, true
	case "resolve", "resolved", "ok", "okay", "normal", "up", "close", "closed", "recover", "recovered", "recovery", "clear", "cleared", "inactive", "復旧":
		return Resolve, true
	case "info", "information", "event":
		return Info, true
	case "test", "sample", "テスト":
		return Test, true
	}
	return Trigger, false
}
