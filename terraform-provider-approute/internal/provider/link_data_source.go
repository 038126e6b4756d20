package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

// shownLink is a link as data sources show it: with its counts, and what changes by itself.
type shownLink struct {
	linkFields
	Status         types.String `tfsdk:"status"`
	ClickCount     types.Int64  `tfsdk:"click_count"`
	BotClickCount  types.Int64  `tfsdk:"bot_click_count"`
	LastClickedAt  instant      `tfsdk:"last_clicked_at"`
	UpdatedAt      instant      `tfsdk:"updated_at"`
	DeletedAt      instant      `tfsdk:"deleted_at"`
	PurgeAt        instant      `tfsdk:"purge_at"`
	CreatedByKeyID types.String `tfsdk:"created_by_key_id"`
	Version        types.Int64  `tfsdk:"version"`
}

func shownLinkOf(link *approute.Link) shownLink {
	return shownLink{
		linkFields:     fieldsOf(link),
		Status:         types.StringValue(string(link.Status)),
		ClickCount:     types.Int64Value(link.ClickCount),
		BotClickCount:  types.Int64Value(link.BotClickCount),
		LastClickedAt:  instantOf(link.LastClickedAt),
		UpdatedAt:      instantOf(approute.Set(link.UpdatedAt)),
		DeletedAt:      instantOf(link.DeletedAt),
		PurgeAt:        instantOf(link.PurgeAt),
		CreatedByKeyID: types.StringValue(link.CreatedByKeyID),
		Version:        types.Int64Value(link.Version),
	}
}

func shownLinkAttributes() map[string]schema.Attribute {
	attributes := shownAttributes(linkAttributes())
	at := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, CustomType: instantType{}, Computed: true}
	}
	count := func(description string) schema.Attribute {
		return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
	}
	attributes["status"] = schema.StringAttribute{
		MarkdownDescription: "What a visit meets: `active`, `scheduled`, `expired`, `exhausted`, `archived` or `deleted`.",
		Computed:            true,
	}
	attributes["click_count"] = count("Visits, bots excluded.")
	attributes["bot_click_count"] = count("Visits by bots and link previews.")
	attributes["last_clicked_at"] = at("The last visit, bots excluded.")
	attributes["updated_at"] = at("When the link was last changed; clicks are no change.")
	attributes["deleted_at"] = at("When the link was deleted.")
	attributes["purge_at"] = at("When a deleted link is removed for good.")
	attributes["created_by_key_id"] = schema.StringAttribute{MarkdownDescription: "The id of the API key that created the link.", Computed: true}
	attributes["version"] = count("Counts the link's changes, from 1.")
	// Descriptions of the resource that speak of writing.
	attributes["domain"] = schema.StringAttribute{MarkdownDescription: "The domain of the short URL.", Computed: true}
	attributes["slug"] = schema.StringAttribute{MarkdownDescription: "The last part of the short URL.", Computed: true}
	attributes["external_id"] = schema.StringAttribute{MarkdownDescription: "Your own id for the link.", Computed: true}
	return attributes
}

// linkDataSource is approute_link.
type linkDataSource struct{ *service }

var (
	_ datasource.DataSourceWithConfigure        = &linkDataSource{}
	_ datasource.DataSourceWithConfigValidators = &linkDataSource{}
)

func (d *linkDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "approute_link"
}

func (d *linkDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.service = serviceOf(req.ProviderData, &resp.Diagnostics)
}

func (d *linkDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := shownLinkAttributes()
	lookup := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Computed: true}
	}
	attributes["id"] = lookup("The link's id, `lnk_…`. One of `id`, `slug` and `external_id` says which link it is.")
	attributes["slug"] = lookup("The last part of the short URL, without regard to case.")
	attributes["domain"] = lookup("The domain of the short URL; needed with `slug` where several of the workspace's domains have it.")
	attributes["external_id"] = lookup("Your own id for the link.")
	resp.Schema = schema.Schema{
		MarkdownDescription: "One link, with its counts of clicks. A deleted one is found by its `id` only.",
		Attributes:          attributes,
	}
}

func (d *linkDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("slug"), path.MatchRoot("external_id")),
		datasourcevalidator.Conflicting(path.MatchRoot("domain"), path.MatchRoot("id")),
		datasourcevalidator.Conflicting(path.MatchRoot("domain"), path.MatchRoot("external_id")),
	}
}

func (d *linkDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var wanted shownLink
	resp.Diagnostics.Append(req.Config.Get(ctx, &wanted)...)
	if resp.Diagnostics.HasError() || !d.ready(&resp.Diagnostics) {
		return
	}
	var links []*approute.Link
	var link *approute.Link
	var err error
	at, name := path.Root("id"), wanted.ID.ValueString()
	switch {
	case !wanted.ID.IsNull():
		link, err = d.getLink(ctx, name)
	case !wanted.ExternalID.IsNull():
		at, name = path.Root("external_id"), wanted.ExternalID.ValueString()
		link, err = d.linkByExternalID(ctx, name)
	default:
		at, name = path.Root("slug"), wanted.Slug.ValueString()
		links, err = d.linksBySlug(ctx, wanted.Domain.ValueString(), name)
	}
	if link != nil {
		links = append(links, link)
	}
	switch {
	case errors.Is(err, approute.ErrNotFound), err == nil && len(links) == 0:
		resp.Diagnostics.AddAttributeError(at, "There is no such link", fmt.Sprintf("The workspace has no link with %s %q.", at, name))
	case err != nil:
		d.explain(&resp.Diagnostics, "The link cannot be read", err)
	case len(links) > 1:
		resp.Diagnostics.AddAttributeError(at, "The slug is not unique", fmt.Sprintf("%s and %s have it. Say which domain is meant.",
			links[0].Domain, links[1].Domain))
	default:
		shown := shownLinkOf(links[0])
		if !wanted.Slug.IsNull() {
			// As it was asked for, in whatever case.
			shown.Slug = wanted.Slug
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, &shown)...)
	}
}

// timeOf reads a filter.
func timeOf(value instant) time.Time {
	at, err := value.time()
	if value.IsNull() || err != nil {
		return time.Time{}
	}
	return at
}
