package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/approute/approute-go"
)

const nora = "approute_link.nora"

// everything is a link with every field set.
const everything = `
resource "approute_link" "nora" {
  slug        = "Nora-Lind"
  external_id = "creator:1042"
  url         = "https://northpeak.example/autumn?ref=nora&x=1"
  title       = "Nora Lind <autumn>"
  notes       = "Contract ends in March."
  tags        = ["creators", "autumn"]
  targets = {
    ios     = { app_store_id = "6470010001", bundle_id = "example.northpeak.shop", fallback_url = "https://northpeak.example/ios", min_version = "4.2" }
    android = { package_name = "example.northpeak.shop", app_link_url = "https://northpeak.example/app", min_version_code = 12 }
  }
  geo               = { DE = "https://northpeak.example/de", AT = "https://northpeak.example/at" }
  variants          = [{ url = "https://northpeak.example/a", weight = 3 }, { url = "https://northpeak.example/b", weight = 1 }]
  utm               = { source = "nora", medium = "creator", campaign = "autumn-2026" }
  forward_query     = true
  redirect_status   = 307
  password_policy   = { max_failures = 3 }
  starts_at         = "2026-01-01T01:00:00+01:00"
  expires_at        = "2099-01-01T00:00:00.5Z"
  expired_url       = "https://northpeak.example/over"
  click_limit       = 100000
  click_thresholds  = [1000, 100]
  program_id        = "autumn-2026"
  sub_id            = "instagram-nora"
  archived          = false
}
`

// changed differs from everything in each field that can change.
const changed = `
resource "approute_link" "nora" {
  slug        = "Nora-Lind"
  external_id = "creator:1043"
  url         = "https://northpeak.example/winter"
  title       = "Nora Lind, winter"
  notes       = ""
  tags        = ["winter"]
  targets = {
    ios = { universal_link_url = "https://northpeak.example/universal", bundle_id = "example.northpeak.app" }
  }
  geo              = { AT = "https://northpeak.example/at2", CH = "https://northpeak.example/ch" }
  variants         = [{ url = "https://northpeak.example/b", weight = 2 }]
  utm              = { term = "snow", content = "story" }
  redirect_status  = 302
  password_policy  = { window_seconds = 120 }
  starts_at        = "2026-02-01T00:00:00Z"
  expires_at       = "2098-01-01T00:00:00Z"
  expired_url      = "https://northpeak.example/over2"
  click_limit      = 5
  click_thresholds = [3]
  program_id       = "winter-2026"
  sub_id           = "tiktok-nora"
  archived         = true
}
`

const least = `
resource "approute_link" "nora" {
  slug = "Nora-Lind"
  url  = "https://northpeak.example/winter"
}
`

