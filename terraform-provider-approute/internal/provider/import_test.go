package provider_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/approute/approute-go"
)

func TestImports(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ids := map[string]func(approute.Link) string{
		"id":          func(link approute.Link) string { return link.ID },
		"slug":        func(approute.Link) string { return "slug:nora-lind" },
		"domain":      func(link approute.Link) string { return "slug:" + link.Domain + "/Nora-Lind" },
		"external id": func(approute.Link) string { return "external_id:creator:1042" },
	}
	steps := []resource.TestStep{{Config: s.config(everything)}}
	for _, name := range []string{"id", "slug", "domain", "external id"} {
		id := func(*terraform.State) (string, error) { return ids[name](s.link()), nil }
		steps = append(steps,
			resource.TestStep{Config: s.config(everything), ResourceName: nora, ImportState: true, ImportStateIdFunc: id, ImportStateVerify: true,
				// The same instant, as the API writes it.
				ImportStateVerifyIgnore: []string{"starts_at"}},
			// The import block's plan has to be empty but for the import.
			resource.TestStep{Config: s.config(everything), ResourceName: nora, ImportState: true, ImportStateIdFunc: id,
				ImportStateKind: resource.ImportBlockWithID},
		)
	}
	for id, message := range map[string]string{
		"nora-lind":                          `(?s)names no link.*slug:<slug>`,
		"slug:":                              `names no link`,
		"slug:nobody":                        `There is no such link`,
		"slug:elsewhere.example/nora-lind":   `There is no such link`,
		"external_id:nobody":                 `There is no such link`,
		"lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC":     `There is no such link`,
		"whk_01JD7Z3V8M6Q4W2K9T5R1X0YBC":     `names no link`,
		"slug:https://elsewhere.example/a/b": `names no link`,
	} {
		steps = append(steps, resource.TestStep{Config: s.config(everything), ResourceName: nora, ImportState: true, ImportStateId: id,
			ExpectError: regexp.MustCompile(message)})
	}
	try(t, steps...)
}

func TestAnImportedLinkHasAnEmptyPlan(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	// Made elsewhere, with as little as possible.
	made, err := s.client.Links.Create(context.Background(), approute.LinkCreateParams{URL: "https://example.com/", Slug: approute.Set("nora")})
	if err != nil {
		t.Fatal(err)
	}
	try(t, resource.TestStep{
		Config: s.config("import {\n  to = approute_link.nora\n  id = \"slug:nora\"\n}\n" +
			"resource \"approute_link\" \"nora\" {\n  slug = \"nora\"\n  url = \"https://example.com/\"\n}\n"),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(nora, plancheck.ResourceActionNoop)}},
		Check: func(*terraform.State) error {
			if link := s.link(); link.ID != made.ID || link.Version != 1 {
				return fmt.Errorf("there is %+v", link)
			}
			return nil
		},
	})
}

func TestTheSameSlugOnSeveralDomains(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "approute.db")
	s := startServer(t, "--database", database)
	list, err := exec.Command(serverBinary(t), "workspace", "list", "--database", database).Output()
	if err != nil {
		t.Fatal(err)
	}
	workspace := regexp.MustCompile(`wsp_\w+`).FindString(string(list))
	if output, err := exec.Command(serverBinary(t), "domains", "add", "go.example.com", "--workspace", workspace, "--database", database).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	config := s.config(`
resource "approute_link" "nora" {
  slug = "nora"
  url  = "https://example.com/"
}
resource "approute_link" "other" {
  domain = "go.example.com"
  slug   = "nora"
  url    = "https://example.com/other"
}`)
	lookup := func(lines string) string {
		return config + "\ndata \"approute_link\" \"found\" {\n  depends_on = [approute_link.nora, approute_link.other]\n  slug = \"NORA\"\n" + lines + "}\n"
	}
	try(t,
		resource.TestStep{Config: config},
		resource.TestStep{Config: config, ResourceName: "approute_link.other", ImportState: true, ImportStateVerify: true,
			ImportStateId: "slug:go.example.com/nora"},
		resource.TestStep{Config: config, ResourceName: "approute_link.other", ImportState: true, ImportStateId: "slug:nora",
			ExpectError: regexp.MustCompile(`(?s)Several domains have this slug.*slug:go\.example\.com/nora`)},
		resource.TestStep{Config: lookup(""), ExpectError: regexp.MustCompile(`(?s)not unique.*go\.example\.com`)},
		resource.TestStep{Config: lookup("  domain = \"go.example.com\"\n"),
			Check: resource.TestCheckResourceAttr("data.approute_link.found", "url", "https://example.com/other")},
	)
}

func TestADeletedLinkIsNotImported(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	made, err := s.client.Links.Create(context.Background(), approute.LinkCreateParams{URL: "https://example.com/", Slug: approute.Set("nora")})
	if err != nil {
		t.Fatal(err)
	}
	s.remove(made.ID)
	config := s.config("resource \"approute_link\" \"nora\" {\n  slug = \"nora\"\n  url = \"https://example.com/\"\n}\n")
	try(t,
		resource.TestStep{Config: config, ResourceName: nora, ImportState: true, ImportStateId: made.ID, ExpectError: regexp.MustCompile(`The link is deleted`)},
		resource.TestStep{Config: config, ResourceName: nora, ImportState: true, ImportStateId: "slug:nora", ExpectError: regexp.MustCompile(`There is no such link`)},
	)
}
