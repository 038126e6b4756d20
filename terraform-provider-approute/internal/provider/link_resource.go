package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

// linkResource is approute_link.
type linkResource struct{ *service }

var (
	_ resource.ResourceWithConfigure        = &linkResource{}
	_ resource.ResourceWithImportState      = &linkResource{}
	_ resource.ResourceWithModifyPlan       = &linkResource{}
	_ resource.ResourceWithValidateConfig   = &linkResource{}
	_ resource.ResourceWithConfigValidators = &linkResource{}
)

type linkModel struct {
	linkFields
	PasswordWO         types.String `tfsdk:"password_wo"`
	PasswordWOVersion  types.Int64  `tfsdk:"password_wo_version"`
	DeletionProtection types.Bool   `tfsdk:"deletion_protection"`
}

func (r *linkResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "approute_link"
}

func (r *linkResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.service = serviceOf(req.ProviderData, &resp.Diagnostics)
}

func (r *linkResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := linkAttributes()
	attributes["password_wo"] = schema.StringAttribute{
		MarkdownDescription: "What a visitor has to type, 4 to 128 characters. Write-only: it is in no plan and no state. Raise " +
			"`password_wo_version` to set it again; remove both to let visitors in without one. Needs Terraform 1.11 or OpenTofu 1.11.",
		Optional:   true,
		Sensitive:  true,
		WriteOnly:  true,
		Validators: append(lengths(minPassword, maxPassword), stringvalidator.AlsoRequires(path.MatchRoot("password_wo_version"))),
	}
	attributes["password_wo_version"] = schema.Int64Attribute{
		MarkdownDescription: "Which password it is: any number, and another one whenever `password_wo` changes, which nothing else would show.",
		Optional:            true,
		Validators:          []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("password_wo"))},
	}
	attributes["deletion_protection"] = schema.BoolAttribute{
		MarkdownDescription: "Whether Terraform refuses to delete or replace the link; `false` by default. Set it to `false` and apply before " +
			"the link can go. It protects from Terraform only.",
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(false),
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A short link with its destinations and rules. Counts of clicks are left to the data source `approute_link`, so that " +
			"visits change no plan.",
		Attributes: attributes,
	}
}

func (r *linkResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{resourcevalidator.AtLeastOneOf(path.MatchRoot("slug"), path.MatchRoot("external_id"))}
}

// ValidateConfig checks what the API refuses in combination, as far as it is known.
func (r *linkResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var status types.Int64
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("redirect_status"), &status)...)
	if code := status.ValueInt64(); code != 301 && code != 308 {
		return
	}
	var limit, password types.Int64
	var geo types.Map
	var variants types.List
	var expires instant
	get := func(name string, target any) {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), target)...)
	}
	get("expires_at", &expires)
	get("click_limit", &limit)
	get("password_wo_version", &password)
	get("geo", &geo)
	get("variants", &variants)
	for _, rule := range []struct {
		name  string
		given bool
	}{
		{"expires_at", !expires.IsNull()},
		{"click_limit", !limit.IsNull()},
		{"password_wo", !password.IsNull()},
		{"geo", len(geo.Elements()) > 0},
		{"variants", len(variants.Elements()) > 0},
	} {
		if rule.given {
			resp.Diagnostics.AddAttributeError(path.Root("redirect_status"), "This redirect status cannot be taken back", fmt.Sprintf(
				"Browsers remember 301 and 308, so that they do not go together with %s. Use 302 or 307, or drop %[1]s.", rule.name))
		}
	}
}

// ModifyPlan refuses what must not be deleted, and says whether the link will have a password.
func (r *linkResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	exists, stays := !req.State.Raw.IsNull(), !req.Plan.Raw.IsNull()
	var protected types.Bool
	if exists {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("deletion_protection"), &protected)...)
	}
	if !stays {
		if protected.ValueBool() {
			resp.Diagnostics.AddError("This link is protected", protectedText("deleted"))
			return
		}
		r.planDelete(&resp.Diagnostics)
		return
	}
	if exists {
		r.modifyReplacement(ctx, req, resp, protected.ValueBool())
	}
	var version types.Int64
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("password_wo_version"), &version)...)
	hasPassword := types.BoolValue(!version.IsNull())
	if version.IsUnknown() {
		hasPassword = types.BoolUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("has_password"), hasPassword)...)
}

// modifyReplacement looks at a plan that replaces the link.
func (r *linkResource) modifyReplacement(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, protected bool) {
	replaced := false
	for _, name := range []string{"slug", "domain"} {
		var before, after types.String
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root(name), &before)...)
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(name), &after)...)
		if after.IsUnknown() || before.Equal(after) {
			continue
		}
		replaced = true
		if name == "slug" && strings.EqualFold(before.ValueString(), after.ValueString()) {
			resp.Diagnostics.AddAttributeError(path.Root(name), "A slug cannot change its case alone", fmt.Sprintf(
				"Slugs are told apart without regard to case, and %q stays reserved for 30 days after its link is deleted. "+
					"Write it as it is, or choose another slug. Visitors may type it in any case.", before.ValueString()))
		}
	}
	if replaced && protected {
		resp.Diagnostics.AddError("This link is protected", protectedText("replaced"))
	}
}

func protectedText(what string) string {
	return fmt.Sprintf("It must not be %s while deletion_protection is true. If that is what you want, set it to false, apply, and try again.", what)
}

