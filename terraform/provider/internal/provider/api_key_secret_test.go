package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
	"github.com/headrace/terraform-provider-headrace/internal/secrets"
)

// stateOfKey is the state of a key with a secret and a number of one that was brought.
func stateOfKey(t *testing.T, secret types.String, version types.Int64) tfsdk.State {
	t.Helper()
	ctx := context.Background()
	var described resource.SchemaResponse
	newAPIKeyResource().Schema(ctx, resource.SchemaRequest{}, &described)
	state := tfsdk.State{Schema: described.Schema}
	model := newAPIKeyModel(api.APIKey{ID: "hk_a"}, types.StringNull())
	model.Secret, model.SecretWOVersion = secret, version
	if diagnostics := state.Set(ctx, model); diagnostics.HasError() {
		t.Fatal(diagnostics)
	}
	return state
}

func TestAnotherSecretMakesAnotherKeyUnlessTheKeyWasImported(t *testing.T) {
	for name, each := range map[string]struct {
		secret  types.String
		version types.Int64
		want    bool
	}{
		"brought":         {types.StringNull(), types.Int64Value(1), true},
		"of the service":  {types.StringValue("hrs_"), types.Int64Null(), true},
		"known to nobody": {types.StringNull(), types.Int64Null(), false},
	} {
		request := planmodifier.Int64Request{
			State: stateOfKey(t, each.secret, each.version), StateValue: each.version, PlanValue: types.Int64Value(2),
		}
		var response int64planmodifier.RequiresReplaceIfFuncResponse
		secretsDiffer(context.Background(), request, &response)
		if response.RequiresReplace != each.want || response.Diagnostics.HasError() {
			t.Errorf("%s: %v %v", name, response.RequiresReplace, response.Diagnostics)
		}
	}
}

func TestOnlyAWellFormedSecretIsTaken(t *testing.T) {
	for _, each := range []struct {
		value  types.String
		errors int
	}{
		{types.StringNull(), 0},
		{types.StringUnknown(), 0},
		{types.StringValue(drawn(t).Secret.ValueString()), 0},
		{types.StringValue("password"), 1},
	} {
		var response validator.StringResponse
		request := validator.StringRequest{ConfigValue: each.value}
		secretValidator{}.ValidateString(context.Background(), request, &response)
		if response.Diagnostics.ErrorsCount() != each.errors {
			t.Errorf("%s: %v", each.value, response.Diagnostics)
		}
	}
}

func TestASecretIsDrawnWithTheIdOfItsKey(t *testing.T) {
	one, other := drawn(t), drawn(t)
	id, err := secrets.KeyID(one.Secret.ValueString())
	if err != nil || id != one.APIKeyID.ValueString() || one.Secret.Equal(other.Secret) {
		t.Errorf("%s is of %s, %v", one.APIKeyID, id, err)
	}
}

func drawn(t *testing.T) secretModel {
	t.Helper()
	ctx := context.Background()
	var described ephemeral.SchemaResponse
	newSecretEphemeral().Schema(ctx, ephemeral.SchemaRequest{}, &described)
	response := ephemeral.OpenResponse{Result: tfsdk.EphemeralResultData{Schema: described.Schema}}
	newSecretEphemeral().Open(ctx, ephemeral.OpenRequest{}, &response)
	var model secretModel
	response.Diagnostics.Append(response.Result.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		t.Fatal(response.Diagnostics)
	}
	return model
}
