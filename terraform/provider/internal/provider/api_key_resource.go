package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

type apiKeyResource struct{ configuredResource }

func newAPIKeyResource() resource.Resource { return &apiKeyResource{} }

var (
	_ resource.ResourceWithConfigure   = (*apiKeyResource)(nil)
	_ resource.ResourceWithImportState = (*apiKeyResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*apiKeyResource)(nil)
)

type apiKeyModel struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	ClusterID       types.String `tfsdk:"cluster_id"`
	Role            types.String `tfsdk:"role"`
	ExpiresAt       types.String `tfsdk:"expires_at"`
	SecretWO        types.String `tfsdk:"secret_wo"`
	SecretWOVersion types.Int64  `tfsdk:"secret_wo_version"`
	Secret          types.String `tfsdk:"secret"`
	CreatedAt       types.String `tfsdk:"created_at"`
	Bounds          types.Object `tfsdk:"bounds"`
}

func (r *apiKeyResource) Metadata(
	_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse,
) {
	response.TypeName = typeName + "_api_key"
}

func (r *apiKeyResource) Schema(
	_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse,
) {
	kept := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	response.Schema = schema.Schema{
		MarkdownDescription: "An API key: of one cluster, for programs that use it, or of the whole organization. " +
			"Clusters accept it as soon as it is made and refuse it as soon as it is destroyed. A key can not be changed: " +
			"whatever differs makes another one. One that somebody else revoked is planned again.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the key: the user name for Kafka and for HTTP Basic.",
				Computed:            true,
				PlanModifiers:       kept,
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "What the key is for, 1 to 100 characters.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthBetween(1, displayNameLengthMax)},
				PlanModifiers:       replaces,
			},
			"cluster_id": schema.StringAttribute{
				MarkdownDescription: "Id of the only cluster that the key is good for; left out, it is one of the organization.",
				Optional:            true,
				PlanModifiers:       replaces,
			},
			"role": schema.StringAttribute{
				MarkdownDescription: "`developer` (the default), `owner`, `admin`, `operator`, `viewer` or `billing`; of one cluster `operator`, `developer` or `viewer`. Never more than the provider's own key has.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString("developer"),
				Validators:          []validator.String{stringvalidator.OneOf("owner", "admin", "operator", "developer", "viewer", "billing")},
				PlanModifiers:       replaces,
			},
			"expires_at": schema.StringAttribute{
				MarkdownDescription: "When the key ends by itself (RFC 3339, such as `2030-01-01T00:00:00Z`); left out, never.",
				Optional:            true,
				Validators:          []validator.String{instantValidator{}},
				PlanModifiers:       []planmodifier.String{sameInstantModifier{}, stringplanmodifier.RequiresReplace()},
			},
			"bounds": apiKeyBoundsAttribute,
			"secret_wo": schema.StringAttribute{
				MarkdownDescription: "A secret that you bring, in neither state nor plan: the ephemeral resource " +
					"`headrace_secret` draws one. It is used when the key is made, and decides its id. Needs Terraform 1.11 " +
					"or OpenTofu 1.11.",
				Optional:  true,
				Sensitive: true,
				WriteOnly: true,
				Validators: []validator.String{
					secretValidator{}, stringvalidator.AlsoRequires(path.MatchRoot("secret_wo_version")),
				},
			},
			"secret_wo_version": schema.Int64Attribute{
				MarkdownDescription: "Number of the secret that you bring. Another number makes another key with the " +
					"secret of that run; with `lifecycle { create_before_destroy = true }` the old one ends when the new " +
					"one is in force. An imported key keeps its secret, and gets the number.",
				Optional:   true,
				Validators: []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("secret_wo"))},
				PlanModifiers: []planmodifier.Int64{int64planmodifier.RequiresReplaceIf(
					secretsDiffer, "Another secret makes another key.", "Another secret makes another key.",
				)},
			},
			"secret": schema.StringAttribute{
				MarkdownDescription: "Password for Kafka and for HTTP Basic, and bearer token, where the service made it. It " +
					"shows it once, so that it is in the state, which has to be protected. Null for a key that was imported, " +
					"or whose secret you brought by `secret_wo`.",
				Computed:      true,
				Sensitive:     true,
				PlanModifiers: kept,
			},
			"created_at": schema.StringAttribute{
				MarkdownDescription: "When the key was made (RFC 3339, UTC).", Computed: true, PlanModifiers: kept,
			},
		},
	}
}

