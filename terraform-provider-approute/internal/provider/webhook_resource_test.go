package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/webhook"
)

const payouts = "approute_webhook.payouts"

// A receiver counts the deliveries that its secret verifies.
type receiver struct {
	*httptest.Server
	secret   atomic.Value
	verified atomic.Int64
	gone     atomic.Bool
}

func receive(t *testing.T) *receiver {
	r := &receiver{}
	r.secret.Store("")
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if r.gone.Load() {
			w.WriteHeader(http.StatusGone)
			return
		}
		verifier := webhook.NewVerifier(r.secret.Load().(string))
		verifier.Handler(func(context.Context, approute.Event) error { r.verified.Add(1); return nil }).ServeHTTP(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

func (s *server) webhooks() []approute.Webhook {
	s.t.Helper()
	var all []approute.Webhook
	for hook, err := range s.client.Webhooks.List(context.Background(), approute.WebhookListParams{}).All() {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, *hook)
	}
	return all
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	endpoint := receive(t)
	with := func(lines string) string {
		return s.config(fmt.Sprintf("resource \"approute_webhook\" \"payouts\" {\n  url = %q\n%s}\n", endpoint.URL+"/hook", lines))
	}
	const events = "  events = [\"link.created\", \"link.click_threshold\"]\n"
	secrets := map[string]bool{}
	var last string
	// keep has the secret of the state, and sees that it is the one that signs.
	keep := func(isNew bool) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			secret := state.RootModule().Resources[payouts].Primary.Attributes["secret"]
			if !strings.HasPrefix(secret, "whsec_") || isNew == secrets[secret] || !isNew && secret != last {
				return fmt.Errorf("the secret is new: %t, wanted: %t", !secrets[secret], isNew)
			}
			secrets[secret], last = true, secret
			endpoint.secret.Store(secret)
			before := endpoint.verified.Load()
			if _, err := s.client.Links.Create(context.Background(), approute.LinkCreateParams{URL: "https://example.com/"}); err != nil {
				return err
			}
			s.control("clock", `{"advance_seconds": 0}`)
			if endpoint.verified.Load() != before+1 {
				return fmt.Errorf("the secret of the state does not verify what is delivered")
			}
			return nil
		}
	}
	try(t,
		resource.TestStep{Config: with(events), Check: keep(true),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectSensitiveValue(payouts, tfjsonpath.New("secret"))}}},
		resource.TestStep{Config: with(events + "  description = \"Partner payouts\"\n"), Check: keep(false)},
		resource.TestStep{Config: with("  events = [\"link.created\"]\n"), Check: func(state *terraform.State) error {
			if hook := s.webhooks()[0]; len(hook.Events) != 1 || hook.Description.IsSet() {
				return fmt.Errorf("there is %+v", hook)
			}
			return keep(false)(state)
		}},
		// A trigger rotates, when it comes and when it changes.
		resource.TestStep{Config: with(events + "  rotation_trigger = \"2026-11\"\n"), Check: keep(true)},
		resource.TestStep{Config: with(events + "  rotation_trigger = \"2026-12\"\n"),
			ExpectError: regexp.MustCompile(`(?s)rotation before this one is not over.*rotation_overlap_seconds = 0`)},
		resource.TestStep{Config: with(events + "  rotation_trigger = \"2026-12\"\n  rotation_overlap_seconds = 0\n"), Check: keep(true)},
		resource.TestStep{Config: with(events + "  rotation_overlap_seconds = 0\n"), Check: keep(false)},
		// Disabled by its endpoint, and set back.
		resource.TestStep{
			PreConfig: func() {
				endpoint.gone.Store(true)
				if _, err := s.client.Links.Create(context.Background(), approute.LinkCreateParams{URL: "https://example.com/"}); err != nil {
					t.Fatal(err)
				}
				s.control("clock", `{"advance_seconds": 0}`)
				if hook := s.webhooks()[0]; hook.Status != approute.WebhookStatusDisabled {
					t.Fatalf("there is %+v", hook)
				}
				endpoint.gone.Store(false)
			},
			Config: with(events),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(payouts, plancheck.ResourceActionUpdate),
			}},
			Check: keep(false),
		},
		resource.TestStep{Config: with(events), ResourceName: payouts, ImportState: true, ImportStateVerify: true,
			// It is shown once, and an import comes later.
			ImportStateVerifyIgnore: []string{"secret"}},
		resource.TestStep{Config: with(events), ResourceName: payouts, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
		resource.TestStep{Config: with(events), ResourceName: payouts, ImportState: true, ImportStateId: "lnk_1", ExpectError: regexp.MustCompile(`names no webhook`)},
		// Rotated elsewhere: the state does not keep what is no longer true.
		resource.TestStep{
			PreConfig: func() {
				if _, err := s.client.Webhooks.RotateSecret(context.Background(), s.webhooks()[0].ID, approute.WebhookRotateSecretParams{}); err != nil {
					t.Fatal(err)
				}
			},
			Config: with(events),
			Check: func(state *terraform.State) error {
				if secret := state.RootModule().Resources[payouts].Primary.Attributes["secret"]; secret != "" {
					return fmt.Errorf("the state has the old secret")
				}
				return nil
			},
		},
		// Deleted elsewhere: it is made anew.
		resource.TestStep{
			PreConfig: func() {
				if _, err := s.client.Webhooks.Delete(context.Background(), s.webhooks()[0].ID); err != nil {
					t.Fatal(err)
				}
			},
			Config: with(events), Check: keep(true),
		},
		resource.TestStep{Config: with("  events = []\n"), ExpectError: regexp.MustCompile(`at least 1`)},
		resource.TestStep{Config: with("  events = [\"link.exploded\"]\n"), ExpectError: regexp.MustCompile(`(?s)events = .*link\.created`)},
	)
	if hooks := s.webhooks(); len(hooks) != 0 {
		t.Errorf("destroy left %d webhooks", len(hooks))
	}
}

