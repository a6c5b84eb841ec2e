//go:build !linux

package media

// lay does nothing here: memory comes page by page.
func lay(*[reelChunk]Frame) {}