func (r *linkResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan linkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	password := passwordOf(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	params := plan.createParams()
	params.Password = absentForNull(password)
	result, err := call(ctx, r.service, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return r.client.Links.Create(ctx, params, options...)
	})
	var link *approute.Link
	if err == nil {
		link = result.Link
		r.take(link.ID)
	} else if link = r.resolve(ctx, &plan, params, err, &resp.Diagnostics); link == nil {
		return
	}
	plan.linkFields = fieldsOf(link)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *linkResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state linkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.service != nil && r.unknownSetting != "" {
		resp.Diagnostics.AddWarning("Links are not refreshed", r.unknownSettingText())
		return
	}
	if !r.ready(&resp.Diagnostics) {
		return
	}
	link, err := r.getLink(ctx, state.ID.ValueString())
	if errors.Is(err, approute.ErrNotFound) || err == nil && link.DeletedAt.IsSet() {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		r.explain(&resp.Diagnostics, "The link cannot be read", err)
		return
	}
	state.linkFields = fieldsOf(link)
	if !link.HasPassword {
		// A password that somebody removed: without a version, the plan sets it again.
		state.PasswordWOVersion = types.Int64Null()
	}
	if state.DeletionProtection.IsNull() {
		state.DeletionProtection = types.BoolValue(false)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *linkResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state linkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	password := passwordOf(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	if plan.PasswordWOVersion.Equal(state.PasswordWOVersion) && plan.HasPassword.Equal(state.HasPassword) {
		password = approute.Field[approute.Secret]{}
	}
	link, err := r.updateOver(ctx, state.ID.ValueString(), &plan.linkFields, &state.linkFields, password, &resp.Diagnostics)
	if err != nil {
		r.explain(&resp.Diagnostics, "The link cannot be changed", err)
		return
	}
	if link != nil {
		plan.linkFields = fieldsOf(link)
	} else {
		// Nothing that AppRoute knows of has changed.
		plan.linkFields = state.linkFields
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// update makes the link what is wanted; nil where nothing is to be done. An absent password stays.
func (s *service) update(ctx context.Context, id string, want, have *linkFields, password approute.Field[approute.Secret]) (*approute.Link, error) {
	params, names := patch(want, have)
	params.Password = password
	var link *approute.Link
	// Whoever changes the link at the same time elsewhere is overruled once, since the result has to be what was planned.
	for range 2 {
		if len(names) == 0 && params.Password.IsZero() {
			break
		}
		result, err := call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
			return s.client.Links.Update(ctx, id, params, options...)
		})
		if err != nil {
			return nil, err
		}
		link = result.Link
		now := fieldsOf(link)
		params, names = patch(want, &now)
	}
	return link, nil
}

// passwordOf reads the password, which only the configuration has: null where there is none.
func passwordOf(ctx context.Context, get func(context.Context, path.Path, any) diag.Diagnostics, diags *diag.Diagnostics) approute.Field[approute.Secret] {
	var password types.String
	diags.Append(get(ctx, path.Root("password_wo"), &password)...)
	if password.IsNull() || password.IsUnknown() {
		return approute.Null[approute.Secret]()
	}
	return approute.SetSecret(password.ValueString())
}

func (r *linkResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state linkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	if state.DeletionProtection.ValueBool() {
		resp.Diagnostics.AddError("This link is protected", protectedText("deleted"))
		return
	}
	r.deleteLink(ctx, state.ID.ValueString(), &resp.Diagnostics)
}

const importForms = "It can be an id (lnk_…), slug:<slug> or slug:<domain>/<slug>, or external_id:<external id>."

func (r *linkResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.ready(&resp.Diagnostics) {
		return
	}
	id := r.findImport(ctx, req.ID, &resp.Diagnostics)
	if id != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	}
}

// findImport gives the id of the link to import; empty after an error.
func (s *service) findImport(ctx context.Context, wanted string, diags *diag.Diagnostics) string {
	kind, name, named := strings.Cut(wanted, ":")
	var links []*approute.Link
	var err error
	switch {
	case linkID.MatchString(wanted):
		var link *approute.Link
		if link, err = s.getLink(ctx, wanted); err == nil {
			links = append(links, link)
		}
	case named && kind == "slug":
		domain, slug := "", name
		// Neither of them holds a slash.
		if at := strings.LastIndex(name, "/"); at >= 0 {
			domain, slug = name[:at], name[at+1:]
		}
		if !slugForm.MatchString(slug) || domain != "" && !domainForm.MatchString(domain) {
			diags.AddError("This names no link", fmt.Sprintf("%q cannot be imported. %s", wanted, importForms))
			return ""
		}
		links, err = s.linksBySlug(ctx, domain, slug)
	case named && kind == "external_id" && name != "":
		var link *approute.Link
		if link, err = s.linkByExternalID(ctx, name); link != nil {
			links = append(links, link)
		}
	default:
		diags.AddError("This names no link", fmt.Sprintf("%q cannot be imported. %s", wanted, importForms))
		return ""
	}
	switch {
	case err != nil && !errors.Is(err, approute.ErrNotFound):
		s.explain(diags, "The link to import cannot be looked up", err)
	case len(links) == 0:
		diags.AddError("There is no such link", fmt.Sprintf("The workspace has no link %q. Deleted links are found by their id only, and "+
			"have to be restored first. %s", wanted, importForms))
	case len(links) > 1:
		text := "Several domains have this slug. Say which one:"
		for _, link := range links {
			text += fmt.Sprintf("\n  slug:%s/%s  (%s)", link.Domain, link.Slug, link.ID)
		}
		diags.AddError("The slug is not unique", text)
	case links[0].DeletedAt.IsSet():
		diags.AddError("The link is deleted", fmt.Sprintf("%s (%s) was deleted. Restore it in the dashboard and import it again; or apply without "+
			"importing it, which restores it under its slug.", links[0].ID, links[0].ShortURL))
	default:
		return links[0].ID
	}
	return ""
}
