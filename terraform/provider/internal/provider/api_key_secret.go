package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/secrets"
)

// ModifyPlan says already in the plan that a key whose secret is brought has none in the state.
func (r *apiKeyResource) ModifyPlan(
	ctx context.Context, request resource.ModifyPlanRequest, response *resource.ModifyPlanResponse,
) {
	if request.Plan.Raw.IsNull() || !request.State.Raw.IsNull() {
		return
	}
	var version types.Int64
	response.Diagnostics.Append(request.Plan.GetAttribute(ctx, path.Root("secret_wo_version"), &version)...)
	if response.Diagnostics.HasError() || version.IsNull() || version.IsUnknown() {
		return
	}
	response.Diagnostics.Append(response.Plan.SetAttribute(ctx, path.Root("secret"), types.StringNull())...)
}

// secretsDiffer makes another key for another version: a key's secret never changes. A key that was
// imported has neither version nor secret in the state; what it works with is taken to be the version
// that is configured.
func secretsDiffer(
	ctx context.Context, request planmodifier.Int64Request, response *int64planmodifier.RequiresReplaceIfFuncResponse,
) {
	var secret types.String
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("secret"), &secret)...)
	isImported := request.StateValue.IsNull() && secret.IsNull()
	response.RequiresReplace = !isImported
}

type secretValidator struct{}

func (secretValidator) Description(context.Context) string {
	return "a secret of an API key, such as the ephemeral resource headrace_secret draws"
}

func (v secretValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v secretValidator) ValidateString(
	ctx context.Context, request validator.StringRequest, response *validator.StringResponse,
) {
	if request.ConfigValue.IsNull() || request.ConfigValue.IsUnknown() {
		return
	}
	if _, err := secrets.KeyID(request.ConfigValue.ValueString()); err != nil {
		response.Diagnostics.AddAttributeError(request.Path, "No secret", "Expected is "+v.Description(ctx)+".")
	}
}
