package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type topicDataSource struct{ configuredDataSource }

type topicDataModel struct {
	ID                types.String           `tfsdk:"id"`
	ClusterID         types.String           `tfsdk:"cluster_id"`
	Name              types.String           `tfsdk:"name"`
	Partitions        types.Int64            `tfsdk:"partitions"`
	ReplicationFactor types.Int64            `tfsdk:"replication_factor"`
	Configs           map[string]configModel `tfsdk:"configs"`
}

type configModel struct {
	Value     types.String `tfsdk:"value"`
	Source    types.String `tfsdk:"source"`
	IsDefault types.Bool   `tfsdk:"is_default"`
}

func newTopicDataSource() datasource.DataSource { return &topicDataSource{} }

func (d *topicDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_topic"
}

func (d *topicDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "A topic that exists, with its whole configuration.",
		Attributes: map[string]schema.Attribute{
			"cluster_id":         schema.StringAttribute{MarkdownDescription: topicClusterIDText, Required: true},
			"name":               schema.StringAttribute{MarkdownDescription: topicNameText, Required: true},
			"id":                 schema.StringAttribute{MarkdownDescription: topicIDText, Computed: true},
			"partitions":         schema.Int64Attribute{MarkdownDescription: partitionsText, Computed: true},
			"replication_factor": schema.Int64Attribute{MarkdownDescription: replicationText, Computed: true},
			"configs": schema.MapNestedAttribute{
				MarkdownDescription: "Every configuration entry, by name, defaults included.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"value":      schema.StringAttribute{MarkdownDescription: "Its value.", Computed: true},
					"source":     schema.StringAttribute{MarkdownDescription: "Where the value comes from.", Computed: true},
					"is_default": schema.BoolAttribute{MarkdownDescription: "Whether nobody set it.", Computed: true},
				}},
			},
		},
	}
}

func (d *topicDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var asked topicDataModel
	response.Diagnostics.Append(request.Config.Get(ctx, &asked)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	topic, err := d.client.GetTopic(ctx, asked.ClusterID.ValueString(), asked.Name.ValueString())
	if err != nil {
		addError(&response.Diagnostics, "find the topic", err)
		return
	}
	model := topicDataModel{
		ID:                types.StringValue(topic.ID),
		ClusterID:         types.StringValue(topic.ClusterID),
		Name:              types.StringValue(topic.Name),
		Partitions:        types.Int64Value(topic.Partitions),
		ReplicationFactor: types.Int64Value(topic.ReplicationFactor),
		Configs:           map[string]configModel{},
	}
	for name, entry := range topic.Configs {
		model.Configs[name] = configModel{
			Value:     types.StringPointerValue(entry.Value),
			Source:    types.StringValue(entry.Source),
			IsDefault: types.BoolValue(entry.IsDefault),
		}
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

type topicsDataSource struct{ configuredDataSource }

type topicsModel struct {
	ClusterID types.String       `tfsdk:"cluster_id"`
	Topics    []listedTopicModel `tfsdk:"topics"`
}

type listedTopicModel struct {
	ID                types.String `tfsdk:"id"`
	Name              types.String `tfsdk:"name"`
	Partitions        types.Int64  `tfsdk:"partitions"`
	ReplicationFactor types.Int64  `tfsdk:"replication_factor"`
}

func newTopicsDataSource() datasource.DataSource { return &topicsDataSource{} }

func (d *topicsDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_topics"
}

func (d *topicsDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "Every topic of a cluster, in the order of their names.",
		Attributes: map[string]schema.Attribute{
			"cluster_id": schema.StringAttribute{MarkdownDescription: topicClusterIDText, Required: true},
			"topics": schema.ListNestedAttribute{
				MarkdownDescription: "The topics.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":                 schema.StringAttribute{MarkdownDescription: topicIDText, Computed: true},
					"name":               schema.StringAttribute{MarkdownDescription: topicNameText, Computed: true},
					"partitions":         schema.Int64Attribute{MarkdownDescription: partitionsText, Computed: true},
					"replication_factor": schema.Int64Attribute{MarkdownDescription: replicationText, Computed: true},
				}},
			},
		},
	}
}

func (d *topicsDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var model topicsModel
	response.Diagnostics.Append(request.Config.Get(ctx, &model)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.client.ListTopics(ctx, model.ClusterID.ValueString())
	if err != nil {
		addError(&response.Diagnostics, "list the topics", err)
		return
	}
	model.Topics = make([]listedTopicModel, 0, len(found))
	for _, topic := range found {
		model.Topics = append(model.Topics, listedTopicModel{
			ID:                types.StringValue(topic.ID),
			Name:              types.StringValue(topic.Name),
			Partitions:        types.Int64Value(topic.Partitions),
			ReplicationFactor: types.Int64Value(topic.ReplicationFactor),
		})
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}
