package provider_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

func creators(count int) string {
	return fmt.Sprintf(`
resource "approute_link" "creator" {
  count = %d
  slug  = "creator-${count.index}"
  url   = "https://northpeak.example/autumn?creator=${count.index}"
}`, count)
}

func (s *server) counts(count int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if links := s.links(); len(links) != count {
			return fmt.Errorf("there are %d links, not %d", len(links), count)
		}
		return nil
	}
}

func TestManyDeletesNeedAWord(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	try(t,
		resource.TestStep{Config: s.config(creators(30)), Check: s.counts(30)},
		resource.TestStep{
			Config:      s.config(""),
			ExpectError: regexp.MustCompile(`(?s)The deletion has to be confirmed.*allow_many_deletes = true`),
		},
		// 25 went, the others are as they were, and applying again brings all back.
		resource.TestStep{
			PreConfig: func() {
				if err := s.counts(5)(nil); err != nil {
					t.Fatal(err)
				}
			},
			Config: s.config(creators(30)), Check: s.counts(30),
		},
		resource.TestStep{Config: s.provider("allow_many_deletes = true"), Check: s.counts(0)},
	)
}

func TestTwoHundredCreatorsUnderARateLimit(t *testing.T) {
	long(t)
	t.Parallel()
	// So few that ten links at a time meet the limit again and again.
	s := startServer(t, "--rate-limit", "20/1")
	u := newUser(t, s)
	u.run(0, "init")
	began := time.Now()
	u.says(u.run(0, "apply", "-auto-approve"), `Apply complete! Resources: 200 added`)
	if took := time.Since(began); took < 9*time.Second {
		t.Errorf("200 links were made in %v, which the limit does not allow", took)
	}
	u.run(0, "plan", "-detailed-exitcode")
	u.says(u.run(0, "destroy", "-auto-approve", "-var", "allow_many_deletes=true"), `200 destroyed`)
	if err := s.counts(0)(nil); err != nil {
		t.Error(err)
	}
}
