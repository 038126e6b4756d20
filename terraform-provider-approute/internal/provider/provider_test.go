package provider_test

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

func TestSettingsThatAreWrongAreExplained(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	closed.Close()
	block := func(settings string) string { return "provider \"approute\" {\n" + settings + "\n}\n" + least }
	at := func(url string) string { return fmt.Sprintf("  base_url = %q\n", url) }
	try(t,
		resource.TestStep{Config: block(at(s.BaseURL)), ExpectError: regexp.MustCompile(`(?s)There is no API key.*APPROUTE_API_KEY`)},
		resource.TestStep{Config: block(at(s.BaseURL) + "  api_key = \"apr_dev_wrong\""),
			ExpectError: regexp.MustCompile(`(?s)The link was not created.*provider's\s+.api_key.*revoked.*Request id`)},
		resource.TestStep{Config: block(at(s.BaseURL) + fmt.Sprintf("  api_key = %q", s.ReadKey)),
			ExpectError: regexp.MustCompile(`(?s)scope is\s+read.*read_write`)},
		resource.TestStep{Config: block(at(nobody) + "  api_key = \"x\"\n  max_retries = 1"),
			ExpectError: regexp.MustCompile(`(?s)The server is\s+` + regexp.QuoteMeta(nobody) + `.*tried\s+2 times`)},
		resource.TestStep{Config: block(at("http://elsewhere.example") + "  api_key = \"x\""),
			ExpectError: regexp.MustCompile(`(?s)settings cannot be used.*set\s+allow_insecure_http`)},
		resource.TestStep{Config: block("  timeout = \"soon\""), ExpectError: regexp.MustCompile(`(?s)no duration.*90s`)},
		resource.TestStep{Config: block("  max_retries = -1"), ExpectError: regexp.MustCompile(`between 0 and`)},
	)
}

func TestAReadKeyIsEnoughForAPlan(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	reader := strings.Replace(s.config(everything), s.APIKey, s.ReadKey, 1)
	try(t,
		resource.TestStep{Config: s.config(everything)},
		resource.TestStep{Config: reader, PlanOnly: true},
		resource.TestStep{Config: strings.Replace(reader, "Contract", "The contract", 1), ExpectError: regexp.MustCompile(`(?s)cannot be changed.*scope is\s+read`)},
		resource.TestStep{Config: s.config(everything)},
	)
}

// A key that another resource makes is not known in the plan.
func TestAKeyThatIsNotKnownYet(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(generation int) string {
		return fmt.Sprintf(`
resource "terraform_data" "key" {
  input            = %q
  triggers_replace = %d
}
provider "approute" {
  base_url = %q
  api_key  = terraform_data.key.output
}
`, s.APIKey, generation, s.BaseURL) + everything
	}
	try(t,
		resource.TestStep{Config: with(1)},
		// With links in the state, which cannot be refreshed before the new key is there.
		resource.TestStep{Config: with(2), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(nora, plancheck.ResourceActionNoop),
		}}},
		resource.TestStep{Config: strings.Replace(with(3), "Contract", "The contract", 1), Check: func(*terraform.State) error {
			if link := s.link(); link.Notes.Or("") != "The contract ends in March." {
				return fmt.Errorf("there is %+v", link)
			}
			return nil
		}},
		resource.TestStep{Config: with(4) + "data \"approute_link\" \"x\" {\n  slug = \"Nora-Lind\"\n}\n", ExpectError: regexp.MustCompile(
			`(?s)not ready.*api_key is not known`)},
	)
}

// The server goes away in the middle of an apply: what was made is in the state, the next apply makes the rest.
func TestAServerThatGoesAway(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	body := `
resource "approute_link" "creator" {
  count = 12
  slug  = "creator-${count.index}"
  url   = "https://example.com/"
}`
	try(t,
		resource.TestStep{
			PreConfig: func() {
				s.fault(`{"operation": "links.create", "status": 503, "times": 4}`)
				s.fault(`{"operation": "links.create", "reset": true, "times": 3}`)
			},
			Config:      s.provider("max_retries = 0") + body,
			ExpectError: regexp.MustCompile(`(?s)Apply again when the server is back`),
		},
		resource.TestStep{
			PreConfig: func() {
				if links := s.links(); len(links) != 5 {
					t.Fatalf("%d links were made", len(links))
				}
			},
			Config: s.config(body),
			Check: func(*terraform.State) error {
				if links := s.links(); len(links) != 12 {
					return fmt.Errorf("there are %d links", len(links))
				}
				return nil
			},
		},
		// A server that stumbles is nothing that an apply shows.
		resource.TestStep{
			PreConfig: func() { s.fault(`{"status": 503, "times": 5, "headers": {"retry-after": "0"}}`) },
			Config:    s.config(strings.Replace(body, "12", "13", 1)),
		},
	)
}
