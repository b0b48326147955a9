package provider

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// ModifyPlan has the cluster check a topic that is to be made, or to have more partitions.
func (r *topicResource) ModifyPlan(
	ctx context.Context, request resource.ModifyPlanRequest, response *resource.ModifyPlanResponse,
) {
	if r.client == nil || request.Plan.Raw.IsNull() {
		return
	}
	var config, plan topicModel
	response.Diagnostics.Append(request.Config.Get(ctx, &config)...)
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	if response.Diagnostics.HasError() {
		return
	}
	if request.State.Raw.IsNull() {
		if config.isKnown() {
			r.checkNew(ctx, config, request, response)
		}
		return
	}
	response.Diagnostics.Append(markPresent(ctx, response)...)
	var state topicModel
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() {
		return
	}
	if plan.replaces(state) {
		warnOfRecords(state, response)
	} else if plan.isKnown() && plan.changes(state) {
		r.checkUpdate(ctx, plan, state, response)
	}
}

// checkNew checks under another name what can not be checked under one that is taken: the object that
// has it may go first, and what is wrong with its successor must be known before.
func (r *topicResource) checkNew(
	ctx context.Context, config topicModel, request resource.ModifyPlanRequest, response *resource.ModifyPlanResponse,
) {
	spec := config.spec()
	err := r.client.CheckTopic(ctx, config.ClusterID.ValueString(), spec)
	if api.CodeOf(err) == api.CodeTopicNameTaken {
		warnOfNameTaken(ctx, request, response, "topic", err)
		spec.Name = "plan-" + strings.ToLower(rand.Text())
		err = r.client.CheckTopic(ctx, config.ClusterID.ValueString(), spec)
		if api.CodeOf(err) == api.CodePartitionsLimit { // those of the one that goes are counted
			return
		}
	}
	if err != nil {
		addCheckFailure(&response.Diagnostics, "topic", err)
	}
}

func (r *topicResource) checkUpdate(
	ctx context.Context, plan, state topicModel, response *resource.ModifyPlanResponse,
) {
	err := r.client.CheckUpdate(
		ctx, plan.ClusterID.ValueString(), plan.Name.ValueString(), plan.changeFrom(state),
	)
	if err != nil {
		addCheckFailure(&response.Diagnostics, "topic", err)
	}
}

func (m topicModel) replaces(state topicModel) bool {
	return !m.Name.Equal(state.Name) || !m.ClusterID.Equal(state.ClusterID) ||
		!m.ReplicationFactor.Equal(state.ReplicationFactor)
}

// changes tells whether a topic becomes another one in place.
func (m topicModel) changes(state topicModel) bool {
	return !m.Partitions.Equal(state.Partitions) || !sameConfigs(m.Configs, state.Configs)
}

func warnOfRecords(state topicModel, response *resource.ModifyPlanResponse) {
	response.Diagnostics.AddWarning(
		"The topic "+state.Name.ValueString()+" is replaced: its records are deleted",
		"What changes can not be changed in place, so that the topic is deleted with all its records and made "+
			"again. Keep the records by making a second topic and moving them before; "+
			"lifecycle { prevent_destroy = true } refuses such plans.",
	)
}
