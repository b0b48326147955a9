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
	Version           *string    `json:"version"`
}

// PlanLimits are the most that one cluster of a plan may use.
type PlanLimits struct {
	ConnectionsMax                    int64 `json:"connections_max"`
	PartitionsMax                     int64 `json:"partitions_max"`
	RequestBytesMax                   int64 `json:"request_bytes_max"`
	TopicsMax                         int64 `json:"topics_max"`
	GroupsMax                         int64 `json:"groups_max"`
	ConnectionsPerAddressMax          int64 `json:"connections_per_address_max"`
	ConnectionsPerSecondMax           int64 `json:"connections_per_second_max"`
	ConnectionsPerAddressPerSecondMax int64 `json:"connections_per_address_per_second_max"`
	ProduceBytesPerSecondMax          int64 `json:"produce_bytes_per_second_max"`
	FetchBytesPerSecondMax            int64 `json:"fetch_bytes_per_second_max"`
	PartitionChangesPerMinuteMax      int64 `json:"partition_changes_per_minute_max"`
	StoredBytesMax                    int64 `json:"stored_bytes_max"`
	ProducerIDsMax                    int64 `json:"producer_ids_max"`
}

// ListPlans lists the plans in the order of their names.
func (c *Client) ListPlans(ctx context.Context) ([]Plan, error) {
	return list[Plan](ctx, c, pathOf("plans"), url.Values{})
}
