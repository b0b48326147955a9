package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// The way in that every cluster has, from everywhere.
const (
	securityProtocol = "SASL_SSL"
	saslMechanism    = "SCRAM-SHA-512"
)

type clusterConnectionDataSource struct{ configuredDataSource }

type clusterConnectionModel struct {
	ClusterID        types.String `tfsdk:"cluster_id"`
	BootstrapServers types.String `tfsdk:"bootstrap_servers"`
	SecurityProtocol types.String `tfsdk:"security_protocol"`
	SASLMechanism    types.String `tfsdk:"sasl_mechanism"`
	Properties       types.Map    `tfsdk:"properties"`
	RESTURL          types.String `tfsdk:"rest_url"`
	CACertificate    types.String `tfsdk:"ca_certificate"`
}

func newClusterConnectionDataSource() datasource.DataSource { return &clusterConnectionDataSource{} }

func (d *clusterConnectionDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_cluster_connection"
}

func (d *clusterConnectionDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "What programs are configured with to use a cluster, but for an API key: its id is the user " +
			"name, its secret the password.",
		Attributes: map[string]schema.Attribute{
			"cluster_id": schema.StringAttribute{MarkdownDescription: "Id of the cluster.", Required: true},
			"bootstrap_servers": schema.StringAttribute{
				MarkdownDescription: "Where Kafka clients connect, as `host:port`.", Computed: true,
			},
			"security_protocol": schema.StringAttribute{
				MarkdownDescription: "`" + securityProtocol + "`.", Computed: true,
			},
			"sasl_mechanism": schema.StringAttribute{MarkdownDescription: "`" + saslMechanism + "`.", Computed: true},
			"properties": schema.MapAttribute{
				MarkdownDescription: "These as the properties that librdkafka and Kafka's Java clients read: " +
					"`bootstrap.servers`, `security.protocol` and `sasl.mechanism`.",
				Computed:    true,
				ElementType: types.StringType,
			},
			"rest_url":       schema.StringAttribute{MarkdownDescription: endpointsRESTText, Computed: true},
			"ca_certificate": schema.StringAttribute{MarkdownDescription: caCertificateText, Computed: true},
		},
	}
}

func (d *clusterConnectionDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var asked clusterConnectionModel
	response.Diagnostics.Append(request.Config.Get(ctx, &asked)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	cluster, err := d.client.GetCluster(ctx, asked.ClusterID.ValueString())
	if err != nil {
		addError(&response.Diagnostics, "find the cluster", err)
		return
	}
	if cluster.Endpoints.Kafka == nil {
		response.Diagnostics.AddError("The cluster can not be connected to yet",
			"The cluster "+cluster.ID+" is "+cluster.Status+" and has no addresses. "+
				"Apply again when it is running; `headrace cluster show` tells what keeps it.")
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, newClusterConnectionModel(*cluster))...)
}

// newClusterConnectionModel describes a cluster that has addresses.
func newClusterConnectionModel(cluster api.Cluster) clusterConnectionModel {
	servers := types.StringValue(cluster.Endpoints.Kafka.SASLSSL)
	return clusterConnectionModel{
		ClusterID:        types.StringValue(cluster.ID),
		BootstrapServers: servers,
		SecurityProtocol: types.StringValue(securityProtocol),
		SASLMechanism:    types.StringValue(saslMechanism),
		Properties: types.MapValueMust(types.StringType, map[string]attr.Value{
			"bootstrap.servers": servers,
			"security.protocol": types.StringValue(securityProtocol),
			"sasl.mechanism":    types.StringValue(saslMechanism),
		}),
		RESTURL:       types.StringValue(cluster.Endpoints.REST),
		CACertificate: types.StringPointerValue(cluster.CACertificate),
	}
}
