//go:build unix

package program

import (
	"os/exec"
	"syscall"
)

// ownGroup makes cmd the head of a process group and has the whole group killed with it: an engine may be
// a shell script that starts the real one.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// modest is how far an engine stands back: the words of the next call must not make those under way stutter.
const modest = 5

// standBack lowers the priority of a program that runs, with all that it starts. It is no harm if the
// system does not allow it.
func standBack(cmd *exec.Cmd) { _ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, modest) }
