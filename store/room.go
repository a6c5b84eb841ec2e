package store

import (
	"fmt"
	"syscall"
)

// reserve is what is kept for call-outs that are under way: their last states, and the log of commits. A disk
// that has less takes no new alerts, so that the people who are on the telephone are not the ones who suffer.
const reserve = 32 << 20

// startRoom is what opening the database needs at least.
const startRoom = 1 << 20

func freeBytes(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// tight says of what went wrong while opening the database that the disk is full, where it is.
func tight(free func(dir string) (uint64, error), dir string, err error) error {
	if left, asked := free(dir); asked == nil && left < startRoom {
		return fmt.Errorf("the disk is full, %d kB are left: make room there and start again (%w)", left>>10, err)
	}
	return err
}

// room asks the disk. One that cannot be asked is not full.
func (e *sqlite) room() error {
	if free, err := e.free(e.dir); err == nil && free < reserve {
		return fmt.Errorf("the disk of %s is full: %d MB are left, and below %d MB no new alerts are taken (make room there; calls under way go on)",
			e.dir, free>>20, reserve>>20)
	}
	return nil
}
