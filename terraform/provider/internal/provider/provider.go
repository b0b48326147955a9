// Package provider is the Terraform provider: resources and data sources over the management API.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// Address is where configurations name the provider: source = "headrace/headrace".
const Address = "registry.terraform.io/headrace/headrace"

const typeName = "headrace"

type headraceProvider struct{ version string }

var _ provider.ProviderWithEphemeralResources = (*headraceProvider)(nil)

// New returns what makes the provider of a version.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &headraceProvider{version: version} }
}

func (p *headraceProvider) Metadata(
	_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse,
) {
	response.TypeName = typeName
	response.Version = p.version
}

func (p *headraceProvider) Schema(
	_ context.Context, _ provider.SchemaRequest, response *provider.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "Kafka clusters, topics and API keys of a Headrace service. A cluster can be used as soon " +
			"as it is made: the service does the waiting, so nothing here polls or sleeps.",
		Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				MarkdownDescription: "Address of the service, such as `https://localhost:8643`. " +
					"Else the environment variable `" + envURL + "`.",
				Optional: true,
			},
			"api_key": schema.StringAttribute{
				MarkdownDescription: "Secret of an API key of the organization. " +
					"Else the environment variable `" + envAPIKey + "`.",
				Optional:  true,
				Sensitive: true,
			},
			"ca_file": schema.StringAttribute{
				MarkdownDescription: "File with the PEM certificate of the authority that the service's certificate " +
					"is trusted by. Else the environment variable `" + envCAFile + "`, else the system's authorities.",
				Optional: true,
				Validators: []validator.String{
					stringvalidator.ConflictsWith(path.MatchRoot("ca_certificate")),
				},
			},
			"ca_certificate": schema.StringAttribute{
				MarkdownDescription: "The same certificate as PEM text; goes before `ca_file`.",
				Optional:            true,
			},
		},
	}
}

func (p *headraceProvider) Configure(
	ctx context.Context, request provider.ConfigureRequest, response *provider.ConfigureResponse,
) {
	var given settingsModel
	response.Diagnostics.Append(request.Config.Get(ctx, &given)...)
	if response.Diagnostics.HasError() || given.isUnknown() {
		return
	}
	settings := given.resolve(&response.Diagnostics)
	if response.Diagnostics.HasError() {
		return
	}
	settings.UserAgent = "terraform-provider-headrace/" + p.version
	client, err := api.New(settings)
	if err != nil {
		response.Diagnostics.AddError("The provider can not be configured", err.Error())
		return
	}
	response.ResourceData = client
	response.DataSourceData = client
}

func (p *headraceProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newClusterResource, newTopicResource, newAPIKeyResource}
}

func (p *headraceProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newSecretEphemeral}
}

func (p *headraceProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newAPIKeyDataSource,
		newAPIKeysDataSource,
		newClusterConnectionDataSource,
		newClusterDataSource,
		newClustersDataSource,
		newTopicDataSource,
		newTopicsDataSource,
		newPlansDataSource,
		newPricesDataSource,
		newPricePreviewDataSource,
	}
}
