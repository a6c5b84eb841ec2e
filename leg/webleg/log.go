package webleg

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs hands pion's words to slog, all of them as details: what a person at the telephone would notice is said
// by the leg itself.
type logs struct{ to *slog.Logger }

func (l logs) NewLogger(scope string) logging.LeveledLogger { return logger{l.to.With("pion", scope)} }

type logger struct{ to *slog.Logger }

func (l logger) Trace(string)          {}
func (l logger) Tracef(string, ...any) {}
func (l logger) Debug(string)          {}
func (l logger) Debugf(string, ...any) {}
func (l logger) Info(string)           {}
func (l logger) Infof(string, ...any)  {}
func (l logger) Warn(s string)         { l.to.Debug(s) }
func (l logger) Warnf(f string, v ...any) {
	l.to.Debug(fmt.Sprintf(f, v...))
}
func (l logger) Error(s string) { l.to.Warn(s) }
func (l logger) Errorf(f string, v ...any) {
	l.to.Warn(fmt.Sprintf(f, v...))
}
