package api

import (
	"context"
	"net/url"
)

// Plan is an entry of the catalogue of plans.
type Plan struct {
	ID                string     `json:"id"`
	Description       string     `json:"description"`
	Engine            string     `json:"engine"`
	Brokers           int64      `json:"brokers"`
	DefaultPartitions int64      `json:"default_partitions"`
	UndeleteDays      int64      `json:"undelete_days"`
	Limits            PlanLimits `json:"limits"`
	Available         bool       `json:"available"`
}

// PlanLimits are the most that one cluster of a plan may use.
type PlanLimits struct {
	ConnectionsMax  int64 `json:"connections_max"`
	PartitionsMax   int64 `json:"partitions_max"`
	RequestBytesMax int64 `json:"request_bytes_max"`
}

// ListPlans lists the plans in the order of their names.
func (c *Client) ListPlans(ctx context.Context) ([]Plan, error) {
	return list[Plan](ctx, c, pathOf("plans"), url.Values{})
}
