package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

type pricePreviewDataSource struct{ configuredDataSource }

type pricePreviewModel struct {
	Plan             types.String     `tfsdk:"plan"`
	Partitions       types.Int64      `tfsdk:"partitions"`
	GBInPerDay       types.String     `tfsdk:"gb_in_per_day"`
	GBOutPerDay      types.String     `tfsdk:"gb_out_per_day"`
	GBStored         types.String     `tfsdk:"gb_stored"`
	Currency         types.String     `tfsdk:"currency"`
	PriceBookVersion types.Int64      `tfsdk:"price_book_version"`
	Lines            []priceLineModel `tfsdk:"lines"`
	PerDay           types.String     `tfsdk:"per_day"`
	Per30Days        types.String     `tfsdk:"per_30_days"`
	DailyCap         types.String     `tfsdk:"daily_cap"`
	IsCapped         types.Bool       `tfsdk:"is_capped"`
	PerDayUncapped   types.String     `tfsdk:"per_day_uncapped"`
}

type priceLineModel struct {
	LineType types.String `tfsdk:"line_type"`
	Quantity types.String `tfsdk:"quantity"`
	Unit     types.String `tfsdk:"unit"`
	Price    types.String `tfsdk:"price"`
	Amount   types.String `tfsdk:"amount"`
}

func newPricePreviewDataSource() datasource.DataSource { return &pricePreviewDataSource{} }

func (d *pricePreviewDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = typeName + "_price_preview"
}

var decimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

func gigabytesAttribute(text string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: text + " A decimal number of GB (2^30 bytes); left out, 0.",
		Optional:            true,
		Validators: []validator.String{
			stringvalidator.RegexMatches(decimal, "a decimal number such as 2.5 is expected"),
		},
	}
}

func (d *pricePreviewDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse,
) {
	response.Schema = schema.Schema{
		MarkdownDescription: "What a cluster costs by the prices in force when it is used steadily. Amounts are exact " +
			"decimals with six places, as text.",
		Attributes: map[string]schema.Attribute{
			"plan": schema.StringAttribute{MarkdownDescription: "Id of the plan.", Required: true},
			"partitions": schema.Int64Attribute{
				MarkdownDescription: "Partitions of all topics; left out, 0.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(0)},
			},
			"gb_in_per_day":  gigabytesAttribute("What is produced in a day."),
			"gb_out_per_day": gigabytesAttribute("What is consumed in a day."),
			"gb_stored":      gigabytesAttribute("What is kept."),
			"currency":       schema.StringAttribute{MarkdownDescription: currencyText, Computed: true},
			"price_book_version": schema.Int64Attribute{
				MarkdownDescription: bookText, Computed: true,
			},
			"per_day":     schema.StringAttribute{MarkdownDescription: "What a day costs.", Computed: true},
			"per_30_days": schema.StringAttribute{MarkdownDescription: "What 30 such days cost.", Computed: true},
			"daily_cap":   schema.StringAttribute{MarkdownDescription: dailyCapText, Computed: true},
			"is_capped":   schema.BoolAttribute{MarkdownDescription: "Whether the daily cap lowers it.", Computed: true},
			"per_day_uncapped": schema.StringAttribute{
				MarkdownDescription: "What a day would cost without the daily cap.", Computed: true,
			},
			"lines": schema.ListNestedAttribute{
				MarkdownDescription: "How a day's price comes about.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"line_type": schema.StringAttribute{MarkdownDescription: lineTypeText, Computed: true},
					"quantity":  schema.StringAttribute{MarkdownDescription: "How much of it.", Computed: true},
					"unit":      schema.StringAttribute{MarkdownDescription: unitText, Computed: true},
					"price":     schema.StringAttribute{MarkdownDescription: unitPriceText, Computed: true},
					"amount":    schema.StringAttribute{MarkdownDescription: "What it costs.", Computed: true},
				}},
			},
		},
	}
}

func (d *pricePreviewDataSource) Read(
	ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse,
) {
	var model pricePreviewModel
	response.Diagnostics.Append(request.Config.Get(ctx, &model)...)
	if response.Diagnostics.HasError() || !d.ready(&response.Diagnostics) {
		return
	}
	found, err := d.client.PreviewPrice(ctx, api.ExpectedUse{
		Plan:        model.Plan.ValueString(),
		Partitions:  model.Partitions.ValueInt64Pointer(),
		GBInPerDay:  model.GBInPerDay.ValueStringPointer(),
		GBOutPerDay: model.GBOutPerDay.ValueStringPointer(),
		GBStored:    model.GBStored.ValueStringPointer(),
	})
	if err != nil {
		addError(&response.Diagnostics, "compute the price", err)
		return
	}
	model.Currency = types.StringValue(found.Currency)
	model.PriceBookVersion = types.Int64Value(found.PriceBookVersion)
	model.PerDay = types.StringValue(found.PerDay)
	model.Per30Days = types.StringValue(found.Per30Days)
	model.DailyCap = types.StringValue(found.DailyCap)
	model.IsCapped = types.BoolValue(found.IsCapped)
	model.PerDayUncapped = types.StringValue(found.PerDayUncapped)
	model.Lines = make([]priceLineModel, 0, len(found.Lines))
	for _, line := range found.Lines {
		model.Lines = append(model.Lines, priceLineModel{
			LineType: types.StringValue(line.LineType),
			Quantity: types.StringValue(line.Quantity),
			Unit:     types.StringValue(line.Unit),
			Price:    types.StringValue(line.Price),
			Amount:   types.StringValue(line.Amount),
		})
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}
