package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
)

// webhookResource is approute_webhook.
type webhookResource struct{ *service }

var (
	_ resource.ResourceWithConfigure   = &webhookResource{}
	_ resource.ResourceWithImportState = &webhookResource{}
	_ resource.ResourceWithModifyPlan  = &webhookResource{}
)

type webhookModel struct {
	ID                     types.String `tfsdk:"id"`
	URL                    types.String `tfsdk:"url"`
	Events                 []string     `tfsdk:"events"`
	Description            types.String `tfsdk:"description"`
	Status                 types.String `tfsdk:"status"`
	Secret                 types.String `tfsdk:"secret"`
	SecretHint             types.String `tfsdk:"secret_hint"`
	RotationTrigger        types.String `tfsdk:"rotation_trigger"`
	RotationOverlapSeconds types.Int64  `tfsdk:"rotation_overlap_seconds"`
	APIVersion             types.String `tfsdk:"api_version"`
	CreatedAt              instant      `tfsdk:"created_at"`
}

func (r *webhookResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "approute_webhook"
}

func (r *webhookResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.service = serviceOf(req.ProviderData, &resp.Diagnostics)
}

func (r *webhookResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	stays := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An endpoint that gets signed events. Its secret is shown once, when it is made; it is kept in the state, which " +
			"therefore has to be kept safe.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "The webhook's id, `whk_…`.",
				Computed:            true,
				PlanModifiers:       stays,
			},
			"url": schema.StringAttribute{
				MarkdownDescription: "Where events are sent; https only, without user or password.",
				Required:            true,
				Validators:          urls(),
			},
			"events": schema.SetAttribute{
				MarkdownDescription: "Which events are sent: `link.created`, `link.click_threshold`, `link.password_failed`.",
				ElementType:         types.StringType,
				Required:            true,
				Validators:          []validator.Set{setvalidator.SizeBetween(1, maxEvents), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "What the endpoint is for.",
				Optional:            true,
				Validators:          lengths(0, maxPurpose),
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "`active`, or `disabled` after an answer of 410 or five days of nothing but failures. A plan sets a disabled " +
					"webhook back to `active`.",
				Computed: true,
				Default:  stringdefault.StaticString(string(approute.WebhookStatusActive)),
			},
			"secret": schema.StringAttribute{
				MarkdownDescription: "The signing secret, `whsec_…`. Null after an import, and when it was rotated elsewhere, since it is never shown " +
					"again; change `rotation_trigger` for a new one.",
				Computed:      true,
				Sensitive:     true,
				PlanModifiers: stays,
			},
			"secret_hint": schema.StringAttribute{
				MarkdownDescription: "The last four characters of the secret.",
				Computed:            true,
				PlanModifiers:       stays,
			},
			"rotation_trigger": schema.StringAttribute{
				MarkdownDescription: "Any text. Another one gives the webhook a new secret, for example `time_rotating.quarter.id`.",
				Optional:            true,
			},
			"rotation_overlap_seconds": schema.Int64Attribute{
				MarkdownDescription: "For how many seconds the old secret signs too after a rotation, 86,400 (a day) by default; 0 stops it at once.",
				Optional:            true,
				Computed:            true,
				Default:             int64default.StaticInt64(defaultOverlap),
				Validators:          []validator.Int64{int64validator.Between(0, maxOverlap)},
			},
			"api_version": schema.StringAttribute{
				MarkdownDescription: "The version of the API that events are sent in.",
				Computed:            true,
				PlanModifiers:       stays,
			},
			"created_at": schema.StringAttribute{
				MarkdownDescription: "When the webhook was created.",
				CustomType:          instantType{},
				Computed:            true,
				PlanModifiers:       stays,
			},
		},
	}
}

// ModifyPlan shows that a rotation brings another secret.
func (r *webhookResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.State.Raw.IsNull() || req.Plan.Raw.IsNull() {
		return
	}
	var before, after types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("rotation_trigger"), &before)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("rotation_trigger"), &after)...)
	if !rotates(before, after) {
		return
	}
	for _, name := range []string{"secret", "secret_hint"} {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
}

// rotates says whether the trigger asks for a new secret; one that is taken away does not.
func rotates(before, after types.String) bool { return !after.IsNull() && !after.Equal(before) }

