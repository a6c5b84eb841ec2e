package rest_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

func TestARecordingIsHeardInAsManyChannelsAsOneWishes(t *testing.T) {
	h, books := furnished(t)
	kept := func(channels ...[]int16) string {
		r := account.Recording{SID: sid.New[sid.Recording](), Account: owner, Call: callID(1), Channels: len(channels), Status: "completed", Created: time.Now(), Updated: time.Now()}
		if err := books.PutRecording(t.Context(), r, media.AppendWAVChannels(nil, channels...)); err != nil {
			t.Fatal(err)
		}
		return base + "/Recordings/" + string(r.SID)
	}
	left, right := []int16{1000, -1000, 32767}, []int16{3000, 1000, 32767}
	dual, mono := kept(left, right), kept(left)
	for path, want := range map[string][]byte{
		dual: media.AppendWAVChannels(nil, left, right), dual + ".wav?RequestedChannels=2": media.AppendWAVChannels(nil, left, right),
		dual + ".wav?RequestedChannels=1": media.AppendWAV(nil, []int16{2000, 0, 32767}), mono + "?RequestedChannels=1": media.AppendWAV(nil, left),
	} {
		if w := h.sound(request("GET", path, nil)); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), want) || w.Header().Get("Content-Type") != "audio/x-wav" {
			t.Errorf("%s: %d %v", path, w.Code, w.Body.Bytes())
		}
	}
	h.get(mono+".wav?RequestedChannels=2").refuses(400, 16113, "RecordingChannels=dual")
	h.get(dual+".wav?RequestedChannels=3").refuses(400, 20001, "RequestedChannels")
	h.get(dual+".mp3").refuses(404, 20404, ".wav is there")
}
