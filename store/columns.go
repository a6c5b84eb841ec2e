package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// table says how a T is a row: which columns there are and where in the T each belongs. The statements
// of a table are put together once, when the program starts.
type table[T any] struct {
	name    string
	columns []string         // in the order of fields
	fields  func(v *T) []any // pointers, or moment, object or text around one
	all     string           // the columns, as a SELECT wants them
	insert  string           // INSERT of all columns
	upsert  string           // the same, or UPDATE of all columns but the first and those in keep
}

// newTable makes a table whose first column is the unique key. Columns named in keep are not overwritten
// by an upsert.
func newTable[T any](name string, columns string, fields func(v *T) []any, keep ...string) table[T] {
	t := table[T]{name: name, columns: strings.Fields(columns), fields: fields}
	if n := len(fields(new(T))); n != len(t.columns) {
		panic(fmt.Sprintf("store: table %s has %d columns and %d fields", name, len(t.columns), n))
	}
	t.all = strings.Join(t.columns, ", ")
	t.insert = fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", name, t.all, marks(len(t.columns)))
	var sets []string
	for _, c := range t.columns[1:] {
		if !slices.Contains(keep, c) {
			sets = append(sets, c+" = excluded."+c)
		}
	}
	t.upsert = fmt.Sprintf("%s ON CONFLICT (%s) DO UPDATE SET %s", t.insert, t.columns[0], strings.Join(sets, ", "))
	return t
}

// insertMany is INSERT of n rows at once.
func (t table[T]) insertMany(n int) string {
	return t.insert + strings.Repeat(", ("+marks(len(t.columns))+")", n-1)
}

// marks is n question marks with commas.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// moment is a time as whole milliseconds UTC; the zero time is 0.
type moment struct{ t *time.Time }

func (m moment) Value() (driver.Value, error) { return millis(*m.t), nil }

func (m moment) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is kept as milliseconds, not as %T", src)
	}
	if *m.t = (time.Time{}); n != 0 {
		*m.t = time.UnixMilli(n).UTC()
	}
	return nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// object is a value that is kept as JSON text.
type object struct{ v any }

func (o object) Value() (driver.Value, error) {
	b, err := json.Marshal(o.v)
	return string(b), err
}

func (o object) Scan(src any) error {
	switch s := src.(type) {
	case string:
		return json.Unmarshal([]byte(s), o.v)
	case []byte:
		return json.Unmarshal(s, o.v)
	}
	return fmt.Errorf("JSON is kept as text, not as %T", src)
}

// text is a []byte that is kept as text.
type text struct{ b *json.RawMessage }

func (t text) Value() (driver.Value, error) { return string(*t.b), nil }

func (t text) Scan(src any) error {
	switch s := src.(type) {
	case string:
		*t.b = json.RawMessage(s)
	case []byte:
		*t.b = append(json.RawMessage(nil), s...)
	default:
		return fmt.Errorf("text is not kept as %T", src)
	}
	return nil
}

// plain turns what a statement is given (values, or pointers to them) into the few types that both
// drivers know. Text is cleaned on the way: PostgreSQL refuses NUL and broken UTF-8, and a stranger's
// byte must not be able to keep an alert from being stored.
func plain(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case string:
			out[i] = clean(v)
		case *string:
			out[i] = clean(*v)
		case int64, bool, nil:
			out[i] = v
		case []byte:
			out[i] = blob(v)
		case int:
			out[i] = int64(v)
		case *int64:
			out[i] = *v
		case *bool:
			out[i] = *v
		case *[]byte:
			out[i] = blob(*v)
		case driver.Valuer:
			value, err := v.Value()
			if err != nil {
				return nil, err
			}
			if s, ok := value.(string); ok {
				value = clean(s)
			}
			out[i] = value
		default:
			value, err := named(v)
			if err != nil {
				return nil, err
			}
			out[i] = value
		}
	}
	return out, nil
}

// blob makes no bytes NULL, which is what both databases give back for them.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// named is plain for types of our own, such as sid.Call, and pointers to them.
func named(a any) (any, error) {
	v := reflect.Indirect(reflect.ValueOf(a))
	switch v.Kind() {
	case reflect.String:
		return clean(v.String()), nil
	case reflect.Int, reflect.Int64:
		return v.Int(), nil
	}
	return nil, fmt.Errorf("a %T cannot be kept", a)
}

func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return s
}
