package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type pricesDataSource struct{ configuredDataSource }

type pricesModel struct {
	Date          types.String      `tfsdk:"date"`
	Version       types.Int64       `tfsdk:"version"`
	Currency      types.String      `tfsdk:"currency"`
	EffectiveFrom types.String      `tfsdk:"effective_from"`
	GigabyteBytes types.Int64       `tfsdk:"gigabyte_bytes"`
	Plans         []planPricesModel `tfsdk:"plans"`
}

type planPricesModel struct {
	Plan               types.String `tfsdk:"plan"`
	Prices             []priceModel `tfsdk:"prices"`
	IncludedPartitions types.Int64  `tfsdk:"included_partitions"`
	DailyCap           types.String `tfsdk:"daily_cap"`
}

type priceModel struct {
	LineType types.String `tfsdk:"line_type"`
	Unit     types.String `tfsdk:"unit"`
	Price    types.String `tfsdk:"price"`
}

func newPricesDataSource() datasource.DataSource { return &pricesDataSource{} }

func (d *pricesDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_prices"
}

func (d *pricesDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "The prices of a day. Amounts are exact decimals with six places, as text, so that none is " +
			"rounded on its way.",
		Attributes: map[string]schema.Attribute{
			"date": schema.StringAttribute{
				MarkdownDescription: "The UTC day, as `YYYY-MM-DD`; left out, today.", Optional: true,
			},
			"version": schema.Int64Attribute{
				MarkdownDescription: "Number of the price book; one never changes.", Computed: true,
			},
			"currency": schema.StringAttribute{MarkdownDescription: currencyText, Computed: true},
			"effective_from": schema.StringAttribute{
				MarkdownDescription: "The first UTC day that it is used for.", Computed: true,
			},
			"gigabyte_bytes": schema.Int64Attribute{MarkdownDescription: "Bytes of the GB of units.", Computed: true},
			"plans": schema.ListNestedAttribute{
				MarkdownDescription: "What each plan costs.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: planPricesAttributes()},
			},
		},
	}
}

func planPricesAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"plan": schema.StringAttribute{MarkdownDescription: "Id of the plan.", Computed: true},
		"included_partitions": schema.Int64Attribute{
			MarkdownDescription: "Partitions that cost nothing while the cluster runs.", Computed: true,
		},
		"daily_cap": schema.StringAttribute{MarkdownDescription: dailyCapText, Computed: true},
		"prices": schema.ListNestedAttribute{
			MarkdownDescription: "The price of each kind of use.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"line_type": schema.StringAttribute{MarkdownDescription: lineTypeText, Computed: true},
				"unit":      schema.StringAttribute{MarkdownDescription: unitText, Computed: true},
				"price":     schema.StringAttribute{MarkdownDescription: unitPriceText, Computed: true},
			}},
		},
	}
}

func (d *pricesDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var model pricesModel
	response.Diagnostics.Append(request.Config.Get(ctx, &model)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	book, err := d.client.GetPrices(ctx, model.Date.ValueStringPointer())
	if err != nil {
		addError(&response.Diagnostics, "read the prices", err)
		return
	}
	model.Version = types.Int64Value(book.Version)
	model.Currency = types.StringValue(book.Currency)
	model.EffectiveFrom = types.StringValue(book.EffectiveFrom)
	model.GigabyteBytes = types.Int64Value(book.GigabyteBytes)
	model.Plans = make([]planPricesModel, 0, len(book.Plans))
	for _, plan := range book.Plans {
		costs := planPricesModel{
			Plan:               types.StringValue(plan.Plan),
			Prices:             make([]priceModel, 0, len(plan.Prices)),
			IncludedPartitions: types.Int64Value(plan.IncludedPartitions),
			DailyCap:           types.StringValue(plan.DailyCap),
		}
		for _, price := range plan.Prices {
			costs.Prices = append(costs.Prices, priceModel{
				LineType: types.StringValue(price.LineType),
				Unit:     types.StringValue(price.Unit),
				Price:    types.StringValue(price.Price),
			})
		}
		model.Plans = append(model.Plans, costs)
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

// What attributes of prices mean, said once for the data sources and the cluster.
const (
	currencyText  = "Currency of the prices (ISO 4217)."
	dailyCapText  = "The most that one cluster costs in a UTC day."
	lineTypeText  = "What is paid for, such as `KAFKA_NETWORK_WRITE`."
	unitText      = "What is counted, such as `GB`."
	unitPriceText = "Price of one unit."
	bookText      = "Number of the price book that it follows."
)
