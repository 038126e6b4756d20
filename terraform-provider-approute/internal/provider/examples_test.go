package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// example reads a file below examples. What the documentation shows is applied here.
func example(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "examples"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExamplesAreWhatCanBeApplied(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	resources := s.config(example(t, "resources", "approute_link", "resource.tf") + example(t, "resources", "approute_webhook", "resource.tf"))
	// The test takes down what it has made.
	resources = strings.Replace(resources, "deletion_protection = true", "deletion_protection = false", 1)
	qr, _, _ := strings.Cut(example(t, "data-sources", "approute_qr", "data-source.tf"), `resource "local_file"`)
	sources := example(t, "data-sources", "approute_link", "data-source.tf") + example(t, "data-sources", "approute_links", "data-source.tf") + qr
	password := config.Variables{"press_password": config.StringVariable("correct horse")}
	try(t,
		resource.TestStep{Config: s.config(example(t, "quickstart", "main.tf")), Check: resource.TestMatchOutput("share", regexp.MustCompile(`^http`))},
		resource.TestStep{Config: resources, ConfigVariables: password},
		resource.TestStep{Config: resources + sources, ConfigVariables: password, Check: resource.TestCheckOutput("clicks", "0")},
	)
}
