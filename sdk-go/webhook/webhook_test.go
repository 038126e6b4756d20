package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/approute/approute-go"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const body = `{"id":"evt_1","type":"link.unheard_of","sent_at":"2026-11-01T00:00:00Z","data":{}}`

var sent = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func signed(t *testing.T) http.Header {
	t.Helper()
	header, err := Sign([]byte(body), secret, "evt_1", sent)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

// standard has only the headers of Standard Webhooks.
func standard(t *testing.T) http.Header {
	header := signed(t)
	header.Del(approuteSignature)
	return header
}

func at(now time.Time, secrets ...string) *Verifier {
	verifier := NewVerifier(secrets...)
	verifier.Now = func() time.Time { return now }
	return verifier
}

func reason(err error) approute.WebhookFailure {
	var failure *approute.Error
	if !errors.As(err, &failure) {
		return ""
	}
	if (failure.WebhookFailure != "") != errors.Is(err, approute.ErrWebhookVerification) {
		return "not a verification error"
	}
	return failure.WebhookFailure
}

func TestPublicVectorOfStandardWebhooks(t *testing.T) {
	header := http.Header{
		"webhook-id":        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		"WEBHOOK-timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	payload, when := []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)
	if err := at(when, secret).Verify(payload, header); err != nil {
		t.Error(err)
	}
	own, err := Sign(payload, secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", when)
	if err != nil || own.Get("Webhook-Signature") != header.Get("Webhook-Signature") {
		t.Error(own, err)
	}
}

func TestOpensslGivesTheSameSignature(t *testing.T) {
	// printf '%s' 'hello' | openssl dgst -sha256 -hmac whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
	header, err := Sign([]byte("hello"), secret, "evt_1", sent)
	if err != nil || header.Get(approuteSignature) != "sha256=c770c8b4e83a988d5236a41db64cb85cf40319a4d0c94a69aacc5703cf225ee4" {
		t.Error(header, err)
	}
}

func TestBothSchemesWithinTheToleranceAndNotBeyond(t *testing.T) {
	for _, header := range []http.Header{signed(t), standard(t)} {
		for offset, expected := range map[time.Duration]approute.WebhookFailure{
			0: "", DefaultTolerance: "", -DefaultTolerance: "",
			DefaultTolerance + time.Second: approute.WebhookTooOld, -DefaultTolerance - time.Second: approute.WebhookInFuture,
		} {
			if got := reason(at(sent.Add(offset), secret).Verify([]byte(body), header)); got != expected {
				t.Errorf("%s: %q", offset, got)
			}
		}
		patient := at(sent.Add(time.Hour), secret)
		patient.Tolerance = 2 * time.Hour
		if err := patient.Verify([]byte(body), header); err != nil {
			t.Error(err)
		}
	}
	if err := Verify([]byte(body), signed(t), secret); reason(err) == "" || reason(err) == approute.WebhookNoMatch {
		t.Error(err)
	}
}

func TestOwnHeaderDecidesWhereItIsPresent(t *testing.T) {
	// The other scheme's headers are right in all of these.
	right := signed(t).Get(approuteSignature)
	other := "sha256=" + strings.Repeat("0", 64)
	for value, expected := range map[string]approute.WebhookFailure{
		right: "", strings.Replace(strings.ToUpper(right), "SHA", "sha", 1): "",
		other + ", " + right: "", right + "," + other: "", "sha512=abc, " + right: "",
		other: approute.WebhookNoMatch,
		"":    approute.WebhookMalformed, ",": approute.WebhookMalformed, right + ",": approute.WebhookMalformed,
		"sha256=": approute.WebhookMalformed, "sha256": approute.WebhookMalformed, "sha512=abc": approute.WebhookMalformed,
		right[:70]: approute.WebhookMalformed, right + "0": approute.WebhookMalformed, "sha256=\xff": approute.WebhookMalformed,
		"v1," + right[7:]: approute.WebhookMalformed, strings.Repeat("sha256=", 100_000): approute.WebhookMalformed,
	} {
		header := signed(t)
		header.Set(approuteSignature, value)
		if got := reason(at(sent, secret).Verify([]byte(body), header)); got != expected {
			t.Errorf("%.90q: %q", value, got)
		}
		if got := reason(at(sent, secret).Verify([]byte(body), Signature(value))); got != expected {
			t.Errorf("alone: %.90q: %q", value, got)
		}
	}
	repeated := signed(t)
	repeated[approuteSignature] = []string{other}
	repeated["x-approute-signature"] = []string{right}
	if err := at(sent, secret).Verify([]byte(body), repeated); err != nil {
		t.Error(err)
	}
}

func TestStandardHeadersRowByRow(t *testing.T) {
	right := signed(t).Get(standardSignature)
	other := "v1," + base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, row := range []struct {
		name, value string
		expected    approute.WebhookFailure
	}{
		{standardSignature, other + " " + right, ""},
		{standardSignature, "v1a,abc " + right, ""},
		{standardSignature, other, approute.WebhookNoMatch},
		{standardSignature, "", approute.WebhookMalformed},
		{standardSignature, "v1", approute.WebhookMalformed},
		{standardSignature, "v1,?", approute.WebhookMalformed},
		{standardSignature, "v1,AAAA", approute.WebhookMalformed},
		{standardSignature, "v2,AAAA", approute.WebhookMalformed},
		{standardSignature, right[:20] + "\n" + right[20:], approute.WebhookMalformed},
		{standardID, "evt_2", approute.WebhookNoMatch},
		{standardID, "", approute.WebhookMalformed},
		{standardTimestamp, "1793491201", approute.WebhookNoMatch},
		{standardTimestamp, "soon", approute.WebhookMalformed},
		{standardTimestamp, "-1", approute.WebhookMalformed},
		{standardTimestamp, "+1793491200", approute.WebhookMalformed},
		{standardTimestamp, strings.Repeat("9", 30), approute.WebhookMalformed},
	} {
		header := standard(t)
		header.Set(row.name, row.value)
		if got := reason(at(sent, secret).Verify([]byte(body), header)); got != row.expected {
			t.Errorf("%s: %q: %q", row.name, row.value, got)
		}
	}
	for name, expected := range map[string]approute.WebhookFailure{
		standardSignature: approute.WebhookNoSignature, standardID: approute.WebhookMalformed, standardTimestamp: approute.WebhookMalformed,
	} {
		header := standard(t)
		header.Del(name)
		if got := reason(at(sent, secret).Verify([]byte(body), header)); got != expected {
			t.Errorf("%s: %q", name, got)
		}
	}
	header := standard(t)
	header.Add(standardID, "evt_2")
	if got := reason(at(sent, secret).Verify([]byte(body), header)); got != approute.WebhookMalformed {
		t.Error(got)
	}
	if got := reason(at(sent, secret).Verify([]byte(body), nil)); got != approute.WebhookNoSignature {
		t.Error(got)
	}
}

func TestOneOfManySecretsIsEnough(t *testing.T) {
	other := "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, header := range []http.Header{signed(t), standard(t)} {
		for _, secrets := range [][]string{{other, secret}, {secret, other}} {
			if err := at(sent, secrets...).Verify([]byte(body), header); err != nil {
				t.Error(err)
			}
		}
		if got := reason(at(sent, other).Verify([]byte(body), header)); got != approute.WebhookNoMatch {
			t.Error(got)
		}
		if got := reason(at(sent, secret).Verify([]byte(body+" "), header)); got != approute.WebhookNoMatch {
			t.Error(got)
		}
	}
}

func TestSecretsThatAreNoneAreBadArguments(t *testing.T) {
	var nobody *Verifier
	_, malformed := Sign([]byte(body), "whsec_!", "evt_1", sent)
	_, badID := Sign([]byte(body), secret, "evt\n1", sent)
	_, early := Sign([]byte(body), secret, "evt_1", time.Unix(-1, 0))
	for _, err := range []error{
		Verify([]byte(body), signed(t)), Verify([]byte(body), signed(t), ""), Verify([]byte(body), signed(t), "whsec_"),
		Verify([]byte(body), standard(t), "whsec_not base64"), nobody.Verify([]byte(body), signed(t)), malformed, badID, early,
	} {
		if !errors.Is(err, approute.ErrConfiguration) {
			t.Error(err)
		}
	}
}

func TestGenuineBodiesThatSayNothingAreMalformed(t *testing.T) {
	for _, payload := range []string{"", "[]", "{}", `{"sent_at":7}`, `{"sent_at":"soon"}`, body + "x", `{"sent_at":"2026-11-01T00:00:00Z","sent_at":"2026-11-01T00:00:00Z"}`} {
		header, _ := Sign([]byte(payload), secret, "evt_1", sent)
		if got := reason(at(sent, secret).Verify([]byte(payload), header)); got != approute.WebhookMalformed {
			t.Errorf("%s: %q", payload, got)
		}
	}
	payload := "{\"sent_at\":\"2026-11-01T00:00:00Z\",\"x\":\"\xff\\ud800\"}"
	header, _ := Sign([]byte(payload), secret, "evt_1", sent)
	if err := at(sent, secret).Verify([]byte(payload), header); err != nil {
		t.Error(err)
	}
}

func TestEventsOfAnyTypeAreRead(t *testing.T) {
	event, err := at(sent, secret).Unwrap([]byte(body), signed(t))
	if _, unknown := event.(*approute.UnknownEvent); err != nil || !unknown {
		t.Errorf("%T, %v", event, err)
	}
	payload := []byte(`{"type":"link.created","sent_at":"2026-11-01T00:00:00Z"}`)
	header, _ := Sign(payload, secret, "evt_1", sent)
	_, err = at(sent, secret).Unwrap(payload, header)
	var failure *approute.Error
	if !errors.Is(err, approute.ErrDecode) || !errors.As(err, &failure) || string(failure.Body) != string(payload) {
		t.Error(err)
	}
}

func TestHandler(t *testing.T) {
	var seen []string
	var answer error
	verifier := at(sent, secret)
	verifier.MaxBytes = 1000
	handler := verifier.Handler(func(_ context.Context, event approute.Event) error {
		seen = append(seen, event.EventType())
		return answer
	})
	for _, row := range []struct {
		method string
		body   string
		header http.Header
		answer error
		status int
	}{
		{"POST", body, signed(t), nil, 204},
		{"POST", body, standard(t), nil, 204},
		{"POST", body, signed(t), errors.New("the database is down"), 500},
		{"POST", body, signed(t), fmt.Errorf("moved: %w", ErrGone), 410},
		{"POST", body + " ", signed(t), nil, 400},
		{"POST", body, http.Header{}, nil, 400},
		{"GET", body, signed(t), nil, 405},
		{"POST", strings.Repeat(" ", 1001), signed(t), nil, 413},
	} {
		answer, seen = row.answer, nil
		request := httptest.NewRequest(row.method, "/", strings.NewReader(row.body))
		request.Header = row.header
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != row.status || strings.Contains(recorder.Body.String(), "database") {
			t.Errorf("%+v: %d %s", row, recorder.Code, recorder.Body)
		}
		if reached := row.status == 204 || row.answer != nil; reached != (len(seen) == 1) {
			t.Errorf("%+v: %v", row, seen)
		}
	}
	request := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("{"), failing{}))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	if recorder.Code != 400 {
		t.Error(recorder.Code)
	}
	recorder = httptest.NewRecorder()
	NewVerifier().Handler(nil).ServeHTTP(recorder, httptest.NewRequest("POST", "/", strings.NewReader(body)))
	if recorder.Code != 500 {
		t.Error(recorder.Code)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestVerifiersShowNoSecrets(t *testing.T) {
	hidden := struct{ v Verifier }{*NewVerifier(secret)}
	for _, value := range []any{NewVerifier(secret), *NewVerifier(secret), hidden} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "MfKQ") {
				t.Error(text)
			}
		}
	}
}

