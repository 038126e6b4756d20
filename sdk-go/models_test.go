package approute

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func TestExamplesOfTheSpecSurviveARoundTrip(t *testing.T) {
	if len(modelExamples) < 30 {
		t.Fatalf("only %d examples", len(modelExamples))
	}
	for _, example := range modelExamples {
		model := example.model()
		if err := json.Unmarshal([]byte(example.json), model); err != nil {
			t.Errorf("%s: %v", example.name, err)
			continue
		}
		text, err := json.Marshal(model)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(parse(t, text), parse(t, []byte(example.json))) {
			t.Errorf("%s:\n%s\n%s", example.name, text, example.json)
		}
		again := example.model()
		if err := json.Unmarshal(text, again); err != nil || !reflect.DeepEqual(model, again) {
			t.Errorf("%s is not itself after a round trip: %v", example.name, err)
		}
		// A value marshals as its pointer does.
		if value, err := json.Marshal(reflect.ValueOf(model).Elem().Interface()); err != nil || !bytes.Equal(value, text) {
			t.Errorf("%s: %s, %v", example.name, value, err)
		}
		if shown := fmt.Sprint(model); !strings.HasPrefix(shown, reflect.TypeOf(model).Elem().Name()+"{") {
			t.Error(shown)
		}
	}
}

const utm = `{"source":null,"medium":"a","campaign":null,"term":null,"content":null`

func TestUnknownFieldsAreKept(t *testing.T) {
	var m UTM
	text := utm + `,"b":[1.50, {"x":null}],"a":"<>"}`
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if string(m.Extra["b"]) != `[1.50, {"x":null}]` || string(m.Extra["a"]) != `"<>"` {
		t.Errorf("%s", m.Extra)
	}
	if got := string(encoded(&m)); got != utm+`,"a":"<>","b":[1.50, {"x":null}]}` {
		t.Error(got)
	}
}

