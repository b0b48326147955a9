package provider

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

type clusterModel struct {
	ID            types.String `tfsdk:"id"`
	Name          types.String `tfsdk:"name"`
	Plan          types.String `tfsdk:"plan"`
	Status        types.String `tfsdk:"status"`
	Endpoints     types.Object `tfsdk:"endpoints"`
	CACertificate types.String `tfsdk:"ca_certificate"`
	CreatedAt     types.String `tfsdk:"created_at"`
	// Networks that clients may come from; null where none are said.
	AllowedNetworks types.Set `tfsdk:"allowed_networks"`
	// How clients are known by certificates; null where none are taken.
	ClientCertificates types.Object `tfsdk:"client_certificates"`
}

var kafkaTypes = map[string]attr.Type{
	"sasl_ssl":       types.StringType,
	"sasl_plaintext": types.StringType,
	"ssl":            types.StringType,
}

var endpointsTypes = map[string]attr.Type{
	"rest":  types.StringType,
	"kafka": types.ObjectType{AttrTypes: kafkaTypes},
}

func newClusterModel(cluster api.Cluster) clusterModel {
	return clusterModel{
		ID:            types.StringValue(cluster.ID),
		Name:          types.StringValue(cluster.Name),
		Plan:          types.StringValue(cluster.Plan),
		Status:        types.StringValue(cluster.Status),
		Endpoints:     endpointsValue(cluster.Endpoints),
		CACertificate: types.StringPointerValue(cluster.CACertificate),
		CreatedAt:     types.StringValue(cluster.CreatedAt),

		AllowedNetworks:    networksValue(cluster.AllowedNetworks),
		ClientCertificates: certificatesValue(cluster.ClientCertificates),
	}
}

// networksValue is null for no network, as a configuration has it that says none.
func networksValue(networks []string) types.Set {
	if len(networks) == 0 {
		return types.SetNull(types.StringType)
	}
	values := make([]attr.Value, len(networks))
	for index, network := range networks {
		values[index] = types.StringValue(network)
	}
	return types.SetValueMust(types.StringType, values)
}

// networks are in the order of their texts, and never nil: none opens the cluster to everywhere.
func (m clusterModel) networks() []string {
	found := []string{}
	for _, element := range m.AllowedNetworks.Elements() {
		if text, ok := element.(types.String); ok {
			found = append(found, text.ValueString())
		}
	}
	slices.Sort(found)
	return found
}

func endpointsValue(endpoints api.Endpoints) types.Object {
	kafka := types.ObjectNull(kafkaTypes)
	if endpoints.Kafka != nil {
		kafka = types.ObjectValueMust(kafkaTypes, map[string]attr.Value{
			"sasl_ssl":       types.StringValue(endpoints.Kafka.SASLSSL),
			"sasl_plaintext": types.StringPointerValue(endpoints.Kafka.SASLPlaintext),
			"ssl":            types.StringPointerValue(endpoints.Kafka.SSL),
		})
	}
	return types.ObjectValueMust(endpointsTypes, map[string]attr.Value{
		"rest":  types.StringValue(endpoints.REST),
		"kafka": kafka,
	})
}

// What attributes of clusters mean, said once for the resource and the data sources.
const (
	clusterIDText   = "Id of the cluster, such as `lkc_4q8x0n1w2e3r5t6y`."
	clusterNameText = "Name of the cluster: 1 to 63 lower-case letters, digits and hyphens."
	clusterPlanText = "Id of a plan; the data source `headrace_plans` lists them. `ha` is three brokers of Apache Kafka, which " +
		"acknowledge from the memory of their in-sync replicas: on one machine it survives the end of a process, not a power cut."
	clusterStatusText    = "What the cluster does now: `running` when clients can use it."
	endpointsText        = "Where clients connect."
	endpointsRESTText    = "Base URL of the Kafka REST API and of the management API."
	endpointsKafkaText   = "Where Kafka clients connect, as `host:port`."
	endpointsSSLText     = "For SASL over TLS."
	endpointsPlainText   = "For SASL without TLS; only on loopback, else null."
	endpointsCertText    = "For client certificates; null where the cluster takes none."
	caCertificateText    = "PEM certificate of the authority that Kafka clients and HTTP clients have to trust."
	clusterCreatedAtText = "When the cluster was made (RFC 3339, UTC)."
	allowedNetworksText  = "Addresses and networks that clients may come from, such as `192.0.2.0/24`, over Kafka and " +
		"to produce and consume over HTTP; 1 to 100."
)
