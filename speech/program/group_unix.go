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
