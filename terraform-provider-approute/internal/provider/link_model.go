package provider

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

// linkFields are the attributes that the resource and the data sources have in common: a link as it is set up, without
// what visits change.
type linkFields struct {
	ID              types.String         `tfsdk:"id"`
	Domain          types.String         `tfsdk:"domain"`
	Slug            types.String         `tfsdk:"slug"`
	ShortURL        types.String         `tfsdk:"short_url"`
	URL             types.String         `tfsdk:"url"`
	ExternalID      types.String         `tfsdk:"external_id"`
	Title           types.String         `tfsdk:"title"`
	Notes           types.String         `tfsdk:"notes"`
	Tags            []string             `tfsdk:"tags"`
	Targets         *targetsModel        `tfsdk:"targets"`
	Geo             map[string]string    `tfsdk:"geo"`
	Variants        []variantModel       `tfsdk:"variants"`
	UTM             *utmModel            `tfsdk:"utm"`
	ForwardQuery    types.Bool           `tfsdk:"forward_query"`
	RedirectStatus  types.Int64          `tfsdk:"redirect_status"`
	HasPassword     types.Bool           `tfsdk:"has_password"`
	PasswordPolicy  *passwordPolicyModel `tfsdk:"password_policy"`
	StartsAt        instant              `tfsdk:"starts_at"`
	ExpiresAt       instant              `tfsdk:"expires_at"`
	ExpiredURL      types.String         `tfsdk:"expired_url"`
	ClickLimit      types.Int64          `tfsdk:"click_limit"`
	ClickThresholds []int64              `tfsdk:"click_thresholds"`
	ProgramID       types.String         `tfsdk:"program_id"`
	SubID           types.String         `tfsdk:"sub_id"`
	Archived        types.Bool           `tfsdk:"archived"`
	CreatedAt       instant              `tfsdk:"created_at"`
}

type targetsModel struct {
	IOS     *iosModel     `tfsdk:"ios"`
	Android *androidModel `tfsdk:"android"`
}

type iosModel struct {
	AppStoreID       types.String `tfsdk:"app_store_id"`
	BundleID         types.String `tfsdk:"bundle_id"`
	UniversalLinkURL types.String `tfsdk:"universal_link_url"`
	FallbackURL      types.String `tfsdk:"fallback_url"`
	MinVersion       types.String `tfsdk:"min_version"`
}

type androidModel struct {
	PackageName    types.String `tfsdk:"package_name"`
	AppLinkURL     types.String `tfsdk:"app_link_url"`
	FallbackURL    types.String `tfsdk:"fallback_url"`
	MinVersionCode types.Int64  `tfsdk:"min_version_code"`
}

type variantModel struct {
	URL    types.String `tfsdk:"url"`
	Weight types.Int64  `tfsdk:"weight"`
}

type utmModel struct {
	Source   types.String `tfsdk:"source"`
	Medium   types.String `tfsdk:"medium"`
	Campaign types.String `tfsdk:"campaign"`
	Term     types.String `tfsdk:"term"`
	Content  types.String `tfsdk:"content"`
}

type passwordPolicyModel struct {
	MaxFailures   types.Int64 `tfsdk:"max_failures"`
	WindowSeconds types.Int64 `tfsdk:"window_seconds"`
}

// fieldsOf shows a link of the API.
func fieldsOf(link *approute.Link) linkFields {
	fields := linkFields{
		ID:             types.StringValue(link.ID),
		Domain:         types.StringValue(link.Domain),
		Slug:           types.StringValue(link.Slug),
		ShortURL:       types.StringValue(link.ShortURL),
		URL:            types.StringValue(link.URL),
		ExternalID:     textOf(link.ExternalID),
		Title:          textOf(link.Title),
		Notes:          textOf(link.Notes),
		Tags:           append([]string{}, link.Tags...),
		Targets:        &targetsModel{},
		Geo:            map[string]string{},
		Variants:       []variantModel{},
		ForwardQuery:   types.BoolValue(link.ForwardQuery),
		RedirectStatus: types.Int64Value(int64(link.RedirectStatus)),
		HasPassword:    types.BoolValue(link.HasPassword),
		UTM: &utmModel{
			Source:   textOf(link.UTM.Source),
			Medium:   textOf(link.UTM.Medium),
			Campaign: textOf(link.UTM.Campaign),
			Term:     textOf(link.UTM.Term),
			Content:  textOf(link.UTM.Content),
		},
		PasswordPolicy: &passwordPolicyModel{
			MaxFailures:   types.Int64Value(link.PasswordPolicy.MaxFailures),
			WindowSeconds: types.Int64Value(link.PasswordPolicy.WindowSeconds),
		},
		StartsAt:        instantOf(link.StartsAt),
		ExpiresAt:       instantOf(link.ExpiresAt),
		ExpiredURL:      textOf(link.ExpiredURL),
		ClickLimit:      numberOf(link.ClickLimit),
		ClickThresholds: append([]int64{}, link.ClickThresholds...),
		ProgramID:       textOf(link.ProgramID),
		SubID:           textOf(link.SubID),
		Archived:        types.BoolValue(link.Archived),
		CreatedAt:       instantOf(approute.Set(link.CreatedAt)),
	}
	for country, url := range link.Geo {
		fields.Geo[country] = url
	}
	for _, variant := range link.Variants {
		fields.Variants = append(fields.Variants, variantModel{types.StringValue(variant.URL), types.Int64Value(variant.Weight)})
	}
	if ios := link.Targets.IOS; ios != nil {
		fields.Targets.IOS = &iosModel{
			AppStoreID:       textOf(ios.AppStoreID),
			BundleID:         textOf(ios.BundleID),
			UniversalLinkURL: textOf(ios.UniversalLinkURL),
			FallbackURL:      textOf(ios.FallbackURL),
			MinVersion:       textOf(ios.MinVersion),
		}
	}
	if android := link.Targets.Android; android != nil {
		fields.Targets.Android = &androidModel{
			PackageName:    textOf(android.PackageName),
			AppLinkURL:     textOf(android.AppLinkURL),
			FallbackURL:    textOf(android.FallbackURL),
			MinVersionCode: numberOf(android.MinVersionCode),
		}
	}
	return fields
}

