package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

type topicResource struct{ configuredResource }

func newTopicResource() resource.Resource { return &topicResource{} }

var (
	_ resource.ResourceWithConfigure   = (*topicResource)(nil)
	_ resource.ResourceWithImportState = (*topicResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*topicResource)(nil)
)

func (r *topicResource) Metadata(
	_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse,
) {
	response.TypeName = typeName + "_topic"
}

func (r *topicResource) Schema(
	_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse,
) {
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	response.Schema = schema.Schema{
		MarkdownDescription: "A topic of a cluster. The cluster itself checks it when it is planned. Destroying or " +
			"replacing it deletes its records for good.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: topicIDText,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"cluster_id": schema.StringAttribute{
				MarkdownDescription: topicClusterIDText + " Another cluster makes another topic.",
				Required:            true,
				PlanModifiers:       replaces,
			},
			"name": schema.StringAttribute{
				MarkdownDescription: topicNameText + " Another name makes another topic.",
				Required:            true,
				PlanModifiers:       replaces,
			},
			"partitions": schema.Int64Attribute{
				MarkdownDescription: partitionsText + " More can be asked for at any time, and keys go to other " +
					"partitions then; fewer is refused when it is planned. Else the cluster's default.",
				Optional:      true,
				Computed:      true,
				Validators:    []validator.Int64{int64validator.AtLeast(1)},
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"replication_factor": schema.Int64Attribute{
				MarkdownDescription: replicationText + " Another number makes another topic. Else the cluster's default.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
				PlanModifiers: []planmodifier.Int64{
					int64planmodifier.UseStateForUnknown(), int64planmodifier.RequiresReplaceIfConfigured(),
				},
			},
			"configs": schema.MapAttribute{
				MarkdownDescription: "Configuration entries that are set for this topic, such as `retention.ms`; what is " +
					"left out has the cluster's default. They change in place; a value that the cluster does not take is " +
					"refused when it is planned.",
				Optional:    true,
				ElementType: types.StringType,
				Validators: []validator.Map{
					mapvalidator.ValueStringsAre(stringvalidator.LengthAtMost(configValueLengthMax)),
				},
			},
		},
	}
}

const configValueLengthMax = 8192

func (r *topicResource) Create(
	ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse,
) {
	var plan topicModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	made, err := r.client.CreateTopic(ctx, plan.ClusterID.ValueString(), plan.spec())
	if err != nil {
		addError(&response.Diagnostics, "create the topic", err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, newTopicModel(*made, plan.Configs))...)
}

func (r *topicResource) Read(
	ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse,
) {
	var state topicModel
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	found, err := r.client.GetTopic(ctx, state.ClusterID.ValueString(), state.Name.ValueString())
	if api.IsNotFound(err) { // the topic, or its cluster with it
		response.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&response.Diagnostics, "read the topic", err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, newTopicModel(*found, state.Configs))...)
}

// Update is asked for more partitions, for another configuration, or for another way to write the same one.
func (r *topicResource) Update(
	ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse,
) {
	var plan, state topicModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	changed, err := r.client.UpdateTopic(
		ctx, plan.ClusterID.ValueString(), plan.Name.ValueString(), plan.changeFrom(state),
	)
	if err != nil {
		addError(&response.Diagnostics, "change the topic", err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, newTopicModel(*changed, plan.Configs))...)
}

func (r *topicResource) Delete(
	ctx context.Context, request resource.DeleteRequest, response *resource.DeleteResponse,
) {
	var state topicModel
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	err := r.client.DeleteTopic(ctx, state.ClusterID.ValueString(), state.Name.ValueString())
	if err != nil && !api.IsNotFound(err) {
		addError(&response.Diagnostics, "delete the topic", err)
	}
}

func (r *topicResource) ImportState(
	ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse,
) {
	clusterID, name, found := strings.Cut(request.ID, "/")
	if !found || clusterID == "" || name == "" {
		response.Diagnostics.AddError("The import id is incomplete",
			"A topic is imported as CLUSTER_ID/NAME, such as lkc_4q8x0n1w2e3r5t6y/orders.")
		return
	}
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("cluster_id"), clusterID)...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("name"), name)...)
}
