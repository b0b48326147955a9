package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// configured holds the client that the provider made; nil while the provider's own settings are unknown.
type configured struct{ client *api.Client }

func (c *configured) take(data any, diagnostics *diag.Diagnostics) {
	if data == nil {
		return
	}
	client, ok := data.(*api.Client)
	if !ok {
		diagnostics.AddError("The provider is broken", fmt.Sprintf("%T is no client", data))
		return
	}
	c.client = client
}

// ready tells whether there is a client, and reports it where there is none.
func (c *configured) ready(diagnostics *diag.Diagnostics) bool {
	if c.client == nil {
		diagnostics.AddError("The provider is not configured yet",
			"Its url, api_key or certificate comes from a resource that is not made yet. "+
				"Apply that one first (terraform apply -target=...).")
	}
	return c.client != nil
}

type configuredResource struct{ configured }

func (c *configuredResource) Configure(
	_ context.Context, request resource.ConfigureRequest, response *resource.ConfigureResponse,
) {
	c.take(request.ProviderData, &response.Diagnostics)
}

type configuredDataSource struct{ configured }

func (c *configuredDataSource) Configure(
	_ context.Context, request datasource.ConfigureRequest, response *datasource.ConfigureResponse,
) {
	c.take(request.ProviderData, &response.Diagnostics)
}
