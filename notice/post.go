package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Signature is the header with which a receiver can tell that kaden sent the request: t=<seconds since
// 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>" with the notice's secret>. It is the form that Stripe's
// receivers check, so libraries for it exist.
const Signature = "Kaden-Signature"

// Sign makes the value of [Signature].
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

func (s *Sender) post(ctx context.Context, n Notice, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	header := http.Header{"Idempotency-Key": {m.ID}}
	if n.Secret != "" {
		header.Set(Signature, Sign(n.Secret, time.Now(), body))
	}
	return s.request(ctx, n.URL, header, body)
}

func (s *Sender) chat(ctx context.Context, n Notice, m Message) error {
	body, err := json.Marshal(map[string]string{"text": m.lines()})
	if err != nil {
		return err
	}
	return s.request(ctx, n.Chat, http.Header{}, body)
}

func (s *Sender) request(ctx context.Context, url string, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "kaden")
	req.Header = header
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // the beginning says why; the status alone is enough
	switch {
	case resp.StatusCode < 300:
		return nil
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return fmt.Errorf("%s answers %s: %.200q", req.URL.Host, resp.Status, text)
	}
	return fmt.Errorf("%w: %s answers %s: %.200q", ErrRefused, req.URL.Host, resp.Status, text)
}
