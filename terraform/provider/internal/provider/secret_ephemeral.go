package provider

import (
	"context"
	"crypto/rand"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/secrets"
)

// secretEphemeral draws secrets where Terraform runs; it asks the service for nothing.
type secretEphemeral struct{}

func newSecretEphemeral() ephemeral.EphemeralResource { return &secretEphemeral{} }

type secretModel struct {
	Secret   types.String `tfsdk:"secret"`
	APIKeyID types.String `tfsdk:"api_key_id"`
}

func (s *secretEphemeral) Metadata(
	_ context.Context, _ ephemeral.MetadataRequest, response *ephemeral.MetadataResponse,
) {
	response.TypeName = typeName + "_secret"
}

func (s *secretEphemeral) Schema(
	_ context.Context, _ ephemeral.SchemaRequest, response *ephemeral.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "A secret for an API key, drawn where Terraform runs and stored nowhere: neither in the " +
			"state nor in a plan. Every run draws another, so that it goes to write-only attributes: to `secret_wo` of " +
			"`headrace_api_key`, and to that of the secret store from which programs read it. Both take it when their " +
			"version changes.",
		Attributes: map[string]schema.Attribute{
			"secret": schema.StringAttribute{
				MarkdownDescription: "The secret: password for Kafka and for HTTP Basic, and bearer token.",
				Computed:            true,
				Sensitive:           true,
			},
			"api_key_id": schema.StringAttribute{
				MarkdownDescription: "Id of the key that is made with it: the user name.",
				Computed:            true,
			},
		},
	}
}

func (s *secretEphemeral) Open(
	ctx context.Context, _ ephemeral.OpenRequest, response *ephemeral.OpenResponse,
) {
	secret, err := secrets.New(rand.Reader)
	if err != nil {
		response.Diagnostics.AddError("Could not draw a secret", err.Error())
		return
	}
	id, err := secrets.KeyID(secret)
	if err != nil {
		response.Diagnostics.AddError("The provider is broken", "a secret that was drawn is malformed")
		return
	}
	response.Diagnostics.Append(response.Result.Set(ctx, secretModel{
		Secret:   types.StringValue(secret),
		APIKeyID: types.StringValue(id),
	})...)
}
