package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// maxRecording bounds a recording that is brought home: eight minutes at 8 kHz.
const maxRecording = 8 << 20

// ErrNotReady says that the platform does not have the recording, or not yet: it takes a moment after the recording.
var ErrNotReady = errors.New("the platform does not have the recording yet")

// Recording brings home what a platform has recorded, by its own name for it: the bytes of its WAV file. The address
// is made of the upstream's document alone, so that the account's secret goes nowhere else.
func (c *Client) Recording(ctx context.Context, name, id string) ([]byte, error) {
	u, where, err := c.recordingAt(name, id)
	if err != nil {
		return nil, err
	}
	resp, err := c.load(ctx, u, where+".wav", true)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 3 { // to wherever the platform keeps its files; the secret does not go along
		next, err := resp.Location()
		resp.Body.Close()
		if err != nil || next.Scheme != "https" && next.Scheme != resp.Request.URL.Scheme {
			return nil, fmt.Errorf("%s sends us on to an address that is no good", name)
		}
		if resp, err = c.load(ctx, u, next.String(), false); err != nil {
			return nil, err
		}
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusAccepted, resp.StatusCode == http.StatusNoContent:
		return nil, ErrNotReady
	case resp.StatusCode != http.StatusOK:
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply))
		return nil, errors.New(words(refused(resp, text)))
	}
	wav, err := io.ReadAll(io.LimitReader(resp.Body, maxRecording+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the recording broke off: %w", err)
	case len(wav) > maxRecording:
		return nil, fmt.Errorf("the recording is longer than %d bytes", maxRecording)
	}
	return wav, nil
}

// load asks for a file. The request lasts as long as ctx.
func (c *Client) load(ctx context.Context, u trunk.Upstream, where string, secret bool) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	if secret {
		q.SetBasicAuth(u.Account, u.Token)
	}
	resp, err := c.http.Do(q)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, err
	}
	return resp, nil
}

// ForgetRecording deletes a recording at the platform, if the upstream's document says so. One that is gone is
// forgotten.
func (c *Client) ForgetRecording(ctx context.Context, name, id string) error {
	u, _, err := c.recordingAt(name, id)
	if err != nil || !u.DeleteRecordings {
		return err
	}
	var no *refusal
	err = c.ask(ctx, u, http.MethodDelete, "/Recordings/"+id+".json", nil, nil)
	if errors.As(err, &no) && no.code == 20404 {
		return nil
	}
	return err
}

func (c *Client) recordingAt(name, id string) (u trunk.Upstream, where string, err error) {
	if u, err = c.find(name); err != nil {
		return u, "", err
	}
	if _, err := sid.Parse[sid.Recording](id); err != nil {
		return u, "", fmt.Errorf("%q is no recording", clip(id))
	}
	return u, u.URL + "/2010-04-01/Accounts/" + u.Account + "/Recordings/" + id, nil
}
