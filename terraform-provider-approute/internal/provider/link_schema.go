package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Where a link has none of something, the API answers with an empty list or an object of nulls. Defaults say the same, so
// that leaving an attribute out and writing it empty are one thing, and an import matches both.

// linkAttributes are those of the resource that describe the link itself; data sources show them too.
func linkAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			MarkdownDescription: "The link's id, `lnk_…`.",
			Computed:            true,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"domain": schema.StringAttribute{
			MarkdownDescription: "One of the workspace's domains, lower case; its first one by default. A change replaces the link.",
			Optional:            true,
			Computed:            true,
			Validators:          form(domainPattern, "must be a domain name in lower case", lengths(1, maxDomain)...),
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplaceIfConfigured()},
		},
		"slug": schema.StringAttribute{
			MarkdownDescription: "The last part of the short URL: up to 64 letters, digits, `-` and `_`. Drawn at random where it is left out; " +
				"then `external_id` is required. A change replaces the link, since short URLs that are out in the world must not " +
				"come to mean something else.",
			Optional:      true,
			Computed:      true,
			Validators:    form(slugPattern, "must be up to 64 letters, digits, - and _, and begin with a letter or digit"),
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplaceIfConfigured()},
		},
		"short_url": schema.StringAttribute{
			MarkdownDescription: "What to share.",
			Computed:            true,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"url": schema.StringAttribute{
			MarkdownDescription: "Where a visit goes; http or https only.",
			Required:            true,
			Validators:          urls(),
		},
		"external_id": schema.StringAttribute{
			MarkdownDescription: "Your own id for the link, unique in the workspace, deleted links included. Required where there is no `slug`: " +
				"one of the two lets an apply that was interrupted find what it has made.",
			Optional:   true,
			Validators: lengths(1, maxName),
		},
		"title": schema.StringAttribute{
			MarkdownDescription: "A name for people.",
			Optional:            true,
			Validators:          lengths(0, maxName),
		},
		"notes": schema.StringAttribute{
			MarkdownDescription: "Anything worth keeping with the link.",
			Optional:            true,
			Validators:          lengths(0, maxNotes),
		},
		"tags": schema.SetAttribute{
			MarkdownDescription: "Labels.",
			ElementType:         types.StringType,
			Optional:            true,
			Computed:            true,
			Default:             setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{})),
			Validators:          []validator.Set{setvalidator.SizeAtMost(maxTags), setvalidator.ValueStringsAre(lengths(1, maxTag)...)},
		},
		"targets": targetsAttribute(),
		"geo": schema.MapAttribute{
			MarkdownDescription: "Destinations by the visitor's country (ISO 3166-1 alpha-2, such as `DE`).",
			ElementType:         types.StringType,
			Optional:            true,
			Computed:            true,
			Default:             mapdefault.StaticValue(types.MapValueMust(types.StringType, map[string]attr.Value{})),
			Validators: []validator.Map{
				mapvalidator.SizeAtMost(maxCountries),
				mapvalidator.KeysAre(form(countryPattern, "must be two capital letters, such as DE")...),
				mapvalidator.ValueStringsAre(urls()...),
			},
		},
		"variants": schema.ListNestedAttribute{
			MarkdownDescription: "Destinations among which visitors are divided, each visitor always to the same one.",
			Optional:            true,
			Computed:            true,
			Default:             listdefault.StaticValue(types.ListValueMust(types.ObjectType{AttrTypes: variantTypes}, []attr.Value{})),
			Validators:          []validator.List{listvalidator.SizeAtMost(maxVariants)},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"url": schema.StringAttribute{
					MarkdownDescription: "Where a visit goes; http or https only.",
					Required:            true,
					Validators:          urls(),
				},
				"weight": schema.Int64Attribute{
					MarkdownDescription: "The share of visitors, in proportion to the sum of all weights.",
					Required:            true,
					Validators:          []validator.Int64{int64validator.Between(1, maxWeight)},
				},
			}},
		},
		"utm": utmAttribute(),
		"forward_query": schema.BoolAttribute{
			MarkdownDescription: "Whether the visit's query is passed on to the destination; `false` by default.",
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(false),
		},
		"redirect_status": schema.Int64Attribute{
			MarkdownDescription: "The status of the redirect: 301, 302, 307 or 308; 302 by default. Browsers remember 301 and 308, so that they do " +
				"not go together with a password, `expires_at`, `geo`, `variants` or `click_limit`.",
			Optional:   true,
			Computed:   true,
			Default:    int64default.StaticInt64(defaultStatus),
			Validators: []validator.Int64{int64validator.OneOf(301, 302, 307, 308)},
		},
		"has_password": schema.BoolAttribute{
			MarkdownDescription: "Whether a visitor has to type a password.",
			Computed:            true,
		},
		"password_policy": schema.SingleNestedAttribute{
			MarkdownDescription: "When wrong passwords are refused without being looked at; 5 within 600 seconds by default.",
			Optional:            true,
			Computed:            true,
			Default: objectdefault.StaticValue(types.ObjectValueMust(policyTypes, map[string]attr.Value{
				"max_failures": types.Int64Value(defaultFailures), "window_seconds": types.Int64Value(defaultWindow),
			})),
			Attributes: map[string]schema.Attribute{
				"max_failures": schema.Int64Attribute{
					MarkdownDescription: "How many wrong passwords are allowed within the window; 5 by default.",
					Optional:            true,
					Computed:            true,
					Default:             int64default.StaticInt64(defaultFailures),
					Validators:          []validator.Int64{int64validator.Between(1, maxFailures)},
				},
				"window_seconds": schema.Int64Attribute{
					MarkdownDescription: "The window in seconds, 600 by default.",
					Optional:            true,
					Computed:            true,
					Default:             int64default.StaticInt64(defaultWindow),
					Validators:          []validator.Int64{int64validator.Between(minWindow, maxWindow)},
				},
			},
		},
		"starts_at": schema.StringAttribute{
			MarkdownDescription: "Before this time (RFC 3339) the link answers as if it were not there.",
			CustomType:          instantType{},
			Optional:            true,
			PlanModifiers:       []planmodifier.String{keepSameInstant{}},
		},
		"expires_at": schema.StringAttribute{
			MarkdownDescription: "From this time (RFC 3339) on the link is expired; later than `starts_at`.",
			CustomType:          instantType{},
			Optional:            true,
			PlanModifiers:       []planmodifier.String{keepSameInstant{}},
		},
		"expired_url": schema.StringAttribute{
			MarkdownDescription: "Where visits go when the link is expired or exhausted.",
			Optional:            true,
			Validators:          urls(),
		},
		"click_limit": schema.Int64Attribute{
			MarkdownDescription: "After this many clicks, bots excluded, the link is exhausted.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AtLeast(1)},
		},
		"click_thresholds": schema.SetAttribute{
			MarkdownDescription: "Numbers of clicks that are announced by the event `link.click_threshold`, each once.",
			ElementType:         types.Int64Type,
			Optional:            true,
			Computed:            true,
			Default:             setdefault.StaticValue(types.SetValueMust(types.Int64Type, []attr.Value{})),
			Validators:          []validator.Set{setvalidator.SizeAtMost(maxThresholds), setvalidator.ValueInt64sAre(int64validator.AtLeast(1))},
		},
		"program_id": schema.StringAttribute{
			MarkdownDescription: "The campaign or creator program that the link belongs to.",
			Optional:            true,
			Validators:          lengths(1, maxName),
		},
		"sub_id": schema.StringAttribute{
			MarkdownDescription: "The sub-ID under which visits are counted.",
			Optional:            true,
			Validators:          lengths(1, maxName),
		},
		"archived": schema.BoolAttribute{
			MarkdownDescription: "Whether the link is archived: it then answers visits with 410. `false` by default.",
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(false),
		},
		"created_at": schema.StringAttribute{
			MarkdownDescription: "When the link was created.",
			CustomType:          instantType{},
			Computed:            true,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	}
}

