package media

import "syscall"

// readSocket reads a non-blocking socket once; false when there is nothing to read.
func readSocket(fd int, b []byte) (int, bool) {
	n, err := syscall.Read(fd, b)
	return n, err == nil
}