func TestLinkIsMadeChangedAndCleared(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	var id, version string
	same := func(*terraform.State) error {
		link := s.link()
		if id == "" {
			id = link.ID
		}
		if link.ID != id {
			return fmt.Errorf("it became %s, where it was %s", link.ID, id)
		}
		version = fmt.Sprint(link.Version)
		return nil
	}
	holds := func(check func(approute.Link) bool) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			if link := s.link(); !check(link) {
				return fmt.Errorf("the server has %+v", link)
			}
			return same(state)
		}
	}
	try(t,
		resource.TestStep{
			Config: s.config(everything),
			Check: holds(func(link approute.Link) bool {
				return link.Slug == "Nora-Lind" && link.URL == "https://northpeak.example/autumn?ref=nora&x=1" && len(link.Tags) == 2 &&
					link.Targets.IOS.MinVersion.Or("") == "4.2" && link.Targets.Android.MinVersionCode.Or(0) == 12 && len(link.Geo) == 2 &&
					link.Variants[0].Weight == 3 && link.UTM.Campaign.Or("") == "autumn-2026" && link.ForwardQuery &&
					link.RedirectStatus == 307 && link.PasswordPolicy.MaxFailures == 3 && link.PasswordPolicy.WindowSeconds == 600 &&
					link.StartsAt.Value().Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) && link.ClickLimit.Or(0) == 100000 &&
					len(link.ClickThresholds) == 2 && link.ProgramID.Or("") == "autumn-2026" && link.SubID.Or("") == "instagram-nora"
			}),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(nora, tfjsonpath.New("short_url"), knownvalue.StringExact(s.BaseURL+"/Nora-Lind")),
				// As it was written, whatever offset the API answers in.
				statecheck.ExpectKnownValue(nora, tfjsonpath.New("starts_at"), knownvalue.StringExact("2026-01-01T01:00:00+01:00")),
				statecheck.ExpectKnownValue(nora, tfjsonpath.New("has_password"), knownvalue.Bool(false)),
			},
		},
		resource.TestStep{
			Config: s.config(changed),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(nora, plancheck.ResourceActionUpdate),
			}},
			Check: holds(func(link approute.Link) bool {
				return link.Version == 2 && link.ExternalID.Or("") == "creator:1043" && link.Notes.Or("x") == "" && link.Targets.Android == nil &&
					!link.Targets.IOS.AppStoreID.IsSet() && link.Targets.IOS.UniversalLinkURL.IsSet() && link.Geo["DE"] == "" &&
					link.Geo["AT"] == "https://northpeak.example/at2" && len(link.Variants) == 1 && link.UTM.Source.IsNull() &&
					link.UTM.Term.Or("") == "snow" && !link.ForwardQuery && link.PasswordPolicy.MaxFailures == 5 && link.Archived
			}),
		},
		resource.TestStep{
			Config: s.config(least),
			Check: holds(func(link approute.Link) bool {
				return link.Version == 3 && link.ExternalID.IsNull() && link.Title.IsNull() && len(link.Tags) == 0 && link.Targets.IOS == nil &&
					len(link.Geo) == 0 && len(link.Variants) == 0 && link.UTM.Term.IsNull() && link.StartsAt.IsNull() &&
					link.ExpiresAt.IsNull() && link.ExpiredURL.IsNull() && link.ClickLimit.IsNull() && len(link.ClickThresholds) == 0 &&
					link.ProgramID.IsNull() && link.SubID.IsNull() && !link.Archived && link.PasswordPolicy.WindowSeconds == 600
			}),
		},
		// Written empty or left out is the same.
		resource.TestStep{
			Config:           s.config(strings.Replace(least, "url ", "tags = []\n  geo = {}\n  variants = []\n  click_thresholds = []\n  utm = {}\n  targets = {}\n  url ", 1)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
	if links := s.links(); len(links) != 0 || version != "3" {
		t.Errorf("destroy left %d links; the last version was %s", len(links), version)
	}
}

func TestClicksChangeNoPlan(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	try(t,
		resource.TestStep{Config: s.config(everything)},
		resource.TestStep{
			PreConfig: func() {
				visit(t, s.BaseURL+"/Nora-Lind")
				s.control("clock", `{"advance_seconds": 1}`)
				if link := s.link(); link.ClickCount != 1 {
					t.Fatalf("the visit is not counted: %+v", link)
				}
			},
			Config:           s.config(everything),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}

// visit follows no redirect, and gives the status.
func visit(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestAnotherSlugReplacesTheLink(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(slug string) string {
		return s.config(fmt.Sprintf("resource \"approute_link\" \"nora\" {\n  slug = %q\n  external_id = \"creator:1\"\n  url = \"https://example.com/\"\n}\n", slug))
	}
	var first string
	try(t,
		resource.TestStep{Config: with("one"), Check: func(*terraform.State) error { first = s.link().ID; return nil }},
		resource.TestStep{
			Config: with("two"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(nora, plancheck.ResourceActionDestroyBeforeCreate),
			}},
			Check: func(*terraform.State) error {
				// The deleted link has given up the external id.
				if link := s.link(); link.ID == first || link.Slug != "two" || link.ExternalID.Or("") != "creator:1" {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
		// And back: the slug is reserved for the deleted link, which is restored.
		resource.TestStep{
			Config: with("one"),
			Check: func(*terraform.State) error {
				if link := s.link(); link.ID != first || link.ExternalID.Or("") != "creator:1" {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
		resource.TestStep{Config: with("ONE"), ExpectError: regexp.MustCompile(`A slug cannot change its case alone`)},
		resource.TestStep{Config: with("one"), PlanOnly: true},
	)
}

func TestDriftIsSeenAndUndone(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	try(t,
		resource.TestStep{Config: s.config(everything)},
		resource.TestStep{
			PreConfig: func() {
				s.update(s.link().ID, approute.LinkUpdateParams{
					Title: approute.Set("Changed by hand"), Geo: approute.Set(approute.GeoPatch{"FR": approute.Set("https://example.com/fr")}),
					Password: approute.SetSecret("by hand"),
				})
			},
			Config: s.config(everything),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(nora, plancheck.ResourceActionUpdate),
				plancheck.ExpectKnownValue(nora, tfjsonpath.New("title"), knownvalue.StringExact("Nora Lind <autumn>")),
				plancheck.ExpectKnownValue(nora, tfjsonpath.New("geo"), knownvalue.MapSizeExact(2)),
				plancheck.ExpectKnownValue(nora, tfjsonpath.New("has_password"), knownvalue.Bool(false)),
			}},
			Check: func(*terraform.State) error {
				if link := s.link(); link.Title.Or("") != "Nora Lind <autumn>" || len(link.Geo) != 2 || link.HasPassword {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
	)
}

func TestADeletedLinkReadsAsGoneAndComesBack(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	var id string
	try(t,
		resource.TestStep{Config: s.config(everything)},
		resource.TestStep{
			PreConfig: func() {
				id = s.link().ID
				s.update(id, approute.LinkUpdateParams{Title: approute.Set("Changed before it was deleted")})
				s.remove(id)
			},
			Config: s.config(everything),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(nora, plancheck.ResourceActionCreate),
			}},
			Check: func(*terraform.State) error {
				if link := s.link(); link.ID != id || link.Title.Or("") != "Nora Lind <autumn>" {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
		// After 30 days nothing is left of it, and it is made anew.
		resource.TestStep{
			PreConfig: func() {
				s.remove(id)
				s.control("clock", `{"advance_seconds": 2678400}`)
			},
			Config: s.config(everything),
			Check: func(*terraform.State) error {
				if link := s.link(); link.ID == id {
					return fmt.Errorf("there is %+v", link)
				}
				return nil
			},
		},
	)
}

func TestPassword(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(lines string) string {
		return s.config("resource \"approute_link\" \"nora\" {\n  slug = \"nora\"\n  url = \"https://example.com/\"\n" + lines + "}\n")
	}
	opens := func(password string, wanted bool) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			for name, value := range state.RootModule().Resources[nora].Primary.Attributes {
				if strings.Contains(value, "horse") {
					return fmt.Errorf("%s in the state is %q", name, value)
				}
			}
			if status := unlock(t, s.BaseURL+"/nora", password); (status == http.StatusSeeOther) != wanted {
				return fmt.Errorf("%q is answered with %d", password, status)
			}
			return nil
		}
	}
	version := func(number int) string {
		return fmt.Sprintf("  password_wo = \"horse %d\"\n  password_wo_version = %[1]d\n", number)
	}
	try(t,
		resource.TestStep{Config: with("  password_wo = \"horse 3\"\n"), ExpectError: regexp.MustCompile(`password_wo_version`)},
		resource.TestStep{Config: with(version(1)), Check: resource.ComposeTestCheckFunc(opens("horse 1", true), opens("horse 2", false))},
		resource.TestStep{Config: with(version(2)), Check: resource.ComposeTestCheckFunc(opens("horse 2", true), opens("horse 1", false))},
		// Another password alone is not seen: there is nothing to compare it with.
		resource.TestStep{
			Config:           with(strings.Replace(version(2), "horse 2", "horse 9", 1)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		// One that somebody removed is set again.
		resource.TestStep{
			PreConfig: func() { s.update(s.link().ID, approute.LinkUpdateParams{Password: approute.Null[approute.Secret]()}) },
			Config:    with(version(2)),
			Check:     opens("horse 2", true),
		},
		resource.TestStep{Config: with(""), Check: func(*terraform.State) error {
			if s.link().HasPassword || visit(t, s.BaseURL+"/nora") != http.StatusFound {
				return fmt.Errorf("the password is still there")
			}
			return nil
		}},
	)
}

// unlock types the password into the link's page, and gives the answer's status.
func unlock(t *testing.T, url, password string) int {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	page := new(strings.Builder)
	if err := answer.Write(page); err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`name="token"[^>]*value="([^"]+)"`).FindStringSubmatch(page.String())
	if token == nil {
		t.Fatalf("no form in %s", page)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err = client.PostForm(url, map[string][]string{"token": {token[1]}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestDeletionProtection(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(slug string, protected bool) string {
		return s.config(fmt.Sprintf("resource \"approute_link\" \"nora\" {\n  slug = %q\n  url = \"https://example.com/\"\n  deletion_protection = %t\n}\n", slug, protected))
	}
	try(t,
		resource.TestStep{Config: with("one", true)},
		resource.TestStep{Config: with("one", true), Destroy: true, ExpectError: regexp.MustCompile(`(?s)This link is protected.*must not be deleted`)},
		resource.TestStep{Config: with("two", true), ExpectError: regexp.MustCompile(`(?s)This link is protected.*must not be replaced`)},
		resource.TestStep{Config: s.config(""), ExpectError: regexp.MustCompile(`This link is protected`)},
		resource.TestStep{Config: with("one", false), Check: func(*terraform.State) error {
			// What only Terraform knows changes nothing there.
			if link := s.link(); link.Version != 1 {
				return fmt.Errorf("there is %+v", link)
			}
			return nil
		}},
	)
}

func TestWhatCannotBeIsRefusedInThePlan(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	mistakes := []struct{ lines, message string }{
		{`url = "https://example.com/"`, `At least one of these attributes must be configured`},
		{`slug = "nora lind"`, `must be up to 64 letters`},
		{`url = "ftp://example.com"`, `must be a complete http or https URL`},
		{`geo = { de = "https://example.com/" }`, `must be two capital letters`},
		{`expires_at = "tomorrow"`, `must be a time in RFC 3339`},
		{`starts_at = "2027-01-01T00:00:00.0000001Z"`, `use six decimals`},
		{`redirect_status = 303`, `redirect_status value must be one of`},
		{"redirect_status = 301\n  geo = { DE = \"https://example.com/\" }", `do not go together with geo`},
		{`targets = { ios = { app_store_id = "id123" } }`, `must be up to 20 digits`},
		{`variants = [{ url = "https://example.com/", weight = 0 }]`, `must be between 1 and 10000`},
	}
	// One configuration with all of them.
	config := s.config("")
	for number, mistake := range mistakes {
		lines := mistake.lines
		for name, value := range map[string]string{"url": "https://example.com/", "slug": "nora"} {
			if number > 0 && !strings.HasPrefix(mistake.lines, name+" =") {
				lines += fmt.Sprintf("\n  %s = %q", name, value)
			}
		}
		config += fmt.Sprintf("resource \"approute_link\" \"mistake_%d\" {\n  %s\n}\n", number, lines)
	}
	refused := false
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps:                    []resource.TestStep{{Config: config, PlanOnly: true}},
		ErrorCheck: func(err error) error {
			text := strings.Join(strings.Fields(err.Error()), " ")
			for number, mistake := range mistakes {
				if !strings.Contains(text, mistake.message) || !strings.Contains(text, fmt.Sprintf(`"approute_link" "mistake_%d"`, number)) {
					return fmt.Errorf("nothing says %q: %w", mistake.message, err)
				}
			}
			refused = true
			return nil
		},
	})
	if !refused {
		t.Error("the plan was not refused")
	}
}

func TestWhatTheServerRefusesIsShownAtItsAttribute(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(lines string) string {
		return s.config("resource \"approute_link\" \"nora\" {\n  slug = \"nora\"\n  url = \"https://example.com/\"\n" + lines + "}\n")
	}
	try(t,
		resource.TestStep{Config: with("  geo = { DE = \"https://me:secret@example.com/\" }\n"), ExpectError: regexp.MustCompile(`(?s)on .*line.*geo = .*user or password`)},
		resource.TestStep{Config: with("  domain = \"elsewhere.example\"\n"), ExpectError: regexp.MustCompile(`(?s)on .*line.*domain = .*none of the workspace's domains.*Request id`)},
		resource.TestStep{Config: strings.Replace(with(""), "nora\"\n", "docs\"\n", 1), ExpectError: regexp.MustCompile(`(?s)on .*line.*slug = .*reserved`)},
	)
	if links := s.links(); len(links) != 0 {
		t.Errorf("%d links were made", len(links))
	}
}
