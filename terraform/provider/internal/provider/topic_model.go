package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

type topicModel struct {
	ID                types.String `tfsdk:"id"`
	ClusterID         types.String `tfsdk:"cluster_id"`
	Name              types.String `tfsdk:"name"`
	Partitions        types.Int64  `tfsdk:"partitions"`
	ReplicationFactor types.Int64  `tfsdk:"replication_factor"`
	Configs           types.Map    `tfsdk:"configs"`
}

// newTopicModel keeps `configs` as it was written where it says the same: an empty map is no change of
// one that is left out.
func newTopicModel(topic api.Topic, configs types.Map) topicModel {
	seen := configsValue(topic.SetConfigs())
	if !sameConfigs(configs, seen) {
		configs = seen
	}
	return topicModel{
		ID:                types.StringValue(topic.ID),
		ClusterID:         types.StringValue(topic.ClusterID),
		Name:              types.StringValue(topic.Name),
		Partitions:        types.Int64Value(topic.Partitions),
		ReplicationFactor: types.Int64Value(topic.ReplicationFactor),
		Configs:           configs,
	}
}

func configsValue(configs map[string]string) types.Map {
	if len(configs) == 0 {
		return types.MapNull(types.StringType)
	}
	values := make(map[string]attr.Value, len(configs))
	for name, value := range configs {
		values[name] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, values)
}

func sameConfigs(one, other types.Map) bool {
	return !one.IsUnknown() && !other.IsUnknown() && maps.EqualFunc(
		one.Elements(), other.Elements(), func(a, b attr.Value) bool { return a.Equal(b) },
	)
}

// spec leaves out the numbers that are left to the cluster. Every value of `configs` must be known.
func (m topicModel) spec() api.TopicSpec {
	return api.TopicSpec{
		Name:              m.Name.ValueString(),
		Partitions:        chosen(m.Partitions),
		ReplicationFactor: chosen(m.ReplicationFactor),
		Configs:           configTexts(m.Configs),
	}
}

// changeFrom says how a topic comes to be as planned. Every planned value must be known.
func (m topicModel) changeFrom(state topicModel) api.TopicChange {
	changes := map[string]*string{}
	for name := range configTexts(state.Configs) {
		changes[name] = nil
	}
	for name, value := range configTexts(m.Configs) {
		changes[name] = &value
	}
	return api.TopicChange{Partitions: m.Partitions.ValueInt64(), Configs: changes}
}

func configTexts(configs types.Map) map[string]string {
	texts := map[string]string{}
	for name, value := range configs.Elements() {
		if text, ok := value.(types.String); ok {
			texts[name] = text.ValueString()
		}
	}
	return texts
}

// chosen is nil for a number that the cluster chooses, which is unknown until it did.
func chosen(number types.Int64) *int64 {
	if number.IsUnknown() {
		return nil
	}
	return number.ValueInt64Pointer()
}

// isKnown tells whether what was configured is known already.
func (m topicModel) isKnown() bool {
	for _, value := range []attr.Value{m.ClusterID, m.Name, m.Partitions, m.ReplicationFactor, m.Configs} {
		if value.IsUnknown() {
			return false
		}
	}
	for _, value := range m.Configs.Elements() {
		if value.IsUnknown() {
			return false
		}
	}
	return true
}

// What attributes of topics mean, said once for the resource and the data sources.
const (
	topicIDText        = "Id that the cluster gave the topic; a topic that is made again has another."
	topicClusterIDText = "Id of the cluster."
	topicNameText      = "Name of the topic: 1 to 249 letters, digits, `.`, `_` and `-`."
	partitionsText     = "Number of partitions."
	replicationText    = "Number of replicas of each partition."
)
