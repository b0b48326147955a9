package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type plansDataSource struct{ configuredDataSource }

type plansModel struct {
	Plans []planModel `tfsdk:"plans"`
}

type planModel struct {
	ID                types.String    `tfsdk:"id"`
	Description       types.String    `tfsdk:"description"`
	Engine            types.String    `tfsdk:"engine"`
	Brokers           types.Int64     `tfsdk:"brokers"`
	DefaultPartitions types.Int64     `tfsdk:"default_partitions"`
	UndeleteDays      types.Int64     `tfsdk:"undelete_days"`
	Limits            planLimitsModel `tfsdk:"limits"`
	Available         types.Bool      `tfsdk:"available"`
	Version           types.String    `tfsdk:"version"`
}

type planLimitsModel struct {
	ConnectionsMax                    types.Int64 `tfsdk:"connections_max"`
	PartitionsMax                     types.Int64 `tfsdk:"partitions_max"`
	RequestBytesMax                   types.Int64 `tfsdk:"request_bytes_max"`
	TopicsMax                         types.Int64 `tfsdk:"topics_max"`
	GroupsMax                         types.Int64 `tfsdk:"groups_max"`
	ConnectionsPerAddressMax          types.Int64 `tfsdk:"connections_per_address_max"`
	ConnectionsPerSecondMax           types.Int64 `tfsdk:"connections_per_second_max"`
	ConnectionsPerAddressPerSecondMax types.Int64 `tfsdk:"connections_per_address_per_second_max"`
	ProduceBytesPerSecondMax          types.Int64 `tfsdk:"produce_bytes_per_second_max"`
	FetchBytesPerSecondMax            types.Int64 `tfsdk:"fetch_bytes_per_second_max"`
	PartitionChangesPerMinuteMax      types.Int64 `tfsdk:"partition_changes_per_minute_max"`
	StoredBytesMax                    types.Int64 `tfsdk:"stored_bytes_max"`
	ProducerIDsMax                    types.Int64 `tfsdk:"producer_ids_max"`
}

func newPlansDataSource() datasource.DataSource { return &plansDataSource{} }

func (d *plansDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_plans"
}

func (d *plansDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "The plans that a cluster can be made as, in the order of their names.",
		Attributes: map[string]schema.Attribute{
			"plans": schema.ListNestedAttribute{
				MarkdownDescription: "The plans.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: planAttributes()},
			},
		},
	}
}

func planAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":          schema.StringAttribute{MarkdownDescription: "What a cluster's `plan` is set to.", Computed: true},
		"description": schema.StringAttribute{MarkdownDescription: "What it is, in a line.", Computed: true},
		"engine":      schema.StringAttribute{MarkdownDescription: "Which software runs its brokers.", Computed: true},
		"brokers":     schema.Int64Attribute{MarkdownDescription: "Number of brokers.", Computed: true},
		"undelete_days": schema.Int64Attribute{
			MarkdownDescription: "For so many days a deleted cluster can be brought back.",
			Computed:            true,
		},
		"default_partitions": schema.Int64Attribute{
			MarkdownDescription: "Partitions of a topic that asks for no number.", Computed: true,
		},
		"available": schema.BoolAttribute{MarkdownDescription: "Whether its engine is installed.", Computed: true},
		"version":   schema.StringAttribute{MarkdownDescription: "The version of its engine that is installed, if one is.", Computed: true},
		"limits": schema.SingleNestedAttribute{
			MarkdownDescription: "The most that one cluster may use.",
			Computed:            true,
			Attributes: map[string]schema.Attribute{
				"connections_max":                        schema.Int64Attribute{MarkdownDescription: "Connections at a time.", Computed: true},
				"partitions_max":                         schema.Int64Attribute{MarkdownDescription: "Partitions of all topics.", Computed: true},
				"request_bytes_max":                      schema.Int64Attribute{MarkdownDescription: "Bytes of one request.", Computed: true},
				"topics_max":                             schema.Int64Attribute{MarkdownDescription: "Topics of one cluster.", Computed: true},
				"groups_max":                             schema.Int64Attribute{MarkdownDescription: "Consumer groups of one cluster.", Computed: true},
				"connections_per_address_max":            schema.Int64Attribute{MarkdownDescription: "Connections at once from one address.", Computed: true},
				"connections_per_second_max":             schema.Int64Attribute{MarkdownDescription: "New connections a second.", Computed: true},
				"connections_per_address_per_second_max": schema.Int64Attribute{MarkdownDescription: "New connections a second from one address.", Computed: true},
				"produce_bytes_per_second_max":           schema.Int64Attribute{MarkdownDescription: "Bytes a second that all clients together may write.", Computed: true},
				"fetch_bytes_per_second_max":             schema.Int64Attribute{MarkdownDescription: "Bytes a second that all clients together may read.", Computed: true},
				"partition_changes_per_minute_max":       schema.Int64Attribute{MarkdownDescription: "Partitions a minute that may be made or removed.", Computed: true},
				"stored_bytes_max":                       schema.Int64Attribute{MarkdownDescription: "Bytes that its topics may keep.", Computed: true},
				"producer_ids_max":                       schema.Int64Attribute{MarkdownDescription: "Idempotent producers that are remembered at a time.", Computed: true},
			},
		},
	}
}

func (d *plansDataSource) Read(
	ctx context.Context, _ datasource.ReadRequest, response *datasource.ReadResponse,
) {
	if !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.client.ListPlans(ctx)
	if err != nil {
		addError(&response.Diagnostics, "list the plans", err)
		return
	}
	model := plansModel{Plans: make([]planModel, 0, len(found))}
	for _, plan := range found {
		model.Plans = append(model.Plans, planModel{
			ID:                types.StringValue(plan.ID),
			Description:       types.StringValue(plan.Description),
			Engine:            types.StringValue(plan.Engine),
			Brokers:           types.Int64Value(plan.Brokers),
			DefaultPartitions: types.Int64Value(plan.DefaultPartitions),
			UndeleteDays:      types.Int64Value(plan.UndeleteDays),
			Available:         types.BoolValue(plan.Available),
			Version:           types.StringPointerValue(plan.Version),
			Limits: planLimitsModel{
				ConnectionsMax:                    types.Int64Value(plan.Limits.ConnectionsMax),
				PartitionsMax:                     types.Int64Value(plan.Limits.PartitionsMax),
				RequestBytesMax:                   types.Int64Value(plan.Limits.RequestBytesMax),
				TopicsMax:                         types.Int64Value(plan.Limits.TopicsMax),
				GroupsMax:                         types.Int64Value(plan.Limits.GroupsMax),
				ConnectionsPerAddressMax:          types.Int64Value(plan.Limits.ConnectionsPerAddressMax),
				ConnectionsPerSecondMax:           types.Int64Value(plan.Limits.ConnectionsPerSecondMax),
				ConnectionsPerAddressPerSecondMax: types.Int64Value(plan.Limits.ConnectionsPerAddressPerSecondMax),
				ProduceBytesPerSecondMax:          types.Int64Value(plan.Limits.ProduceBytesPerSecondMax),
				FetchBytesPerSecondMax:            types.Int64Value(plan.Limits.FetchBytesPerSecondMax),
				PartitionChangesPerMinuteMax:      types.Int64Value(plan.Limits.PartitionChangesPerMinuteMax),
				StoredBytesMax:                    types.Int64Value(plan.Limits.StoredBytesMax),
				ProducerIDsMax:                    types.Int64Value(plan.Limits.ProducerIDsMax),
			},
		})
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}