func TestAnInterruptedApplyLeavesNoSecondWebhook(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	body := "resource \"approute_webhook\" \"payouts\" {\n  count = 2\n  url = \"https://example.com/hook\"\n  events = [\"link.created\"]\n}\n"
	secret := func(state *terraform.State) error {
		seen := map[string]bool{}
		for _, hook := range s.webhooks() {
			seen[hook.SecretHint] = true
		}
		for name, module := range state.RootModule().Resources {
			attributes := module.Primary.Attributes
			if !strings.HasSuffix(attributes["secret"], attributes["secret_hint"]) || !seen[attributes["secret_hint"]] {
				return fmt.Errorf("the secret of %s is not the server's", name)
			}
		}
		if hooks := s.webhooks(); len(hooks) != 2 {
			return fmt.Errorf("there are %d webhooks", len(hooks))
		}
		return nil
	}
	try(t,
		resource.TestStep{
			PreConfig:   func() { s.fault(`{"operation": "webhooks.create", "applied": true, "reset": true, "times": 2}`) },
			Config:      s.provider("max_retries = 0") + body,
			ExpectError: regexp.MustCompile(`The webhook was not created`),
		},
		resource.TestStep{Config: s.config(body), Check: secret},
		// Deleted and made again within the day for which keys are kept.
		resource.TestStep{Config: s.config("")},
		resource.TestStep{Config: s.config(body), Check: secret},
	)
}

func TestAnInterruptedRotationKeepsItsSecret(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	with := func(settings, trigger string) string {
		return s.provider(settings) + "resource \"approute_webhook\" \"payouts\" {\n  url = \"https://example.com/hook\"\n" +
			"  events = [\"link.created\"]\n  description = \"" + trigger + "\"\n  rotation_trigger = \"" + trigger + "\"\n}\n"
	}
	var hint string
	try(t,
		resource.TestStep{Config: with("", "1")},
		resource.TestStep{
			PreConfig:   func() { s.fault(`{"operation": "webhooks.rotate_secret", "applied": true, "reset": true}`) },
			Config:      with("max_retries = 0", "2"),
			ExpectError: regexp.MustCompile(`The secret cannot be rotated`),
		},
		resource.TestStep{
			PreConfig: func() { hint = s.webhooks()[0].SecretHint },
			// As after a kill: nothing has been read since.
			Config: with("", "2"),
			Check: func(state *terraform.State) error {
				attributes := state.RootModule().Resources[payouts].Primary.Attributes
				if now := s.webhooks()[0].SecretHint; !strings.HasSuffix(attributes["secret"], now) {
					return fmt.Errorf("the secret of the state is not the server's; it was rotated to %s, and is %s", hint, now)
				}
				return nil
			},
		},
	)
}
