package api

import (
	"context"
	"net/http"
	"net/url"
)

// Amounts of money are exact decimals with six places, as the service writes them.

// PriceBook is a version of all prices.
type PriceBook struct {
	Version       int64        `json:"version"`
	Currency      string       `json:"currency"`
	EffectiveFrom string       `json:"effective_from"`
	GigabyteBytes int64        `json:"gigabyte_bytes"`
	Plans         []PlanPrices `json:"plans"`
}

// PlanPrices are what a plan costs.
type PlanPrices struct {
	Plan               string  `json:"plan"`
	Prices             []Price `json:"prices"`
	IncludedPartitions int64   `json:"included_partitions"`
	DailyCap           string  `json:"daily_cap"`
}

// Price is the price of one unit.
type Price struct {
	LineType string `json:"line_type"`
	Unit     string `json:"unit"`
	Price    string `json:"price"`
}

// ExpectedUse is a steady day of a cluster; gigabytes are decimals.
type ExpectedUse struct {
	Plan        string  `json:"plan"`
	Partitions  *int64  `json:"partitions,omitempty"`
	GBInPerDay  *string `json:"gb_in_per_day,omitempty"`
	GBOutPerDay *string `json:"gb_out_per_day,omitempty"`
	GBStored    *string `json:"gb_stored,omitempty"`
}

// PricePreview is what an expected use costs by the prices in force.
type PricePreview struct {
	Currency         string      `json:"currency"`
	PriceBookVersion int64       `json:"price_book_version"`
	Lines            []PriceLine `json:"lines"`
	PerDay           string      `json:"per_day"`
	Per30Days        string      `json:"per_30_days"`
	DailyCap         string      `json:"daily_cap"`
	IsCapped         bool        `json:"is_capped"`
	PerDayUncapped   string      `json:"per_day_uncapped"`
}

// PriceLine is what one kind of use costs in a day.
type PriceLine struct {
	LineType string `json:"line_type"`
	Quantity string `json:"quantity"`
	Unit     string `json:"unit"`
	Price    string `json:"price"`
	Amount   string `json:"amount"`
}

// ClusterPrice is what a cluster costs by itself.
type ClusterPrice struct {
	Currency         string `json:"currency"`
	PriceBookVersion int64  `json:"price_book_version"`
	PerDayAtRest     string `json:"per_day_at_rest"`
	DailyCap         string `json:"daily_cap"`
}

// GetPrices shows the prices of a UTC day (YYYY-MM-DD), or those in force.
func (c *Client) GetPrices(ctx context.Context, day *string) (*PriceBook, error) {
	query := url.Values{}
	if day != nil {
		query.Set("date", *day)
	}
	var found PriceBook
	if err := c.get(ctx, pathOf("billing", "prices"), query, &found); err != nil {
		return nil, err
	}
	return &found, nil
}

// PreviewPrice computes what an expected use costs; nothing is kept.
func (c *Client) PreviewPrice(ctx context.Context, use ExpectedUse) (*PricePreview, error) {
	var found PricePreview
	if err := c.ask(ctx, http.MethodPost, pathOf("billing", "price-previews"), nil, use, &found); err != nil {
		return nil, err
	}
	return &found, nil
}

// PriceAtRest tells what a cluster of a plan costs by itself; nil for a plan without a price.
func (c *Client) PriceAtRest(ctx context.Context, plan string) (*ClusterPrice, error) {
	found, err := c.PreviewPrice(ctx, ExpectedUse{Plan: plan})
	if code := CodeOf(err); code == codePlanUnpriced || code == codePriceBookMissing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &ClusterPrice{
		Currency:         found.Currency,
		PriceBookVersion: found.PriceBookVersion,
		PerDayAtRest:     found.PerDay,
		DailyCap:         found.DailyCap,
	}, nil
}
