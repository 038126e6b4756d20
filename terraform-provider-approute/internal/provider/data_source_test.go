package provider_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/approute/approute-go"
)

func TestLinkIsFoundByEachOfItsNames(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	config := s.config(everything + `
data "approute_link" "by_id" { id = approute_link.nora.id }
data "approute_link" "by_slug" { slug = lower(approute_link.nora.slug) }
data "approute_link" "by_external_id" { external_id = approute_link.nora.external_id }
`)
	var checks []resource.TestCheckFunc
	for _, name := range []string{"by_id", "by_slug", "by_external_id"} {
		found := "data.approute_link." + name
		for _, attribute := range []string{
			"id", "url", "short_url", "external_id", "title", "tags.#", "targets.ios.app_store_id", "geo.DE", "variants.0.weight", "utm.source",
			"password_policy.max_failures", "click_thresholds.#", "expires_at",
		} {
			checks = append(checks, resource.TestCheckResourceAttrPair(found, attribute, nora, attribute))
		}
		checks = append(checks,
			resource.TestCheckResourceAttr(found, "status", "active"),
			resource.TestCheckResourceAttr(found, "click_count", "0"),
			resource.TestCheckResourceAttr(found, "version", "1"),
			resource.TestCheckResourceAttr(found, "starts_at", "2026-01-01T00:00:00Z"),
		)
	}
	missing := func(lookup string) string { return s.config("data \"approute_link\" \"x\" {\n" + lookup + "\n}\n") }
	try(t,
		resource.TestStep{Config: missing(`slug = "nobody"`), ExpectError: regexp.MustCompile(`(?s)There is no such link.*slug "nobody"`)},
		resource.TestStep{Config: missing(`id = "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC"`), ExpectError: regexp.MustCompile(`There is no such link`)},
		resource.TestStep{Config: missing(`external_id = "nobody"`), ExpectError: regexp.MustCompile(`There is no such link`)},
		resource.TestStep{Config: missing(``), ExpectError: regexp.MustCompile(`Exactly one of these attributes must be configured`)},
		resource.TestStep{Config: missing("slug = \"a\"\nid = \"b\""), ExpectError: regexp.MustCompile(`Exactly one of these attributes must be configured`)},
		resource.TestStep{Config: config, Check: resource.ComposeTestCheckFunc(checks...)},
	)
}

func TestLinksAreFiltered(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ctx := context.Background()
	var params []approute.LinkCreateParams
	for number := range 120 {
		link := approute.LinkCreateParams{
			URL: "https://example.com/", ProgramID: approute.Set("autumn"), SubID: approute.Set(fmt.Sprintf("sub-%d", number)),
			ExternalID: approute.Set(fmt.Sprintf("creator:%d", number)), Tags: []string{"all"},
		}
		if number%2 == 0 {
			link.Tags = append(link.Tags, "even")
		}
		if number < 3 {
			link.Archived, link.ProgramID = approute.Set(true), approute.Set("winter")
		}
		params = append(params, link)
	}
	made, err := s.client.Links.Batch(ctx, approute.LinkBatchParams{Create: params, Atomic: approute.Set(true)})
	if err != nil {
		t.Fatal(err)
	}
	s.remove(made.Create[119].Link.ID)
	config, number := s.config(""), 0
	var checks []resource.TestCheckFunc
	for filter, count := range map[string]int{
		"":                                              119,
		"tags = [\"all\", \"even\"]":                    60,
		"program_id = \"winter\"":                       3,
		"status = \"archived\"":                         3,
		"status = \"deleted\"":                          1,
		"external_id = \"creator:7\"":                   1,
		"sub_id = \"sub-8\"":                            1,
		"q = \"REATOR:11\"":                             10,
		"created_before = \"2020-01-01T00:00:00Z\"":     0,
		"created_after = \"2020-01-01T00:00:00+01:00\"": 119,
		"domain = \"elsewhere.example\"":                0,
	} {
		config += fmt.Sprintf("data \"approute_links\" \"filter_%d\" {\n  %s\n}\n", number, filter)
		checks = append(checks, resource.TestCheckResourceAttr(fmt.Sprintf("data.approute_links.filter_%d", number), "links.#", fmt.Sprint(count)))
		number++
	}
	try(t, resource.TestStep{Config: config, Check: resource.ComposeAggregateTestCheckFunc(checks...)})
	try(t, resource.TestStep{Config: s.config("data \"approute_links\" \"found\" {\n  status = \"new\"\n}\n"),
		ExpectError: regexp.MustCompile(`(?s)Links cannot be listed.*status`)})
}

func TestQRCode(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(lines string) string {
		return s.config(everything + "data \"approute_qr\" \"nora\" {\n  link_id = approute_link.nora.id\n" + lines + "}\n")
	}
	starts := func(magic string) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			attributes := state.RootModule().Resources["data.approute_qr.nora"].Primary.Attributes
			data, err := base64.StdEncoding.DecodeString(attributes["content_base64"])
			if err != nil || !strings.HasPrefix(string(data), magic) {
				return fmt.Errorf("it begins with %.20q (%v)", data, err)
			}
			if svg := attributes["svg"]; svg != "" && svg != string(data) {
				return fmt.Errorf("svg is something else")
			}
			return nil
		}
	}
	try(t,
		resource.TestStep{Config: with(""), Check: resource.ComposeTestCheckFunc(starts("\x89PNG"),
			resource.TestCheckResourceAttr("data.approute_qr.nora", "content_type", "image/png"),
			resource.TestCheckNoResourceAttr("data.approute_qr.nora", "svg"))},
		resource.TestStep{Config: with("  format = \"svg\"\n  size = 200\n  margin = 0\n  error_correction = \"H\"\n  foreground = \"102030\"\n"),
			Check: resource.ComposeTestCheckFunc(starts("<"), resource.TestMatchResourceAttr("data.approute_qr.nora", "svg", regexp.MustCompile("102030")))},
		resource.TestStep{Config: with("  foreground = \"fefefe\"\n"), ExpectError: regexp.MustCompile(`(?s)The QR code cannot be drawn.*contrast`)},
		resource.TestStep{Config: with("  size = 10\n"), ExpectError: regexp.MustCompile(`between 64 and 4096`)},
		resource.TestStep{Config: with("  format = \"pdf\"\n"), Check: starts("%PDF")},
	)
}
