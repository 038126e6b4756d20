package approute_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/approutetest"
)

// The samples of the documentation send what the documentation says.
func TestSamples(t *testing.T) {
	if len(samples) < 15 {
		t.Errorf("there are only %d samples", len(samples))
	}
	for _, sample := range samples {
		fake := approutetest.New()
		fake.Reply(approutetest.Problem(404, "not_found", "There is nothing."))
		if err := sample.call(ctx, fake.Client()); !errors.Is(err, approute.ErrNotFound) {
			t.Errorf("%s: %v", sample.request, err)
		}
		fake.AssertSent(t, sample.request)
		sent := fake.LastRequest()
		if sample.body == "" {
			if len(sent.Body) > 0 {
				t.Errorf("%s sends %s", sample.request, sent.Body)
			}
			continue
		}
		var got, want any
		if err := errors.Join(sent.JSON(&got), json.Unmarshal([]byte(sample.body), &want)); err != nil {
			t.Errorf("%s: %v", sample.request, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s sends %s and not %s", sample.request, sent.Body, sample.body)
		}
	}
}
