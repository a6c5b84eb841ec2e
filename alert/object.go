package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Object is a JSON object of a stranger, read tolerantly: numbers may come as strings and strings as
// numbers, fields may be missing or null. The nil Object has no fields.
type Object map[string]any

// ReadJSON reads one JSON value, with or without a byte order mark. Numbers keep their digits.
func ReadJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more after the JSON value")
	}
	return v, nil
}

// ReadObject reads a body that is one JSON object.
func ReadObject(raw []byte) (Object, error) {
	v, err := ReadJSON(raw)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	return o, nil
}

// Text is the first of keys that holds a word, a number or a truth value, as it was written; else "".
func (o Object) Text(keys ...string) string {
	for _, k := range keys {
		if s := text(o[k]); s != "" {
			return s
		}
	}
	return ""
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// Object is the object under key, or nil.
func (o Object) Object(key string) Object {
	inner, _ := o[key].(map[string]any)
	return inner
}

// List is the list under key; one value that is no list counts as a list of one.
func (o Object) List(key string) []any {
	switch v := o[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// Bool is a truth value, also as "true" or 1; ok is false where there is none.
func (o Object) Bool(key string) (value, ok bool) {
	switch strings.ToLower(text(o[key])) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// Number is a number, also as a string.
func (o Object) Number(key string) (value float64, ok bool) {
	v, err := strconv.ParseFloat(text(o[key]), 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

// Time is the first of keys that holds a moment: RFC 3339, or seconds or milliseconds since 1970, told
// apart by their size. It is UTC, or zero.
func (o Object) Time(keys ...string) time.Time {
	for _, k := range keys {
		if t, err := time.Parse(time.RFC3339, text(o[k])); err == nil {
			return moment(t)
		}
		v, ok := o.Number(k)
		if !ok || v <= 0 {
			continue
		}
		if v < 1e11 { // in milliseconds that would be 1973
			v *= 1000
		}
		if v < 1e15 {
			return moment(time.UnixMilli(int64(v)))
		}
	}
	return time.Time{}
}

// moment keeps moments a sender can have meant. JSON cannot write years of five digits.
func moment(t time.Time) time.Time {
	if y := t.UTC().Year(); y < 1970 || y > 2999 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
