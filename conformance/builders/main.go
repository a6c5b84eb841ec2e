// The program builders writes documents with twilio-go's own builder, as builders.mjs does with that for Node. Each
// line of standard input is a document as a tree; each line of the answer is what the builder made of it, as a JSON
// string, or null where the builder has no element for something in it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"

	"github.com/twilio/twilio-go/twiml"
)

// kinds are the builder's elements by name. Those of SSML, and SIPREC, are not among them: twilio-go writes their names
// with other capitals than Twilio reads (Break, SayAs, SipRec).
var kinds = map[string]twiml.Element{}

func init() {
	for _, e := range []twiml.Element{
		twiml.VoiceApplication{}, twiml.VoiceApplicationSid{}, twiml.VoiceClient{}, twiml.VoiceConference{}, twiml.VoiceDial{}, twiml.VoiceEnqueue{},
		twiml.VoiceGather{}, twiml.VoiceHangup{}, twiml.VoiceHeader{}, twiml.VoiceHeaders{}, twiml.VoiceIdentity{}, twiml.VoiceLeave{}, twiml.VoiceNumber{},
		twiml.VoiceParameter{}, twiml.VoicePause{}, twiml.VoicePlay{}, twiml.VoiceQueue{}, twiml.VoiceRecord{}, twiml.VoiceRecording{}, twiml.VoiceRedirect{}, twiml.VoiceRefer{},
		twiml.VoiceReject{}, twiml.VoiceSay{}, twiml.VoiceSip{}, twiml.VoiceSms{}, twiml.VoiceStart{}, twiml.VoiceUri{},
		twiml.VoiceConnect{}, twiml.VoiceStop{}, twiml.VoiceStream{},
	} {
		kinds[e.GetName()] = e
	}
}

type tree struct {
	Tag   string            `json:"tag"`
	Attrs map[string]string `json:"attrs"`
	Text  string            `json:"text"`
	Kids  []tree            `json:"kids"`
}

// build fills the fields of the builder's own type. Its text is in the field that GetText gives back.
func build(t tree) (twiml.Element, error) {
	kind, ok := kinds[t.Tag]
	if !ok {
		return nil, fmt.Errorf("twilio-go has no <%s>", t.Tag)
	}
	v := reflect.New(reflect.TypeOf(kind)).Elem()
	more := map[string]string{}
	for name, value := range t.Attrs {
		if f := v.FieldByName(strings.ToUpper(name[:1]) + name[1:]); f.IsValid() && f.Kind() == reflect.String {
			f.SetString(value)
		} else {
			more[name] = value
		}
	}
	v.FieldByName("OptionalAttributes").Set(reflect.ValueOf(more))
	for i := range v.NumField() {
		f := v.Field(i)
		if t.Text == "" || f.Kind() != reflect.String || f.String() != "" {
			continue
		}
		f.SetString(t.Text)
		if v.Interface().(twiml.Element).GetText() == t.Text {
			break
		}
		f.SetString("")
	}
	var kids []twiml.Element
	for _, k := range t.Kids {
		kid, err := build(k)
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
	}
	v.FieldByName("InnerElements").Set(reflect.ValueOf(kids))
	return v.Interface().(twiml.Element), nil
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var t tree
		if err := json.Unmarshal(in.Bytes(), &t); err != nil {
			log.Fatal(err)
		}
		var verbs []twiml.Element
		var doc any
		for _, k := range t.Kids {
			verb, err := build(k)
			if err != nil {
				log.Print(err)
				verbs = nil
				break
			}
			verbs = append(verbs, verb)
		}
		if verbs != nil {
			text, err := twiml.Voice(verbs)
			if err != nil {
				log.Fatal(err)
			}
			doc = text
		}
		if err := out.Encode(doc); err != nil {
			log.Fatal(err)
		}
	}
}
