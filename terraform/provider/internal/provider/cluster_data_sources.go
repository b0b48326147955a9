package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

var endpointsAttribute = schema.SingleNestedAttribute{
	MarkdownDescription: endpointsText,
	Computed:            true,
	Attributes: map[string]schema.Attribute{
		"rest": schema.StringAttribute{MarkdownDescription: endpointsRESTText, Computed: true},
		"kafka": schema.SingleNestedAttribute{
			MarkdownDescription: endpointsKafkaText,
			Computed:            true,
			Attributes: map[string]schema.Attribute{
				"sasl_ssl":       schema.StringAttribute{MarkdownDescription: endpointsSSLText, Computed: true},
				"sasl_plaintext": schema.StringAttribute{MarkdownDescription: endpointsPlainText, Computed: true},
				"ssl":            schema.StringAttribute{MarkdownDescription: endpointsCertText, Computed: true},
			},
		},
	},
}

func clusterAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":             schema.StringAttribute{MarkdownDescription: clusterIDText, Computed: true},
		"name":           schema.StringAttribute{MarkdownDescription: clusterNameText, Computed: true},
		"plan":           schema.StringAttribute{MarkdownDescription: "Id of its plan.", Computed: true},
		"status":         schema.StringAttribute{MarkdownDescription: clusterStatusText, Computed: true},
		"endpoints":      endpointsAttribute,
		"ca_certificate": schema.StringAttribute{MarkdownDescription: caCertificateText, Computed: true},
		"created_at":     schema.StringAttribute{MarkdownDescription: clusterCreatedAtText, Computed: true},
		"allowed_networks": schema.SetAttribute{
			MarkdownDescription: allowedNetworksText + " Null for everywhere.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"client_certificates": certificatesDataAttribute,
	}
}

type clusterDataSource struct{ configuredDataSource }

func newClusterDataSource() datasource.DataSource { return &clusterDataSource{} }

func (d *clusterDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_cluster"
}

func (d *clusterDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	attributes := clusterAttributes()
	attributes["id"] = schema.StringAttribute{
		MarkdownDescription: clusterIDText + " Either this or `name` is given.",
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{stringvalidator.ExactlyOneOf(path.MatchRoot("name"))},
	}
	attributes["name"] = schema.StringAttribute{
		MarkdownDescription: clusterNameText + " Either this or `id` is given.",
		Optional:            true,
		Computed:            true,
	}
	response.Schema = schema.Schema{
		MarkdownDescription: "A cluster that exists, with what clients need to connect; found by id or by name.",
		Attributes:          attributes,
	}
}

func (d *clusterDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var asked clusterModel
	response.Diagnostics.Append(request.Config.Get(ctx, &asked)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.find(ctx, asked)
	if err != nil {
		addError(&response.Diagnostics, "find the cluster", err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, newClusterModel(*found))...)
}

func (d *clusterDataSource) find(ctx context.Context, asked clusterModel) (*api.Cluster, error) {
	if id := asked.ID.ValueString(); id != "" {
		return d.client.GetCluster(ctx, id)
	}
	clusters, err := d.client.ListClusters(ctx)
	if err != nil {
		return nil, err
	}
	for i := range clusters {
		if clusters[i].Name == asked.Name.ValueString() {
			return &clusters[i], nil
		}
	}
	return nil, fmt.Errorf("the organization has no cluster named %s", asked.Name.ValueString())
}

type clustersDataSource struct{ configuredDataSource }

type clustersModel struct {
	Clusters []clusterModel `tfsdk:"clusters"`
}

func newClustersDataSource() datasource.DataSource { return &clustersDataSource{} }

func (d *clustersDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_clusters"
}

func (d *clustersDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "Every cluster of the organization, oldest first.",
		Attributes: map[string]schema.Attribute{
			"clusters": schema.ListNestedAttribute{
				MarkdownDescription: "The clusters.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: clusterAttributes()},
			},
		},
	}
}

func (d *clustersDataSource) Read(
	ctx context.Context, _ datasource.ReadRequest, response *datasource.ReadResponse,
) {
	if !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.client.ListClusters(ctx)
	if err != nil {
		addError(&response.Diagnostics, "list the clusters", err)
		return
	}
	model := clustersModel{Clusters: make([]clusterModel, 0, len(found))}
	for _, cluster := range found {
		model.Clusters = append(model.Clusters, newClusterModel(cluster))
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}