const displayNameLengthMax = 100

func (r *apiKeyResource) Create(
	ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse,
) {
	var plan apiKeyModel
	var brought types.String
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	response.Diagnostics.Append(request.Config.GetAttribute(ctx, path.Root("secret_wo"), &brought)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	made, err := r.client.CreateAPIKey(ctx, api.APIKeySpec{
		Name:      plan.Name.ValueString(),
		ClusterID: plan.ClusterID.ValueStringPointer(),
		Role:      plan.Role.ValueString(),
		ExpiresAt: plan.ExpiresAt.ValueStringPointer(),
		Secret:    brought.ValueStringPointer(),
		Bounds:    boundsOf(plan.Bounds),
	})
	if err != nil {
		addError(&response.Diagnostics, "create the API key", err)
		return
	}
	model := newAPIKeyModel(*made, plan.ExpiresAt)
	model.SecretWOVersion = plan.SecretWOVersion
	model.Secret = types.StringPointerValue(made.Secret)
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

func (r *apiKeyResource) Read(
	ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse,
) {
	var state apiKeyModel
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	found, err := r.client.GetAPIKey(ctx, state.ID.ValueString())
	if api.IsNotFound(err) || (err == nil && found.RevokedAt != nil) {
		response.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&response.Diagnostics, "read the API key", err)
		return
	}
	model := newAPIKeyModel(*found, state.ExpiresAt)
	model.SecretWOVersion = state.SecretWOVersion
	model.Secret = state.Secret
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

// Update is asked for nothing but the number of the secret of a key that was imported.
func (r *apiKeyResource) Update(
	ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse,
) {
	var plan apiKeyModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	response.Diagnostics.Append(response.State.Set(ctx, plan)...)
}

func (r *apiKeyResource) Delete(
	ctx context.Context, request resource.DeleteRequest, response *resource.DeleteResponse,
) {
	var id types.String
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	if err := r.client.RevokeAPIKey(ctx, id.ValueString()); err != nil && !api.IsNotFound(err) {
		addError(&response.Diagnostics, "revoke the API key", err)
	}
}

func (r *apiKeyResource) ImportState(
	ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse,
) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), request, response)
}

// newAPIKeyModel keeps the instant as it was written where it is the same.
func newAPIKeyModel(key api.APIKey, written types.String) apiKeyModel {
	expiresAt := types.StringPointerValue(key.ExpiresAt)
	if sameInstant(written, expiresAt) {
		expiresAt = written
	}
	return apiKeyModel{
		ID:        types.StringValue(key.ID),
		Name:      types.StringValue(key.Name),
		ClusterID: types.StringPointerValue(key.ClusterID),
		Role:      types.StringValue(key.Role),
		ExpiresAt: expiresAt,
		CreatedAt: types.StringValue(key.CreatedAt),
		Bounds:    boundsValue(key.Bounds),
	}
}

// sameInstantModifier plans no change for another way to write the same instant.
type sameInstantModifier struct{}

func (sameInstantModifier) Description(context.Context) string {
	return "The same instant may be written in another way."
}

func (m sameInstantModifier) MarkdownDescription(ctx context.Context) string {
	return m.Description(ctx)
}

func (sameInstantModifier) PlanModifyString(
	_ context.Context, request planmodifier.StringRequest, response *planmodifier.StringResponse,
) {
	if sameInstant(request.StateValue, request.PlanValue) {
		response.PlanValue = request.StateValue
	}
}

func sameInstant(one, other types.String) bool {
	if one.Equal(other) {
		return true
	}
	a, errA := time.Parse(time.RFC3339, one.ValueString())
	b, errB := time.Parse(time.RFC3339, other.ValueString())
	// The service keeps microseconds.
	return errA == nil && errB == nil && a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond))
}

type instantValidator struct{}

func (instantValidator) Description(context.Context) string {
	return "an instant of RFC 3339 with its offset, such as 2030-01-01T00:00:00Z"
}

func (v instantValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v instantValidator) ValidateString(
	ctx context.Context, request validator.StringRequest, response *validator.StringResponse,
) {
	if request.ConfigValue.IsNull() || request.ConfigValue.IsUnknown() {
		return
	}
	if _, err := time.Parse(time.RFC3339, request.ConfigValue.ValueString()); err != nil {
		response.Diagnostics.AddAttributeError(request.Path, "No instant", "Expected is "+v.Description(ctx)+".")
	}
}
