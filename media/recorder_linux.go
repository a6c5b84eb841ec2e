package media

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// lay has the kernel lay out the memory of a chunk at once, for half of what it costs page by page while it is filled.
// A kernel before Linux 5.14 refuses, and goes page by page.
func lay(c *[reelChunk]Frame) {
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(c)), unsafe.Sizeof(*c)), unix.MADV_POPULATE_WRITE)
}
