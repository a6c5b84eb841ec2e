package sipleg

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// sdpPart finds SDP in a body. Carriers send it beside ISUP as multipart/mixed (RFC 3204, RFC 5621).
func sdpPart(contentType string, body []byte) []byte {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(strings.ToLower(contentType), ";")
		kind = strings.TrimSpace(kind)
	}
	switch {
	case kind == "application/sdp":
		return body
	case !strings.HasPrefix(kind, "multipart/"):
		return nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range 8 {
		p, err := parts.NextRawPart()
		if err != nil {
			return nil
		}
		if kind, _, _ := strings.Cut(strings.ToLower(p.Header.Get("Content-Type")), ";"); strings.TrimSpace(kind) == "application/sdp" {
			sdp, _ := io.ReadAll(io.LimitReader(p, maxMessage))
			return sdp
		}
	}
	return nil
}
