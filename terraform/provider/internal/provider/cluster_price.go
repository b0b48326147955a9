package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// clusterResourceModel is a cluster with its price, which is known when it is planned.
type clusterResourceModel struct {
	clusterModel
	Price types.Object `tfsdk:"price"`
}

var clusterPriceTypes = map[string]attr.Type{
	"currency":           types.StringType,
	"price_book_version": types.Int64Type,
	"per_day_at_rest":    types.StringType,
	"daily_cap":          types.StringType,
}

var clusterPriceAttribute = schema.SingleNestedAttribute{
	MarkdownDescription: "What the cluster costs by itself, by the prices in force when it was planned or last read, as " +
		"exact decimals; null for a plan without a price. The data source `headrace_price_preview` adds an expected use.",
	Computed:      true,
	PlanModifiers: []planmodifier.Object{objectplanmodifier.UseStateForUnknown()},
	Attributes: map[string]schema.Attribute{
		"currency":           schema.StringAttribute{MarkdownDescription: currencyText, Computed: true},
		"price_book_version": schema.Int64Attribute{MarkdownDescription: bookText, Computed: true},
		"per_day_at_rest": schema.StringAttribute{
			MarkdownDescription: "A day of running without topics, records or reads.", Computed: true,
		},
		"daily_cap": schema.StringAttribute{MarkdownDescription: dailyCapText, Computed: true},
	},
}

func clusterPriceValue(price *api.ClusterPrice) types.Object {
	if price == nil {
		return types.ObjectNull(clusterPriceTypes)
	}
	return types.ObjectValueMust(clusterPriceTypes, map[string]attr.Value{
		"currency":           types.StringValue(price.Currency),
		"price_book_version": types.Int64Value(price.PriceBookVersion),
		"per_day_at_rest":    types.StringValue(price.PerDayAtRest),
		"daily_cap":          types.StringValue(price.DailyCap),
	})
}

// priceOf keeps the price that was planned: a book that came into force since shows at the next reading.
func (r *clusterResource) priceOf(ctx context.Context, planned types.Object, plan string) (types.Object, error) {
	if !planned.IsUnknown() {
		return planned, nil
	}
	price, err := r.client.PriceAtRest(ctx, plan)
	return clusterPriceValue(price), err
}