func FuzzHeaders(f *testing.F) {
	header, _ := Sign([]byte(body), secret, "evt_1", sent)
	f.Add(header.Get(approuteSignature), "evt_1", "1793491200", header.Get(standardSignature), true)
	f.Add("", "evt_1", "1793491200", header.Get(standardSignature), false)
	f.Add("sha256=,", "", "-1", "v1,,v1, ", true)
	f.Fuzz(func(t *testing.T, own, id, timestamp, standard string, hasOwn bool) {
		given := http.Header{standardID: {id}, standardTimestamp: {timestamp}, standardSignature: {standard}}
		if hasOwn {
			given[approuteSignature] = []string{own}
		}
		err := at(sent, secret).Verify([]byte(body), given)
		genuine := strings.Contains(strings.ToLower(own), strings.TrimPrefix(header.Get(approuteSignature), "sha256="))
		if !hasOwn {
			genuine = id == "evt_1" && timestamp == "1793491200" && strings.Contains(standard, strings.TrimPrefix(header.Get(standardSignature), "v1,"))
		}
		if err == nil && !genuine {
			t.Errorf("taken: %q %q %q %q", own, id, timestamp, standard)
		}
		if err != nil && reason(err) == "" {
			t.Errorf("no reason: %v", err)
		}
	})
}
