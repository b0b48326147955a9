package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

type apiKeyDataModel struct {
	ID         types.String `tfsdk:"id"`
	Name       types.String `tfsdk:"name"`
	Scope      types.String `tfsdk:"scope"`
	ClusterID  types.String `tfsdk:"cluster_id"`
	Role       types.String `tfsdk:"role"`
	CreatedAt  types.String `tfsdk:"created_at"`
	ExpiresAt  types.String `tfsdk:"expires_at"`
	LastUsedAt types.String `tfsdk:"last_used_at"`
	RevokedAt  types.String `tfsdk:"revoked_at"`

	PreviousSecretUntil types.String `tfsdk:"previous_secret_until"`

	Bounds *apiKeyBoundsModel `tfsdk:"bounds"`
}

type apiKeyBoundsModel struct {
	Read  []types.String `tfsdk:"read"`
	Write []types.String `tfsdk:"write"`
}

func newAPIKeyDataModel(key api.APIKey) apiKeyDataModel {
	return apiKeyDataModel{
		ID:         types.StringValue(key.ID),
		Name:       types.StringValue(key.Name),
		Scope:      types.StringValue(key.Scope),
		ClusterID:  types.StringPointerValue(key.ClusterID),
		Role:       types.StringValue(key.Role),
		CreatedAt:  types.StringValue(key.CreatedAt),
		ExpiresAt:  types.StringPointerValue(key.ExpiresAt),
		LastUsedAt: types.StringPointerValue(key.LastUsedAt),
		RevokedAt:  types.StringPointerValue(key.RevokedAt),

		PreviousSecretUntil: types.StringPointerValue(key.PreviousSecretUntil),

		Bounds: newAPIKeyBoundsModel(key.Bounds),
	}
}

func newAPIKeyBoundsModel(bounds *api.APIKeyBounds) *apiKeyBoundsModel {
	if bounds == nil {
		return nil
	}
	return &apiKeyBoundsModel{Read: stringValues(bounds.Read), Write: stringValues(bounds.Write)}
}

func stringValues(texts []string) []types.String {
	values := make([]types.String, 0, len(texts))
	for _, text := range texts {
		values = append(values, types.StringValue(text))
	}
	return values
}

func apiKeyAttributes() map[string]schema.Attribute {
	texts := map[string]string{
		"id":           "Id of the key: the user name for Kafka and for HTTP Basic.",
		"name":         "What the key is for.",
		"scope":        "`cluster` for a key of one cluster, else `organization`.",
		"cluster_id":   "Id of the only cluster that the key is good for; null for one of the organization.",
		"role":         "What the key may do: `owner`, `admin`, `operator`, `developer`, `viewer` or `billing`.",
		"created_at":   "When the key was made (RFC 3339, UTC).",
		"expires_at":   "When the key ends by itself (RFC 3339, UTC); null for never.",
		"last_used_at": "When the key was last used over HTTP, some seconds late (RFC 3339, UTC); null for never.",
		"revoked_at":   "When the key was ended (RFC 3339, UTC); null while it was not.",

		"previous_secret_until": "Until when the secret before the last rotation works (RFC 3339, UTC); null without one.",
	}
	attributes := make(map[string]schema.Attribute, len(texts)+1)
	for name, text := range texts {
		attributes[name] = schema.StringAttribute{MarkdownDescription: text, Computed: true}
	}
	topics := func(text string) schema.Attribute {
		return schema.ListAttribute{MarkdownDescription: text, Computed: true, ElementType: types.StringType}
	}
	attributes["bounds"] = schema.SingleNestedAttribute{
		MarkdownDescription: "What the key may do with records at most, topics by the beginnings of their names and `*` " +
			"for all; null for a key without bounds.",
		Computed: true,
		Attributes: map[string]schema.Attribute{
			"read":  topics("Topics that it may read."),
			"write": topics("Topics that it may write."),
		},
	}
	return attributes
}

type apiKeyDataSource struct{ configuredDataSource }

func newAPIKeyDataSource() datasource.DataSource { return &apiKeyDataSource{} }

func (d *apiKeyDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_api_key"
}

func (d *apiKeyDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	attributes := apiKeyAttributes()
	attributes["id"] = schema.StringAttribute{MarkdownDescription: "Id of the key.", Required: true}
	response.Schema = schema.Schema{
		MarkdownDescription: "An API key that exists or existed, without its secret.",
		Attributes:          attributes,
	}
}

func (d *apiKeyDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var asked apiKeyDataModel
	response.Diagnostics.Append(request.Config.Get(ctx, &asked)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.client.GetAPIKey(ctx, asked.ID.ValueString())
	if err != nil {
		addError(&response.Diagnostics, "find the API key", err)
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, newAPIKeyDataModel(*found))...)
}

type apiKeysDataSource struct{ configuredDataSource }

type apiKeysModel struct {
	ClusterID types.String      `tfsdk:"cluster_id"`
	APIKeys   []apiKeyDataModel `tfsdk:"api_keys"`
}

func newAPIKeysDataSource() datasource.DataSource { return &apiKeysDataSource{} }

func (d *apiKeysDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_api_keys"
}

func (d *apiKeysDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "The API keys of the organization without their secrets, oldest first, revoked ones included.",
		Attributes: map[string]schema.Attribute{
			"cluster_id": schema.StringAttribute{
				MarkdownDescription: "Only the keys that are good for nothing but this cluster.", Optional: true,
			},
			"api_keys": schema.ListNestedAttribute{
				MarkdownDescription: "The keys.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: apiKeyAttributes()},
			},
		},
	}
}

func (d *apiKeysDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var model apiKeysModel
	response.Diagnostics.Append(request.Config.Get(ctx, &model)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.client.ListAPIKeys(ctx, model.ClusterID.ValueStringPointer())
	if err != nil {
		addError(&response.Diagnostics, "list the API keys", err)
		return
	}
	model.APIKeys = make([]apiKeyDataModel, 0, len(found))
	for _, key := range found {
		model.APIKeys = append(model.APIKeys, newAPIKeyDataModel(key))
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}
