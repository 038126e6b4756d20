package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

// linksDataSource is approute_links.
type linksDataSource struct{ *service }

var _ datasource.DataSourceWithConfigure = &linksDataSource{}

type linksModel struct {
	Q             types.String `tfsdk:"q"`
	Tags          []string     `tfsdk:"tags"`
	Domain        types.String `tfsdk:"domain"`
	ExternalID    types.String `tfsdk:"external_id"`
	ProgramID     types.String `tfsdk:"program_id"`
	SubID         types.String `tfsdk:"sub_id"`
	Status        types.String `tfsdk:"status"`
	CreatedAfter  instant      `tfsdk:"created_after"`
	CreatedBefore instant      `tfsdk:"created_before"`
	Links         []shownLink  `tfsdk:"links"`
}

func (d *linksDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "approute_links"
}

func (d *linksDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.service = serviceOf(req.ProviderData, &resp.Diagnostics)
}

func (d *linksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	filter := func(description string, validators ...validator.String) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: validators}
	}
	at := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, CustomType: instantType{}, Optional: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "All links that fit the filters, newest first, with their counts of clicks. Without filters, all of the workspace.",
		Attributes: map[string]schema.Attribute{
			"q": filter("Text to find in slug, title, url, notes or external id, without regard to case.", lengths(1, maxName)...),
			"tags": schema.SetAttribute{
				MarkdownDescription: "Tags, all of which a link must have.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Set{setvalidator.SizeAtMost(maxTags), setvalidator.ValueStringsAre(lengths(1, maxTag)...)},
			},
			"domain":      filter("The domain.", form(domainPattern, "must be a domain name in lower case")...),
			"external_id": filter("Your own id; at most one link has it.", lengths(1, maxName)...),
			"program_id":  filter("The program.", lengths(1, maxName)...),
			"sub_id":      filter("The sub-ID.", lengths(1, maxName)...),
			"status": filter("The status: `active`, `scheduled`, `expired`, `exhausted`, `archived` or `deleted`. Without it, all but deleted links.",
				stringvalidator.LengthAtLeast(1)),
			"created_after":  at("Only links created at or after this time (RFC 3339)."),
			"created_before": at("Only links created before this time (RFC 3339)."),
			"links": schema.ListNestedAttribute{
				MarkdownDescription: "The links.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: shownLinkAttributes()},
			},
		},
	}
}

func (d *linksDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model linksModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.ready(&resp.Diagnostics) {
		return
	}
	params := approute.LinkListParams{
		Q:             model.Q.ValueString(),
		Tag:           model.Tags,
		Domain:        model.Domain.ValueString(),
		ExternalID:    model.ExternalID.ValueString(),
		ProgramID:     model.ProgramID.ValueString(),
		SubID:         model.SubID.ValueString(),
		Status:        approute.LinkStatus(model.Status.ValueString()),
		CreatedAfter:  timeOf(model.CreatedAfter),
		CreatedBefore: timeOf(model.CreatedBefore),
	}
	model.Links = []shownLink{}
	err := d.listLinks(ctx, params, func(link *approute.Link) bool {
		model.Links = append(model.Links, shownLinkOf(link))
		return true
	})
	if err != nil {
		d.explain(&resp.Diagnostics, "Links cannot be listed", err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
