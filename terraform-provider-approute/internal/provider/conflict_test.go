package provider_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/approute/approute-go"
)

// lost is a create that is carried out and whose answer is lost, as when the apply is killed at that moment.
const lost = `{"operation": "links.create", "applied": true, "reset": true, "times": %d}`

func TestAnInterruptedApplyLeavesNoDuplicate(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"slug": `slug = "nora-${count.index}"`,
		// Its slug is drawn by the server.
		"external id": `external_id = "creator:${count.index}"`,
		"with a password": `
			slug                = "nora-${count.index}"
			password_wo         = "correct horse"
			password_wo_version = 1`,
		"with everything": `
			slug = "nora-${count.index}"
			url  = "https://example.com/"
			tags = ["b", "a"]
			utm  = { source = "x" }
			targets = { ios = { app_store_id = "1" } }
			starts_at = "2026-01-01T01:00:00+01:00"
			click_thresholds = [2, 1]`,
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			if name != "with everything" {
				body += "\n  url = \"https://example.com/\""
			}
			config := "resource \"approute_link\" \"nora\" {\n  count = 3\n  " + body + "\n}\n"
			ids := map[string]bool{}
			try(t,
				resource.TestStep{
					PreConfig:   func() { s.fault(fmt.Sprintf(lost, 2)) },
					Config:      s.provider("max_retries = 0") + config,
					ExpectError: regexp.MustCompile(`(?s)The link was not created.*not known.*nothing is\s+made\s+twice`),
				},
				resource.TestStep{
					PreConfig: func() {
						for _, link := range s.links() {
							ids[link.ID] = true
						}
						if len(ids) != 3 {
							t.Fatalf("%d links were made", len(ids))
						}
					},
					Config: s.config(config),
					Check: func(*terraform.State) error {
						for _, link := range s.links() {
							if !ids[link.ID] {
								return fmt.Errorf("%s was made twice", link.ShortURL)
							}
						}
						return nil
					},
				},
			)
		})
	}
}

func TestRetriesUnderOneKeyMakeNothingTwice(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.fault(fmt.Sprintf(lost, 1))
	try(t, resource.TestStep{
		Config: s.config(everything),
		Check:  func(*terraform.State) error { s.link(); return nil },
	})
}

func TestALinkThatDiffersHasToBeImported(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	made, err := s.client.Links.Create(context.Background(), approute.LinkCreateParams{
		URL: "https://example.com/", Slug: approute.Set("nora"), ExternalID: approute.Set("creator:1"), Title: approute.Set("By hand"),
	})
	if err != nil {
		t.Fatal(err)
	}
	message := func(name string) *regexp.Regexp {
		return regexp.MustCompile(`(?s)The link exists already.*The ` + name + ` belongs\s+to\s+` + made.ID + `.*differs in:.*terraform import 'ADDRESS' ` + made.ID)
	}
	with := func(lines string) string {
		return s.config("resource \"approute_link\" \"nora\" {\n  url = \"https://example.com/\"\n  " + lines + "\n}\n")
	}
	try(t,
		resource.TestStep{Config: with(`slug = "nora"`), ExpectError: message(`slug "nora"`)},
		resource.TestStep{Config: with(`external_id = "creator:1"`), ExpectError: message(`external id "creator:1"`)},
		resource.TestStep{Config: with(`slug = "other"` + "\n" + `external_id = "creator:1"`), ExpectError: message(`external id "creator:1"`)},
		// What the message says, done.
		resource.TestStep{
			Config: "import {\n  to = approute_link.nora\n  id = \"" + made.ID + "\"\n}\n" + with(`slug = "nora"`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(nora, plancheck.ResourceActionUpdate),
			}},
			Check: func(*terraform.State) error {
				if link := s.link(); link.ID != made.ID || link.Title.IsSet() || link.ExternalID.IsSet() {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
	)
}

func TestTwoResourcesAreNotOneLink(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	try(t, resource.TestStep{
		Config: s.config(`
resource "approute_link" "nora" {
  count = 2
  slug  = "nora"
  url   = "https://example.com/"
}`),
		ExpectError: regexp.MustCompile(`Two resources describe the same link`),
	})
}

func TestADeletedLinkThatCannotBeWhatIsWantedStaysDeleted(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ctx := context.Background()
	deleted, err := s.client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://example.com/", Slug: approute.Set("nora")})
	if err != nil {
		t.Fatal(err)
	}
	s.remove(deleted.ID)
	if _, err := s.client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://example.com/", ExternalID: approute.Set("creator:1")}); err != nil {
		t.Fatal(err)
	}
	try(t, resource.TestStep{
		Config:      s.config("resource \"approute_link\" \"nora\" {\n  slug = \"nora\"\n  external_id = \"creator:1\"\n  url = \"https://example.com/\"\n}\n"),
		ExpectError: regexp.MustCompile(`cannot be made\s+what it should be`),
	})
	if link := s.link(); link.ID == deleted.ID {
		t.Error("the deleted link is alive again")
	}
}

func TestAnExternalIDIsTakenFromADeletedLinkOnly(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ctx := context.Background()
	with := func(externalID string) string {
		return s.config("resource \"approute_link\" \"nora\" {\n  slug = \"nora\"\n  url = \"https://example.com/\"\n  external_id = \"" + externalID + "\"\n}\n")
	}
	var other *approute.LinkResponse
	try(t,
		resource.TestStep{Config: with("creator:1")},
		resource.TestStep{
			PreConfig: func() {
				var err error
				if other, err = s.client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://example.com/", ExternalID: approute.Set("creator:2")}); err != nil {
					t.Fatal(err)
				}
			},
			Config:      with("creator:2"),
			ExpectError: regexp.MustCompile(`(?s)The link cannot be changed.*external_id = .*belongs\s+to\s+another\s+link`),
		},
		resource.TestStep{
			PreConfig: func() { s.remove(other.ID) },
			Config:    with("creator:2"),
			Check: func(*terraform.State) error {
				if link := s.link(); link.Slug != "nora" || link.ExternalID.Or("") != "creator:2" {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
	)
}
