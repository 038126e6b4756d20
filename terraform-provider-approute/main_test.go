package main

import (
	"strings"
	"testing"
)

func TestRunByHandItExplainsItself(t *testing.T) {
	t.Setenv("TF_PLUGIN_MAGIC_COOKIE", "")
	for argument, status := range map[string]int{"": 1, "-help": 0, "-what": 2} {
		var out strings.Builder
		arguments := strings.Fields(argument)
		if code := run(arguments, &out); code != status {
			t.Errorf("%q ends with %d", arguments, code)
		}
		for _, part := range []string{"plugin of Terraform and OpenTofu", `source = "approute/approute"`, "APPROUTE_API_KEY"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%q says nothing of %s: %s", arguments, part, &out)
			}
		}
	}
}
