package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

const (
	certificatesText = "Clients that are known by certificates, at the address `endpoints.kafka.ssl`, which no other way " +
		"to log in leads to; they are principals of access rules."
	certificatesModeText = "`required`: who shows no certificate is refused. `requested`: is `User:ANONYMOUS`, whom " +
		"access rules may allow something."
	authoritiesText  = "PEM certificates of the authorities that sign clients' certificates, at most 20."
	mappingRulesText = "Kafka's `ssl.principal.mapping.rules`, which make principals of the subjects of certificates; " +
		"empty for the whole subject."
)

var certificatesTypes = map[string]attr.Type{
	"mode":          types.StringType,
	"authorities":   types.StringType,
	"mapping_rules": types.StringType,
}

var certificatesAttribute = schema.SingleNestedAttribute{
	MarkdownDescription: certificatesText + " Left out, the cluster takes none. Changed in place: the broker restarts, " +
		"and refuses no connection meanwhile.",
	Optional: true,
	Attributes: map[string]schema.Attribute{
		"mode": schema.StringAttribute{
			MarkdownDescription: certificatesModeText,
			Required:            true,
			Validators:          []validator.String{stringvalidator.OneOf("requested", "required")},
		},
		"authorities": schema.StringAttribute{MarkdownDescription: authoritiesText, Required: true},
		"mapping_rules": schema.StringAttribute{
			MarkdownDescription: mappingRulesText,
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(""),
		},
	},
}

var certificatesDataAttribute = datasource.SingleNestedAttribute{
	MarkdownDescription: certificatesText + " Null where the cluster takes none.",
	Computed:            true,
	Attributes: map[string]datasource.Attribute{
		"mode":          datasource.StringAttribute{MarkdownDescription: certificatesModeText, Computed: true},
		"authorities":   datasource.StringAttribute{MarkdownDescription: authoritiesText, Computed: true},
		"mapping_rules": datasource.StringAttribute{MarkdownDescription: mappingRulesText, Computed: true},
	},
}

func certificatesValue(certificates *api.ClientCertificates) types.Object {
	if certificates == nil {
		return types.ObjectNull(certificatesTypes)
	}
	return types.ObjectValueMust(certificatesTypes, map[string]attr.Value{
		"mode":          types.StringValue(certificates.Mode),
		"authorities":   types.StringValue(certificates.Authorities),
		"mapping_rules": types.StringValue(certificates.MappingRules),
	})
}

// certificates are those that are planned; off where there are none.
func (m clusterModel) certificates() *api.ClientCertificates {
	text := func(name string) string {
		value, _ := m.ClientCertificates.Attributes()[name].(types.String)
		return value.ValueString()
	}
	if m.ClientCertificates.IsNull() {
		return &api.ClientCertificates{Mode: api.CertificatesOff}
	}
	return &api.ClientCertificates{
		Mode: text("mode"), Authorities: text("authorities"), MappingRules: text("mapping_rules"),
	}
}

// planEndpoints has the addresses asked for again where other certificates open or close one.
func planEndpoints(
	ctx context.Context, request resource.ModifyPlanRequest, response *resource.ModifyPlanResponse,
) diag.Diagnostics {
	var before, after types.Object
	found := request.State.GetAttribute(ctx, path.Root("client_certificates"), &before)
	found.Append(request.Plan.GetAttribute(ctx, path.Root("client_certificates"), &after)...)
	if found.HasError() || before.IsNull() == after.IsNull() {
		return found
	}
	found.Append(response.Plan.SetAttribute(ctx, path.Root("endpoints"), types.ObjectUnknown(endpointsTypes))...)
	return found
}