// show takes over what the API says. The secret is in two answers only, and stays otherwise.
func (m *webhookModel) show(webhook *approute.Webhook) {
	m.ID = types.StringValue(webhook.ID)
	m.URL = types.StringValue(webhook.URL)
	m.Events = nil
	for _, event := range webhook.Events {
		m.Events = append(m.Events, string(event))
	}
	m.Description = textOf(webhook.Description)
	m.Status = types.StringValue(string(webhook.Status))
	m.SecretHint = types.StringValue(webhook.SecretHint)
	m.APIVersion = types.StringValue(webhook.APIVersion)
	m.CreatedAt = instantOf(approute.Set(webhook.CreatedAt))
	if secret, ok := webhook.Secret.Get(); ok {
		m.Secret = types.StringValue(secret.Expose())
	}
}

func (m *webhookModel) eventTypes() []approute.EventType {
	events := make([]approute.EventType, 0, len(m.Events))
	for _, event := range m.Events {
		events = append(events, approute.EventType(event))
	}
	slices.Sort(events)
	return events
}

func (r *webhookResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan webhookModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	webhook, err := r.createWebhook(ctx, &plan, &resp.Diagnostics)
	if err != nil {
		r.explain(&resp.Diagnostics, "The webhook was not created", err)
		return
	}
	plan.show(webhook)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// createWebhook registers the endpoint under an idempotency key that follows from its content. An apply that was
// interrupted has perhaps made it; the next one, within the 24 hours for which the server keeps keys, then gets the
// same webhook with its secret, where otherwise there would be two, and one whose secret nobody knows.
func (s *service) createWebhook(ctx context.Context, plan *webhookModel, diags *diag.Diagnostics) (*approute.Webhook, error) {
	params := approute.WebhookCreateParams{URL: plan.URL.ValueString(), Events: plan.eventTypes(), Description: given(plan.Description)}
	create := func(ctx context.Context, options ...approute.CallOption) (*approute.WebhookResponse, error) {
		return s.client.Webhooks.Create(ctx, params, options...)
	}
	result, err := call(ctx, s, create, approute.WithIdempotencyKey(s.webhookKey(plan)))
	switch {
	case isOldRefusal(err):
		// It was made, and deleted or rotated since; or refused, for a reason that may have passed.
	case err != nil:
		return nil, err
	case result.Response.Replayed() && !s.isAsCreated(ctx, result.Webhook):
		// It was made, and changed since.
	case !s.take(result.ID):
		// Another resource of this run has it.
	default:
		if result.Response.Replayed() {
			diags.AddWarning("A webhook was taken over", fmt.Sprintf("%s, for %s, was made with exactly this content within the last day, as by an "+
				"apply that was interrupted. It is managed here from now on. If another configuration manages it, remove it from one of the two.",
				result.ID, result.URL))
		}
		return result.Webhook, nil
	}
	result, err = call(ctx, s, create)
	if err != nil {
		return nil, err
	}
	s.take(result.ID)
	return result.Webhook, nil
}

// webhookKey is the n-th key of this content in this run.
func (s *service) webhookKey(plan *webhookModel) string {
	content := fmt.Sprintf("%q %q %q", plan.URL.ValueString(), plan.eventTypes(), plan.Description.String())
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.sameWebhooks == nil {
		s.sameWebhooks = map[string]int{}
	}
	s.sameWebhooks[content]++
	return keyOf("webhook", content, fmt.Sprint(s.sameWebhooks[content]))
}

// keyOf makes an idempotency key of what identifies an intention.
func keyOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "terraform-" + hex.EncodeToString(sum[:])
}

// isOldRefusal says whether an error is the server's memory of an earlier call under the same key: that call's effect is
// gone, or it was refused. Such a call is made anew.
func isOldRefusal(err error) bool {
	var failure *approute.Error
	return errors.As(err, &failure) && (failure.Code == approute.ErrorCodeIdempotencyResultGone ||
		strings.EqualFold(failure.Header.Get("Idempotent-Replayed"), "true"))
}

// isAsCreated says whether a webhook still is what a replayed answer says.
func (s *service) isAsCreated(ctx context.Context, created *approute.Webhook) bool {
	now, err := s.getWebhook(ctx, created.ID)
	return err == nil && now.URL == created.URL && sameSet(now.Events, created.Events) && now.Description == created.Description &&
		now.SecretHint == created.SecretHint
}

func (s *service) getWebhook(ctx context.Context, id string) (*approute.Webhook, error) {
	result, err := call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.WebhookResponse, error) {
		return s.client.Webhooks.Get(ctx, id, options...)
	})
	if err != nil {
		return nil, err
	}
	return result.Webhook, nil
}

