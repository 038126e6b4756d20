package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// What the API accepts, so that a plan says what an apply would run into. A test holds these against spec/openapi.json.
const (
	urlPattern         = `^[Hh][Tt][Tt][Pp][Ss]?://[^\s\x00]+$`
	slugPattern        = `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`
	domainPattern      = `^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$`
	countryPattern     = `^[A-Z]{2}$`
	appStoreIDPattern  = `^[0-9]{1,20}$`
	bundleIDPattern    = `^[A-Za-z0-9][A-Za-z0-9.-]*$`
	packageNamePattern = `^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`
	appVersionPattern  = `^[0-9]+(\.[0-9]+){0,2}$`
	linkIDPattern      = `^lnk_[0-7][0-9A-HJKMNP-TV-Z]{25}$`
	webhookIDPattern   = `^whk_[0-7][0-9A-HJKMNP-TV-Z]{25}$`
	colorPattern       = `^[0-9A-Fa-f]{6}$`

	maxURL        = 2048
	maxName       = 255 // external id, title, program, sub-ID, UTM parameters
	maxNotes      = 5000
	maxTag        = 64
	maxTags       = 50
	maxCountries  = 250
	maxVariants   = 20
	maxWeight     = 10_000
	maxThresholds = 10
	maxDomain     = 253
	maxBundleID   = 155
	maxPackage    = 150
	maxAppVersion = 32
	maxCode       = 2_100_000_000
	minPassword   = 4
	maxPassword   = 128
	maxFailures   = 100
	minWindow     = 60
	maxWindow     = 86_400
	maxEvents     = 20
	maxPurpose    = 500
	maxOverlap    = 604_800

	defaultFailures = 5
	defaultWindow   = 600
	defaultStatus   = 302
	defaultOverlap  = 86_400
)

var (
	linkID     = regexp.MustCompile(linkIDPattern)
	slugForm   = regexp.MustCompile(slugPattern)
	domainForm = regexp.MustCompile(domainPattern)
	webhookID  = regexp.MustCompile(webhookIDPattern)
)

func lengths(least, most int) []validator.String {
	return []validator.String{stringvalidator.UTF8LengthBetween(least, most)}
}

func form(pattern, message string, more ...validator.String) []validator.String {
	return append(more, stringvalidator.RegexMatches(regexp.MustCompile(pattern), message))
}

// urls is what destinations have to be.
func urls() []validator.String {
	return form(urlPattern, "must be a complete http or https URL, such as https://example.com/page", lengths(8, maxURL)...)
}
