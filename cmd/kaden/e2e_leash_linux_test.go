package main_test

import (
	"os/exec"
	"syscall"
)

// leash lets a process end with the tests, however they end: a kaden that outlived them would go on calling.
func leash(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// leashGroup is leash for a process that has children, which it ends when it is asked to.
func leashGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// endGroup ends such a process with all its children.
func endGroup(cmd *exec.Cmd) {
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	cmd.Wait()
}
