package main_test

import (
	"os/exec"
	"syscall"
)

// leash lets a process end with the tests, however they end: a kaden that outlived them would go on calling.
func leash(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
