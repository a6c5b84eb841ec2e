package rest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Checked are the operations whose answers were held against Twilio's own description of the API: POST /2010-04-01/….
var Checked sync.Map

// TestMain looks after all tests, where all were run: each operation that is here was held against that description.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && all() {
		twilios, err := readOperations()
		for path, item := range twilios {
			for method := range item {
				name := strings.ToUpper(method) + " " + path
				if _, checked := Checked.Load(name); !checked && route(instance(path)).methods[strings.ToUpper(method)] != nil {
					fmt.Println(name + " is here, and no test holds its answer against Twilio's document (contract.exchange)")
					code = 1
				}
			}
		}
		if err != nil && !os.IsNotExist(err) {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

// all tells whether no test was left out.
func all() bool {
	return !slices.ContainsFunc([]string{"run", "skip", "list", "fuzz", "bench"}, func(name string) bool {
		return flag.Lookup("test."+name).Value.String() != ""
	})
}
