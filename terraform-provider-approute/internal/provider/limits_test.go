package provider

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// A schemaPart is as much of a JSON Schema as these tests read.
type schemaPart struct {
	Pattern    string                `json:"pattern"`
	MaxLength  int                   `json:"maxLength"`
	MinLength  int                   `json:"minLength"`
	MaxItems   int                   `json:"maxItems"`
	MaxEntries int                   `json:"maxProperties"`
	Minimum    int                   `json:"minimum"`
	Maximum    int                   `json:"maximum"`
	Default    any                   `json:"default"`
	Properties map[string]schemaPart `json:"properties"`
	AllOf      []schemaPart          `json:"allOf"`
}

func specSchemas(t *testing.T) map[string]schemaPart {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "spec", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Components struct {
			Schemas map[string]schemaPart `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		t.Fatal(err)
	}
	return spec.Components.Schemas
}

// Everything that can be set can be set here: a field that the spec gains turns this red.
func TestEveryFieldIsAnAttribute(t *testing.T) {
	schemas := specSchemas(t)
	for _, kind := range []struct {
		resource resource.Resource
		request  string
		renamed  map[string]string
	}{
		{&linkResource{}, "LinkCreate", map[string]string{"password": "password_wo"}},
		{&webhookResource{}, "WebhookCreate", nil},
		{&webhookResource{}, "WebhookUpdate", nil},
		{&webhookResource{}, "WebhookRotateSecret", map[string]string{"expire_previous_in": "rotation_overlap_seconds"}},
	} {
		var shown resource.SchemaResponse
		kind.resource.Schema(context.Background(), resource.SchemaRequest{}, &shown)
		fields := schemas[kind.request].Properties
		if len(fields) == 0 {
			t.Errorf("the spec has no %s", kind.request)
		}
		for field := range fields {
			name := field
			if other, ok := kind.renamed[field]; ok {
				name = other
			}
			if _, ok := shown.Schema.Attributes[name]; !ok {
				t.Errorf("%s.%s is no attribute", kind.request, field)
			}
			if at, ok := attributeOf("/" + field); !ok || at.String() != name {
				t.Errorf("an error at /%s is shown at %s, not at %s", field, at, name)
			}
		}
	}
}

func TestLimitsAreThoseOfTheSpec(t *testing.T) {
	schemas := specSchemas(t)
	for name, pattern := range map[string]string{
		"DestinationUrl": urlPattern, "EndpointUrl": urlPattern, "Slug": slugPattern, "DomainName": domainPattern, "CountryCode": countryPattern,
		"AppStoreId": appStoreIDPattern, "BundleId": bundleIDPattern, "PackageName": packageNamePattern, "AppVersion": appVersionPattern,
		"LinkId": linkIDPattern, "WebhookId": webhookIDPattern,
	} {
		if schemas[name].Pattern != pattern {
			t.Errorf("%s is %s in the spec, %s here", name, schemas[name].Pattern, pattern)
		}
	}
	number := func(name string, here, spec int) {
		if here != spec {
			t.Errorf("%s is %d in the spec, %d here", name, spec, here)
		}
	}
	number("url", maxURL, schemas["DestinationUrl"].MaxLength)
	for _, name := range []string{"ExternalId", "Title", "ProgramId", "SubId", "UtmValue"} {
		number(name, maxName, schemas[name].MaxLength)
	}
	number("notes", maxNotes, schemas["Notes"].MaxLength)
	number("a tag", maxTag, schemas["Tag"].MaxLength)
	number("tags", maxTags, schemas["Tags"].MaxItems)
	number("geo", maxCountries, schemas["Geo"].MaxEntries)
	number("variants", maxVariants, schemas["VariantsInput"].MaxItems)
	number("weight", maxWeight, schemas["VariantWeight"].Maximum)
	number("click_thresholds", maxThresholds, schemas["ClickThresholds"].MaxItems)
	number("domain", maxDomain, schemas["DomainName"].MaxLength)
	number("bundle_id", maxBundleID, schemas["BundleId"].MaxLength)
	number("package_name", maxPackage, schemas["PackageName"].MaxLength)
	number("min_version", maxAppVersion, schemas["AppVersion"].MaxLength)
	number("min_version_code", maxCode, schemas["VersionCode"].Maximum)
	number("password", minPassword, schemas["Password"].MinLength)
	number("password", maxPassword, schemas["Password"].MaxLength)
	number("max_failures", maxFailures, schemas["PasswordFailures"].Maximum)
	number("window_seconds", minWindow, schemas["PasswordWindow"].Minimum)
	number("window_seconds", maxWindow, schemas["PasswordWindow"].Maximum)
	number("events", maxEvents, schemas["EventTypes"].MaxItems)
	number("description", maxPurpose, schemas["WebhookDescription"].MaxLength)
	overlap := schemas["WebhookRotateSecret"].Properties["expire_previous_in"]
	number("rotation_overlap_seconds", maxOverlap, overlap.Maximum)
	for _, standard := range []struct {
		name string
		here float64
		spec any
	}{
		{"max_failures", defaultFailures, schemas["PasswordFailures"].Default},
		{"window_seconds", defaultWindow, schemas["PasswordWindow"].Default},
		{"redirect_status", defaultStatus, schemas["RedirectStatus"].Default},
		{"rotation_overlap_seconds", defaultOverlap, overlap.Default},
	} {
		if standard.spec != standard.here {
			t.Errorf("%s is %v by default in the spec, %v here", standard.name, standard.spec, standard.here)
		}
	}
}
