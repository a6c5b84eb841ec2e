package account

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Seal closes secrets before they reach the disk and opens them again: AES-256-GCM under a key that lies
// in the data directory, outside the database, so that a copy of the database alone gives nothing away.
// It is safe for use by many goroutines.
type Seal struct {
	aead   cipher.AEAD
	lookup []byte
}

// ErrNotSealed is answered by Open for bytes that this key did not seal: another installation's, or damaged.
var ErrNotSealed = errors.New("this was not sealed with the key of this data directory; " +
	"if the database was moved or restored, its key file must come along")

const (
	keySize       = 32
	sealedVersion = 1 // first byte of everything sealed
)

// NewSeal makes a Seal from 32 random bytes.
func NewSeal(key []byte) (*Seal, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("a key has %d bytes, this one %d", keySize, len(key))
	}
	// One key, two purposes, so two keys are derived from it.
	encryption, err := hkdf.Key(sha256.New, key, nil, "kaden seal 1", keySize)
	if err != nil {
		return nil, err
	}
	lookup, err := hkdf.Key(sha256.New, key, nil, "kaden lookup 1", keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Seal{aead: aead, lookup: lookup}, nil
}

// Seal closes plain. The same plain text gives other bytes each time.
func (s *Seal) Seal(plain []byte) []byte {
	return s.aead.Seal([]byte{sealedVersion}, nil, plain, nil)
}

// Open gives what Seal closed, or ErrNotSealed.
func (s *Seal) Open(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealedVersion {
		return nil, ErrNotSealed
	}
	plain, err := s.aead.Open(nil, nil, sealed[1:], nil)
	if err != nil {
		return nil, ErrNotSealed
	}
	return plain, nil
}

// Lookup is a keyed hash of a secret (HMAC-SHA-256, 64 hexadecimal digits), by which its row is found
// without opening every other. Without the key file it says nothing about the secret.
func (s *Seal) Lookup(secret string) string {
	mac := hmac.New(sha256.New, s.lookup)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil))
}

// LoadSeal reads the key file at path, and makes one if there is none: 64 hexadecimal digits, readable by
// its owner alone. A file others may read is refused, because a key that leaked protects nothing.
func LoadSeal(path string) (*Seal, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeyFile(path); err != nil {
			if errors.Is(err, syscall.ENOSPC) {
				return nil, fmt.Errorf("make key file: %w; make room on that disk", err)
			}
			return nil, fmt.Errorf("make key file: %w; the data directory must be writable", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, fmt.Errorf("key file %s can be read by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text = bytes.TrimSpace(text)
	key, err := hex.DecodeString(string(text))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("key file %s does not hold %d hexadecimal digits (it has %d characters): restore it from a backup; without it the stored secrets cannot be read",
			path, 2*keySize, len(text))
	}
	return NewSeal(key)
}

// makeKeyFile writes a new key where there is none. The file appears whole or not at all, and of two
// processes that start together one wins.
func makeKeyFile(path string) error {
	key := make([]byte, keySize)
	rand.Read(key) // never fails (crypto/rand, Go 1.24)
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString(hex.EncodeToString(key) + "\n"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	// Link, unlike Rename, does not replace a key that another process has just made.
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// The name must be on the disk before anything is sealed with the key.
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