func (r *webhookResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state webhookModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.service != nil && r.unknownSetting != "" {
		resp.Diagnostics.AddWarning("Webhooks are not refreshed", r.unknownSettingText())
		return
	}
	if !r.ready(&resp.Diagnostics) {
		return
	}
	webhook, err := r.getWebhook(ctx, state.ID.ValueString())
	if errors.Is(err, approute.ErrNotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		r.explain(&resp.Diagnostics, "The webhook cannot be read", err)
		return
	}
	state.show(webhook)
	if state.RotationOverlapSeconds.IsNull() {
		state.RotationOverlapSeconds = types.Int64Value(defaultOverlap)
	}
	if secret := state.Secret.ValueString(); secret != "" && !strings.HasSuffix(secret, webhook.SecretHint) {
		state.Secret = types.StringNull()
		resp.Diagnostics.AddWarning("A webhook's secret was rotated elsewhere", fmt.Sprintf("The secret of %s, for %s, is no longer the one in the "+
			"state, and cannot be read again. Change rotation_trigger for a new one.", webhook.ID, webhook.URL))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *webhookResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state webhookModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	id := state.ID.ValueString()
	if params, changed := webhookPatch(&plan, &state); changed {
		result, err := call(ctx, r.service, func(ctx context.Context, options ...approute.CallOption) (*approute.WebhookResponse, error) {
			return r.client.Webhooks.Update(ctx, id, params, options...)
		})
		if err != nil {
			r.explain(&resp.Diagnostics, "The webhook cannot be changed", err)
			return
		}
		state.show(result.Webhook)
	}
	state.RotationOverlapSeconds = plan.RotationOverlapSeconds
	if rotates(state.RotationTrigger, plan.RotationTrigger) {
		webhook, err := r.rotate(ctx, &plan, &state)
		if err != nil {
			r.explainRotation(&resp.Diagnostics, err)
			// What was changed so far is not forgotten, and the trigger stays, so that the next apply rotates.
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
			return
		}
		state.show(webhook)
	}
	state.RotationTrigger = plan.RotationTrigger
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func webhookPatch(want, have *webhookModel) (approute.WebhookUpdateParams, bool) {
	var params approute.WebhookUpdateParams
	changed := false
	if !want.URL.Equal(have.URL) {
		params.URL, changed = text(want.URL), true
	}
	if !sameSet(want.Events, have.Events) {
		params.Events, changed = want.eventTypes(), true
	}
	if !want.Description.Equal(have.Description) {
		params.Description, changed = text(want.Description), true
	}
	if !want.Status.Equal(have.Status) {
		params.Status, changed = approute.Set(approute.WebhookActivationActive), true
	}
	return params, changed
}

// rotate asks for a new secret, under a key that follows from the triggers: an apply that was interrupted after it gets the
// same secret when it is repeated.
func (r *webhookResource) rotate(ctx context.Context, plan, state *webhookModel) (*approute.Webhook, error) {
	id, overlap := state.ID.ValueString(), plan.RotationOverlapSeconds.ValueInt64()
	rotate := func(ctx context.Context, options ...approute.CallOption) (*approute.WebhookResponse, error) {
		return r.client.Webhooks.RotateSecret(ctx, id, approute.WebhookRotateSecretParams{ExpirePreviousIn: approute.Int(overlap)}, options...)
	}
	key := keyOf("rotation", id, state.RotationTrigger.String(), plan.RotationTrigger.String(), fmt.Sprint(overlap))
	result, err := call(ctx, r.service, rotate, approute.WithIdempotencyKey(key))
	if isOldRefusal(err) {
		result, err = call(ctx, r.service, rotate)
	}
	if err != nil {
		return nil, err
	}
	return result.Webhook, nil
}

func (s *service) explainRotation(diags *diag.Diagnostics, err error) {
	var failure *approute.Error
	if errors.As(err, &failure) && failure.Code == approute.ErrorCodeRotationInProgress {
		diags.AddAttributeError(path.Root("rotation_trigger"), "The rotation before this one is not over", sentence(failure.Message)+
			"\n\nHere, that is rotation_overlap_seconds = 0."+requestID(failure))
		return
	}
	s.explain(diags, "The secret cannot be rotated", err)
}

func (r *webhookResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	_, err := call(ctx, r.service, func(ctx context.Context, options ...approute.CallOption) (*approute.Response, error) {
		return r.client.Webhooks.Delete(ctx, id.ValueString(), options...)
	})
	if err != nil && !errors.Is(err, approute.ErrNotFound) {
		r.explain(&resp.Diagnostics, "The webhook cannot be deleted", err)
		return
	}
	r.release(id.ValueString())
}

func (r *webhookResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !webhookID.MatchString(req.ID) {
		resp.Diagnostics.AddError("This names no webhook", fmt.Sprintf("%q cannot be imported. It has to be a webhook's id, whk_…, which the "+
			"dashboard shows.", req.ID))
		return
	}
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}