func TestUnknownValuesAreKept(t *testing.T) {
	var item struct {
		Status   LinkStatus
		Redirect RedirectStatus
	}
	if err := json.Unmarshal([]byte(`{"Status":"sleeping","Redirect":303}`), &item); err != nil || item.Status != "sleeping" || item.Redirect != 303 {
		t.Error(item, err)
	}
	event, err := UnmarshalEvent([]byte(`{"type":"link.painted","data":{"colour":"red"}}`))
	if err != nil {
		t.Fatal(err)
	}
	unknown, ok := event.(*UnknownEvent)
	if !ok || unknown.Type != "link.painted" || event.EventType() != "link.painted" {
		t.Errorf("%T", event)
	}
	if text, err := json.Marshal(event); err != nil || string(text) != `{"type":"link.painted","data":{"colour":"red"}}` {
		t.Errorf("%s, %v", text, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", event, event, event); strings.Contains(text, "red") {
		t.Error(text)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `"x"`, `7`, `{`, `{"max_failures":5}`, `{"max_failures":5,"window_seconds":null}`,
		`{"max_failures":5,"window_seconds":"600"}`, `{"max_failures":5,"window_seconds":600.0}`,
		`{"max_failures":5,"window_seconds":6e2}`, `{"max_failures":5,"window_seconds":9223372036854775808}`,
		`{"max_failures":5,"window_seconds":600} {}`, `{"max_failures":5 "window_seconds":600}`, `{"max_failures":05,"window_seconds":600}`,
		`{"max_failures":5,"window_seconds":600,}`, `{,"max_failures":5,"window_seconds":600}`, `{"max_failures":5,"window_seconds":600,"x":tru}`,
		"{\"max_failures\":5,\"window_seconds\":600,\"x\":\"\xff\"}", `{"max_failures":5,"window_seconds":600,"x":"\ud800"}`,
		"{\"max_failures\":5,\"window_seconds\":600,\"x\":\"\n\"}",
		`{"max_failures":5,"window_seconds":600,"x":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + `}`,
	} {
		var m PasswordPolicy
		err := decoded([]byte(text), &m)
		if !errors.Is(err, ErrDecode) {
			t.Errorf("%.100s: %v", text, err)
		}
	}
	var m PasswordPolicy
	if err := decoded([]byte(" { \"window_seconds\" : -9007199254740991 , \"max_failures\" : 1 , \"max_failures\" : 9007199254740991 } "), &m); err != nil || m.MaxFailures != 1<<53-1 || m.WindowSeconds != 1-1<<53 {
		t.Error(m, err)
	}
	var params LinkCreateParams
	if err := decoded([]byte(`{"url":"https://e","colour":"red"}`), &params); err == nil {
		t.Error("a request has an unknown field")
	}
}

func TestTimesAreUTCWithTheDigitsTheyNeed(t *testing.T) {
	for text, expected := range map[string]string{
		"2026-11-05T09:30:00Z":                "2026-11-05T09:30:00Z",
		"2026-11-05T09:30:00+02:00":           "2026-11-05T07:30:00Z",
		"2026-11-05T09:30:00.5Z":              "2026-11-05T09:30:00.500Z",
		"2026-11-05T09:30:00.123456Z":         "2026-11-05T09:30:00.123456Z",
		"2026-11-05T09:30:00.123456789-01:30": "2026-11-05T11:00:00.123456789Z",
	} {
		var m WebhookDelivery
		if err := decoded([]byte(`{"at":"`+text+`","status":null}`), &m); err != nil {
			t.Fatal(err)
		}
		if got := string(encoded(&m)); got != `{"at":"`+expected+`","status":null}` {
			t.Error(got)
		}
	}
}

func TestAbsentNullAndValuesAreThreeThings(t *testing.T) {
	for expected, params := range map[string]LinkUpdateParams{
		`{}`: {},
		`{"title":null,"tags":null,"targets":null,"archived":null}`:                {Title: Null[string](), Tags: Null[[]string](), Targets: Null[TargetsPatch](), Archived: Null[bool]()},
		`{"title":"","tags":[],"targets":{"ios":null},"archived":false}`:           {Title: Set(""), Tags: Set([]string{}), Targets: Set(TargetsPatch{IOS: Null[IOSTargetPatch]()}), Archived: Set(false)},
		`{"starts_at":"2026-11-05T09:30:00Z","click_limit":5}`:                     {StartsAt: Set(time.Date(2026, 11, 5, 9, 30, 0, 0, time.UTC)), ClickLimit: Int(5)},
		`{"geo":{"AT":"https://a","DE":null},"variants":[{"url":"u","weight":1}]}`: {Geo: Set(GeoPatch{"DE": Null[string](), "AT": Set("https://a")}), Variants: Set([]VariantInput{{URL: "u", Weight: 1}})},
	} {
		if got := string(encoded(&params)); got != expected {
			t.Errorf("%s, expected %s", got, expected)
		}
		var again LinkUpdateParams
		if err := decoded([]byte(expected), &again); err != nil || !reflect.DeepEqual(again, params) {
			t.Errorf("%s: %v", expected, err)
		}
	}
	create := LinkCreateParams{URL: "u", Tags: []string{}, UTM: &UTMInput{}, Geo: Geo{}}
	if got := string(encoded(&create)); got != `{"url":"u","tags":[],"geo":{},"utm":{}}` {
		t.Error(got)
	}
	if got := string(encoded(&WebhookCreateParams{})); got != `{"url":"","events":[]}` {
		t.Error(got)
	}
}

func TestTextIsSentAsAllSDKsDo(t *testing.T) {
	params := LinkUpdateParams{Title: Set("<a> & \"b\"\\ \u2028 \x7f é 日 😀 \b\f\n\r\t\x01 \xff")}
	expected := `{"title":"<a> & \"b\"\\ ` + "\u2028 \x7f é 日 😀" + ` \b\f\n\r\t\u0001 ` + "\uFFFD" + `"}`
	if got := string(encoded(&params)); got != expected {
		t.Errorf("%s\n%s", got, expected)
	}
}

func TestFieldsByThemselves(t *testing.T) {
	var own struct {
		A Field[string] `json:"a,omitzero"`
		B Field[int64]  `json:"b,omitzero"`
		C Field[Secret] `json:"c,omitzero"`
	}
	if text, _ := json.Marshal(own); string(text) != `{}` {
		t.Errorf("%s", text)
	}
	if err := json.Unmarshal([]byte(`{"a":null,"b":5,"c":"s3cret"}`), &own); err != nil {
		t.Fatal(err)
	}
	if !own.A.IsNull() || own.A.IsZero() || own.A.Or("x") != "x" || own.B.Or(1) != 5 || own.B.Value() != 5 {
		t.Errorf("%v", own)
	}
	if value, ok := own.C.Get(); !ok || value.Expose() != "s3cret" {
		t.Error("the secret is lost")
	}
	if text, _ := json.Marshal(own); string(text) != `{"a":null,"b":5,"c":"s3cret"}` {
		t.Errorf("%s", text)
	}
	if text := fmt.Sprintf("%v %d %q %+v", own.A, own.B, Set("x"), Field[string]{}); text != `null 5 "x" absent` {
		t.Error(text)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	client, err := New(WithAPIKey("ak_s3cret"), WithConfirmation(NewSecret("cnf_s3cret")))
	if err != nil {
		t.Fatal(err)
	}
	params := LinkCreateParams{URL: "u", Password: SetSecret("s3cret")}
	webhook := Webhook{Secret: SetSecret("whsec_s3cret")}
	failure := &Error{Body: []byte("s3cret"), Header: headerOf("Set-Cookie", "s3cret", "X-Api-Token", "s3cret"), Confirmation: &ConfirmationRequest{Token: NewSecret("s3cret")}}
	hidden := struct {
		params  LinkCreateParams
		webhook *Webhook
		secret  Secret
		client  Client
	}{params, &webhook, NewSecret("s3cret"), client}
	for _, value := range []any{
		client, &client, params, &params, webhook, &webhook, WebhookResponse{Webhook: &webhook}, failure, *failure, failure.Confirmation,
		NewSecret("s3cret"), SetSecret("s3cret"), hidden, &hidden, []Webhook{webhook}, BatchUnion{params},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "s3cret") || strings.Contains(text, fmt.Sprintf("%x", "s3cret")) {
				t.Errorf("%T with %s: %s", value, verb, text)
			}
		}
		for _, handler := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var log bytes.Buffer
			switch value.(type) {
			case WebhookResponse, []Webhook, BatchUnion, Error, *ConfirmationRequest: // JSON holds secrets: that is how they are sent
				continue
			}
			slog.New(handler(&log)).Info("x", "value", value)
			if strings.Contains(log.String(), "s3cret") {
				t.Errorf("%T: %s", value, log.String())
			}
		}
	}
}

// BatchUnion is a struct of a user's own.
type BatchUnion struct{ Params LinkCreateParams }

func FuzzModels(f *testing.F) {
	for _, example := range modelExamples {
		f.Add([]byte(example.json))
	}
	f.Add([]byte(`{"items":[{}],"next_cursor":"\u00e9\ud83d\ude00","has_more":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, example := range modelExamples {
			model := example.model().(json.Unmarshaler)
			if model.UnmarshalJSON(text) != nil {
				continue
			}
			if !json.Valid(text) {
				t.Fatalf("%s takes what is no JSON: %s", example.name, text)
			}
			again, err := json.Marshal(model)
			if err != nil {
				t.Fatalf("%s: %v", example.name, err)
			}
			second := example.model()
			if err := json.Unmarshal(again, second); err != nil {
				t.Fatalf("%s does not take what it gave: %s, %v", example.name, again, err)
			}
			if third, err := json.Marshal(second); err != nil || !bytes.Equal(again, third) {
				t.Fatalf("%s is not itself after a round trip:\n%s\n%s, %v", example.name, again, third, err)
			}
		}
		if event, err := UnmarshalEvent(text); err == nil {
			if again, err := json.Marshal(event); err != nil {
				t.Fatalf("%s: %v", again, err)
			}
		}
	})
}
