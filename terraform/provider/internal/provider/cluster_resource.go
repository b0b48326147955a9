package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

const networksMax = 100

type clusterResource struct{ configuredResource }

func newClusterResource() resource.Resource { return &clusterResource{} }

var (
	_ resource.ResourceWithConfigure   = (*clusterResource)(nil)
	_ resource.ResourceWithImportState = (*clusterResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*clusterResource)(nil)
)

func (r *clusterResource) Metadata(
	_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse,
) {
	response.TypeName = typeName + "_cluster"
}

func (r *clusterResource) Schema(
	_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse,
) {
	kept := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	response.Schema = schema.Schema{
		MarkdownDescription: "A Kafka cluster. Clients can use it as soon as it is made. Destroying it stops it at " +
			"once; its topics and records are kept for some days, at the price of their storage, in which " +
			"`headrace cluster undelete` brings it back. Use `lifecycle { prevent_destroy = true }` where these matter.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{MarkdownDescription: clusterIDText, Computed: true, PlanModifiers: kept},
			"name": schema.StringAttribute{
				MarkdownDescription: clusterNameText + " Another name makes another cluster.",
				Required:            true,
				PlanModifiers:       replaces,
			},
			"plan": schema.StringAttribute{
				MarkdownDescription: clusterPlanText + " Another plan makes another cluster.",
				Required:            true,
				PlanModifiers:       replaces,
			},
			"allowed_networks": schema.SetAttribute{
				MarkdownDescription: allowedNetworksText + " Left out, clients may come from everywhere. Changed in " +
					"place: connections from elsewhere end.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.Set{setvalidator.SizeBetween(1, networksMax)},
			},
			"client_certificates": certificatesAttribute,
			"status": schema.StringAttribute{
				MarkdownDescription: clusterStatusText, Computed: true, PlanModifiers: kept,
			},
			"endpoints": schema.SingleNestedAttribute{
				MarkdownDescription: endpointsText,
				Computed:            true,
				PlanModifiers:       []planmodifier.Object{objectplanmodifier.UseStateForUnknown()},
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
			},
			"ca_certificate": schema.StringAttribute{
				MarkdownDescription: caCertificateText, Computed: true, PlanModifiers: kept,
			},
			"created_at": schema.StringAttribute{
				MarkdownDescription: clusterCreatedAtText, Computed: true, PlanModifiers: kept,
			},
			"price": clusterPriceAttribute,
		},
	}
}

// ModifyPlan has the service check a cluster that is to be made.
func (r *clusterResource) ModifyPlan(
	ctx context.Context, request resource.ModifyPlanRequest, response *resource.ModifyPlanResponse,
) {
	if r.client == nil || request.Plan.Raw.IsNull() {
		return
	}
	if !request.State.Raw.IsNull() {
		response.Diagnostics.Append(markPresent(ctx, response)...)
		response.Diagnostics.Append(planEndpoints(ctx, request, response)...)
		return
	}
	var plan clusterResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	if response.Diagnostics.HasError() || plan.Name.IsUnknown() || plan.Plan.IsUnknown() {
		return
	}
	price, err := r.client.CheckCluster(ctx, plan.spec())
	switch {
	case err == nil:
		response.Diagnostics.Append(response.Plan.SetAttribute(ctx, path.Root("price"), clusterPriceValue(price))...)
	case api.CodeOf(err) == api.CodeClusterNameTaken:
		warnOfNameTaken(ctx, request, response, "cluster", err)
	default:
		addCheckFailure(&response.Diagnostics, "cluster", err)
	}
}

func (r *clusterResource) Create(
	ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse,
) {
	var plan clusterResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	price, err := r.priceOf(ctx, plan.Price, plan.Plan.ValueString())
	if err != nil {
		addError(&response.Diagnostics, "create the cluster", err)
		return
	}
	plan.Price = price
	made, err := r.client.CreateCluster(ctx, plan.spec())
	if err != nil {
		addError(&response.Diagnostics, "create the cluster", err)
		if made != nil {
			// What there is of it is remembered, so that it is replaced and not forgotten.
			plan.ID = types.StringValue(made.ID)
			plan.clusterModel = plan.withoutUnknown()
			response.Diagnostics.Append(response.State.Set(ctx, plan)...)
		}
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, clusterResourceModel{newClusterModel(*made), price})...)
	if plan.ClientCertificates.IsNull() {
		return
	}
	change := api.ClusterChange{AllowedNetworks: plan.networks(), ClientCertificates: plan.certificates()}
	changed, err := r.client.UpdateCluster(ctx, made.ID, change)
	if err != nil {
		addError(&response.Diagnostics, "have the cluster take certificates", err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, clusterResourceModel{newClusterModel(*changed), price})...)
}

func (r *clusterResource) Read(
	ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse,
) {
	var id types.String
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	found, err := r.client.GetCluster(ctx, id.ValueString())
	if api.IsNotFound(err) {
		response.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&response.Diagnostics, "read the cluster", err)
		return
	}
	price, err := r.client.PriceAtRest(ctx, found.Plan)
	if err != nil {
		addError(&response.Diagnostics, "read the cluster's price", err)
		return
	}
	model := clusterResourceModel{newClusterModel(*found), clusterPriceValue(price)}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

// Update is asked for other networks and certificates; every other attribute that can be set makes another cluster.
func (r *clusterResource) Update(
	ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse,
) {
	var plan, state clusterResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &plan)...)
	response.Diagnostics.Append(request.State.Get(ctx, &state)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	change := api.ClusterChange{AllowedNetworks: plan.networks()}
	if !plan.ClientCertificates.Equal(state.ClientCertificates) {
		change.ClientCertificates = plan.certificates()
	}
	changed, err := r.client.UpdateCluster(ctx, plan.ID.ValueString(), change)
	if err != nil {
		addError(&response.Diagnostics, "change the cluster", err)
		return
	}
	response.Diagnostics.Append(
		response.State.Set(ctx, clusterResourceModel{newClusterModel(*changed), plan.Price})...,
	)
}

func (r *clusterResource) Delete(
	ctx context.Context, request resource.DeleteRequest, response *resource.DeleteResponse,
) {
	var id types.String
	response.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if response.Diagnostics.HasError() || !r.ready(&response.Diagnostics) {
		return
	}
	if err := r.client.DeleteCluster(ctx, id.ValueString()); err != nil && !api.IsNotFound(err) {
		addError(&response.Diagnostics, "delete the cluster", err)
	}
}

func (r *clusterResource) ImportState(
	ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse,
) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), request, response)
}

func (m clusterModel) spec() api.ClusterSpec {
	return api.ClusterSpec{
		Name: m.Name.ValueString(), Plan: m.Plan.ValueString(), AllowedNetworks: m.networks(),
	}
}

func (m clusterModel) withoutUnknown() clusterModel {
	m.Status, m.CACertificate, m.CreatedAt = types.StringNull(), types.StringNull(), types.StringNull()
	m.Endpoints = types.ObjectNull(endpointsTypes)
	return m
}