// createParams gives what creates the link, password aside.
func (f *linkFields) createParams() approute.LinkCreateParams {
	params := approute.LinkCreateParams{
		URL:             f.URL.ValueString(),
		Domain:          given(f.Domain),
		Slug:            given(f.Slug),
		ExternalID:      given(f.ExternalID),
		Title:           given(f.Title),
		Notes:           given(f.Notes),
		Tags:            f.Tags,
		Geo:             f.Geo,
		Variants:        variantInputs(f.Variants),
		ForwardQuery:    approute.Set(f.ForwardQuery.ValueBool()),
		RedirectStatus:  approute.Set(approute.RedirectStatus(f.RedirectStatus.ValueInt64())),
		StartsAt:        absentForNull(f.StartsAt.field()),
		ExpiresAt:       absentForNull(f.ExpiresAt.field()),
		ExpiredURL:      given(f.ExpiredURL),
		ClickLimit:      absentForNull(number(f.ClickLimit)),
		ClickThresholds: f.ClickThresholds,
		ProgramID:       given(f.ProgramID),
		SubID:           given(f.SubID),
		Archived:        approute.Set(f.Archived.ValueBool()),
	}
	if utm := f.UTM; utm != nil {
		params.UTM = &approute.UTMInput{
			Source:   given(utm.Source),
			Medium:   given(utm.Medium),
			Campaign: given(utm.Campaign),
			Term:     given(utm.Term),
			Content:  given(utm.Content),
		}
	}
	if policy := f.PasswordPolicy; policy != nil {
		params.PasswordPolicy = &approute.PasswordPolicyInput{
			MaxFailures:   absentForNull(number(policy.MaxFailures)),
			WindowSeconds: absentForNull(number(policy.WindowSeconds)),
		}
	}
	if f.Targets != nil && (f.Targets.IOS != nil || f.Targets.Android != nil) {
		params.Targets = &approute.TargetsInput{}
		if ios := f.Targets.IOS; ios != nil {
			params.Targets.IOS = &approute.IOSTargetInput{
				AppStoreID:       given(ios.AppStoreID),
				BundleID:         given(ios.BundleID),
				UniversalLinkURL: given(ios.UniversalLinkURL),
				FallbackURL:      given(ios.FallbackURL),
				MinVersion:       given(ios.MinVersion),
			}
		}
		if android := f.Targets.Android; android != nil {
			params.Targets.Android = &approute.AndroidTargetInput{
				PackageName:    given(android.PackageName),
				AppLinkURL:     given(android.AppLinkURL),
				FallbackURL:    given(android.FallbackURL),
				MinVersionCode: absentForNull(number(android.MinVersionCode)),
			}
		}
	}
	return params
}

func variantInputs(variants []variantModel) []approute.VariantInput {
	inputs := make([]approute.VariantInput, 0, len(variants))
	for _, variant := range variants {
		inputs = append(inputs, approute.VariantInput{URL: variant.URL.ValueString(), Weight: variant.Weight.ValueInt64()})
	}
	return inputs
}

// textOf shows a text of the API.
func textOf(field approute.Field[string]) types.String {
	if text, ok := field.Get(); ok {
		return types.StringValue(text)
	}
	return types.StringNull()
}

// numberOf shows a number of the API.
func numberOf(field approute.Field[int64]) types.Int64 {
	if number, ok := field.Get(); ok {
		return types.Int64Value(number)
	}
	return types.Int64Null()
}

// text gives what an update sends: null clears.
func text(value types.String) approute.Field[string] {
	if value.IsNull() || value.IsUnknown() {
		return approute.Null[string]()
	}
	return approute.Set(value.ValueString())
}

// number gives what an update sends: null clears.
func number(value types.Int64) approute.Field[int64] {
	if value.IsNull() || value.IsUnknown() {
		return approute.Null[int64]()
	}
	return approute.Set(value.ValueInt64())
}

// given gives what a create sends: nothing where there is no value.
func given(value types.String) approute.Field[string] { return absentForNull(text(value)) }

func absentForNull[T any](field approute.Field[T]) approute.Field[T] {
	if field.IsNull() {
		return approute.Field[T]{}
	}
	return field
}

// sameSet compares without regard to order.
func sameSet[T interface{ ~string | ~int64 }](a, b []T) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
