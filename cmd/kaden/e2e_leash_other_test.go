//go:build !linux

package main_test

import "os/exec"

// leash is Linux's alone; elsewhere a process outlives tests that were killed.
func leash(*exec.Cmd) {}

func leashGroup(*exec.Cmd) {}

func endGroup(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}