var (
	variantTypes = map[string]attr.Type{"url": types.StringType, "weight": types.Int64Type}
	policyTypes  = map[string]attr.Type{"max_failures": types.Int64Type, "window_seconds": types.Int64Type}
	utmTypes     = map[string]attr.Type{
		"source": types.StringType, "medium": types.StringType, "campaign": types.StringType, "term": types.StringType, "content": types.StringType,
	}
	iosTypes = map[string]attr.Type{
		"app_store_id": types.StringType, "bundle_id": types.StringType, "universal_link_url": types.StringType,
		"fallback_url": types.StringType, "min_version": types.StringType,
	}
	androidTypes = map[string]attr.Type{
		"package_name": types.StringType, "app_link_url": types.StringType, "fallback_url": types.StringType, "min_version_code": types.Int64Type,
	}
	targetsTypes = map[string]attr.Type{"ios": types.ObjectType{AttrTypes: iosTypes}, "android": types.ObjectType{AttrTypes: androidTypes}}
)

func targetsAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Where visits from phones go.",
		Optional:            true,
		Computed:            true,
		Default: objectdefault.StaticValue(types.ObjectValueMust(targetsTypes, map[string]attr.Value{
			"ios": types.ObjectNull(iosTypes), "android": types.ObjectNull(androidTypes),
		})),
		Attributes: map[string]schema.Attribute{
			"ios": schema.SingleNestedAttribute{
				MarkdownDescription: "Where visits from iOS go.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"app_store_id": schema.StringAttribute{
						MarkdownDescription: "The app's number in Apple's App Store: the digits after `id` in its address.",
						Optional:            true,
						Validators:          form(appStoreIDPattern, "must be up to 20 digits"),
					},
					"bundle_id": schema.StringAttribute{
						MarkdownDescription: "The app's bundle id.",
						Optional:            true,
						Validators:          form(bundleIDPattern, "must be a bundle id, such as com.example.shop", lengths(1, maxBundleID)...),
					},
					"universal_link_url": schema.StringAttribute{
						MarkdownDescription: "A universal link that opens the app.",
						Optional:            true,
						Validators:          urls(),
					},
					"fallback_url": schema.StringAttribute{
						MarkdownDescription: "Where the visit goes without an App Store page.",
						Optional:            true,
						Validators:          urls(),
					},
					"min_version": schema.StringAttribute{
						MarkdownDescription: "The lowest app version that can open the link.",
						Optional:            true,
						Validators:          form(appVersionPattern, "must be one to three numbers, such as 4.2.0", lengths(1, maxAppVersion)...),
					},
				},
			},
			"android": schema.SingleNestedAttribute{
				MarkdownDescription: "Where visits from Android go.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"package_name": schema.StringAttribute{
						MarkdownDescription: "The app's package name, which leads to its Play page.",
						Optional:            true,
						Validators:          form(packageNamePattern, "must be a package name, such as com.example.shop", lengths(1, maxPackage)...),
					},
					"app_link_url": schema.StringAttribute{
						MarkdownDescription: "An app link that opens the app.",
						Optional:            true,
						Validators:          urls(),
					},
					"fallback_url": schema.StringAttribute{
						MarkdownDescription: "Where the visit goes without a Play page.",
						Optional:            true,
						Validators:          urls(),
					},
					"min_version_code": schema.Int64Attribute{
						MarkdownDescription: "The lowest version code that can open the link.",
						Optional:            true,
						Validators:          []validator.Int64{int64validator.Between(1, maxCode)},
					},
				},
			},
		},
	}
}

func utmAttribute() schema.SingleNestedAttribute {
	none := map[string]attr.Value{}
	attributes := map[string]schema.Attribute{}
	for name := range utmTypes {
		none[name] = types.StringNull()
		attributes[name] = schema.StringAttribute{
			MarkdownDescription: "Sets `utm_" + name + "` on the destination.",
			Optional:            true,
			Validators:          lengths(1, maxName),
		}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "UTM parameters that are set on the destination.",
		Optional:            true,
		Computed:            true,
		Default:             objectdefault.StaticValue(types.ObjectValueMust(utmTypes, none)),
		Attributes:          attributes,
	}
}
