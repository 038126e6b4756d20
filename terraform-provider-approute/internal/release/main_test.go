package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The licences are read from the modules themselves, and THIRD_PARTY_NOTICES.md names each under the MPL-2.0.
func TestEveryModuleUnderTheMPLIsNamed(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	notices, err := notices(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "THIRD_PARTY_NOTICES.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, entry := range strings.Split(string(notices), strings.Repeat("=", 100))[1:] {
		name, text, _ := strings.Cut(strings.TrimSpace(entry), " ")
		if !regexp.MustCompile(`(?i)mozilla public license`).MatchString(text) {
			continue
		}
		found++
		if short := strings.TrimPrefix(path.Base(name), "terraform-plugin-"); !strings.Contains(string(page), short) {
			t.Errorf("THIRD_PARTY_NOTICES.md does not name %s", name)
		}
	}
	if found < 5 {
		t.Errorf("only %d modules under the MPL were found", found)
	}
}
