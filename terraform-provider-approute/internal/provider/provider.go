// Package provider is AppRoute's provider for Terraform and OpenTofu.
package provider

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

const (
	defaultMaxRetries = 8
	defaultTimeout    = 5 * time.Minute
)

// New gives what makes providers of this version.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &approuteProvider{version: version} }
}

type approuteProvider struct{ version string }

type providerModel struct {
	APIKey            types.String `tfsdk:"api_key"`
	BaseURL           types.String `tfsdk:"base_url"`
	AllowInsecureHTTP types.Bool   `tfsdk:"allow_insecure_http"`
	MaxRetries        types.Int64  `tfsdk:"max_retries"`
	Timeout           types.String `tfsdk:"timeout"`
	AllowManyDeletes  types.Bool   `tfsdk:"allow_many_deletes"`
}

func (p *approuteProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "approute"
	resp.Version = p.version
}

func (p *approuteProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the short links and webhooks of an [AppRoute](https://getapproute.com) workspace.",
		Attributes: map[string]schema.Attribute{
			"api_key": schema.StringAttribute{
				MarkdownDescription: "The API key of your workspace. `APPROUTE_API_KEY` stands in for it. " +
					"`plan` needs scope `read`, `apply` needs `read_write`.",
				Optional:  true,
				Sensitive: true,
			},
			"base_url": schema.StringAttribute{
				MarkdownDescription: "Where the API is, `https://getapproute.com` by default. `APPROUTE_BASE_URL` stands in for it.",
				Optional:            true,
			},
			"allow_insecure_http": schema.BoolAttribute{
				MarkdownDescription: "Whether `base_url` may be plain http on another machine. The key then crosses the network readably.",
				Optional:            true,
			},
			"max_retries": schema.Int64Attribute{
				MarkdownDescription: fmt.Sprintf("How many times a call is repeated that failed for a reason that may pass, %d by default. "+
					"Waiting for a rate limit does not count.", defaultMaxRetries),
				Optional:   true,
				Validators: []validator.Int64{int64validator.Between(0, 100)},
			},
			"timeout": schema.StringAttribute{
				MarkdownDescription: "How long a call may take in all, repeats and waits included, such as `90s` or `10m`; `5m` by default.",
				Optional:            true,
				Validators:          []validator.String{durationValidator{}},
			},
			"allow_many_deletes": schema.BoolAttribute{
				MarkdownDescription: "Whether the provider may confirm the deletion of many links. AppRoute asks for a confirmation of every " +
					"deletion beyond a threshold within an hour (25, unless your workspace says otherwise), so that a slip does not " +
					"take a campaign offline. Without this setting such deletions fail with an explanation.",
				Optional: true,
			},
		},
	}
}

func (p *approuteProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	service := &service{allowManyDeletes: model.AllowManyDeletes.ValueBool(), timeout: defaultTimeout, sleep: sleep}
	resp.ResourceData, resp.DataSourceData = service, service
	if name := firstUnknown(model); name != "" {
		// A key that another resource is still to make. Plans go on without the API; an apply knows the value.
		service.unknownSetting = name
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
		}
		return
	}
	service.connect(model, p.version, req.TerraformVersion, &resp.Diagnostics)
}

// firstUnknown names a setting whose value is not known yet.
func firstUnknown(model providerModel) string {
	for _, setting := range []struct {
		name  string
		value attr.Value
	}{
		{"api_key", model.APIKey},
		{"base_url", model.BaseURL},
		{"allow_insecure_http", model.AllowInsecureHTTP},
		{"max_retries", model.MaxRetries},
		{"timeout", model.Timeout},
		{"allow_many_deletes", model.AllowManyDeletes},
	} {
		if setting.value.IsUnknown() {
			return setting.name
		}
	}
	return ""
}

// connect makes the client that all resources share. Nothing is sent yet.
func (s *service) connect(model providerModel, version, terraformVersion string, diags *diag.Diagnostics) {
	key := model.APIKey.ValueString()
	s.keySource = "the provider's `api_key`"
	if model.APIKey.IsNull() {
		key, s.keySource = os.Getenv("APPROUTE_API_KEY"), "APPROUTE_API_KEY"
	}
	if key == "" {
		diags.AddAttributeError(path.Root("api_key"), "There is no API key",
			"Set the environment variable APPROUTE_API_KEY, or the provider's api_key, to a key of your workspace: "+
				"its dashboard makes one. `terraform plan` needs scope read, `terraform apply` needs read_write.")
		return
	}
	if !model.Timeout.IsNull() {
		// The schema has checked it.
		s.timeout, _ = time.ParseDuration(model.Timeout.ValueString())
	}
	retries := int64(defaultMaxRetries)
	if !model.MaxRetries.IsNull() {
		retries = model.MaxRetries.ValueInt64()
	}
	options := []approute.Option{
		approute.WithAPIKey(key),
		approute.WithMaxRetries(int(retries)),
		approute.WithTimeout(s.timeout),
		approute.WithHeader("User-Agent", fmt.Sprintf("terraform-provider-approute/%s (terraform %s) approute-go/%s",
			version, orUnknown(terraformVersion), approute.Version)),
	}
	if !model.BaseURL.IsNull() {
		options = append(options, approute.WithBaseURL(model.BaseURL.ValueString()))
	}
	if model.AllowInsecureHTTP.ValueBool() {
		options = append(options, approute.WithInsecureHTTP())
	}
	client, err := approute.New(options...)
	if err != nil {
		// The SDK speaks of its own option.
		text := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "approute: "), "pass WithInsecureHTTP", "set allow_insecure_http")
		diags.AddError("The provider's settings cannot be used", sentence(text)+
			"\n\nSettings are those of the provider block, else APPROUTE_API_KEY and APPROUTE_BASE_URL.")
		return
	}
	s.client = &client
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return version
}

func (p *approuteProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &linkResource{} },
		func() resource.Resource { return &webhookResource{} },
	}
}

func (p *approuteProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		func() datasource.DataSource { return &linkDataSource{} },
		func() datasource.DataSource { return &linksDataSource{} },
		func() datasource.DataSource { return &qrDataSource{} },
	}
}

// durationValidator wants what time.ParseDuration takes, and more than zero.
type durationValidator struct{}

func (durationValidator) Description(context.Context) string {
	return "must be a duration such as 90s or 10m"
}

func (v durationValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v durationValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if duration, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || duration <= 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "This is no duration", "It "+v.Description(ctx)+".")
	}
}
