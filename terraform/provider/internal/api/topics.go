package api

import (
	"context"
	"net/http"
	"net/url"
)

// Topic is a topic as its cluster shows it; lists leave Configs empty.
type Topic struct {
	Name              string                 `json:"name"`
	ID                string                 `json:"id"`
	ClusterID         string                 `json:"cluster_id"`
	Partitions        int64                  `json:"partitions"`
	ReplicationFactor int64                  `json:"replication_factor"`
	Configs           map[string]TopicConfig `json:"configs"`
}

// TopicConfig is one configuration entry of a topic.
type TopicConfig struct {
	Value     *string `json:"value"`
	Source    string  `json:"source"`
	IsDefault bool    `json:"is_default"`
}

const sourceTopic = "dynamic_topic_config"

// SetConfigs returns the entries that were set for this topic.
func (t *Topic) SetConfigs() map[string]string {
	set := map[string]string{}
	for name, entry := range t.Configs {
		if entry.Source == sourceTopic && entry.Value != nil {
			set[name] = *entry.Value
		}
	}
	return set
}

// TopicSpec is a topic to be made; nil leaves a number to the cluster.
type TopicSpec struct {
	Name              string            `json:"name"`
	Partitions        *int64            `json:"partitions,omitempty"`
	ReplicationFactor *int64            `json:"replication_factor,omitempty"`
	Configs           map[string]string `json:"configs"`
}

// TopicChange is what shall change of a topic; a nil entry is put back to its default.
type TopicChange struct {
	Partitions int64              `json:"partitions"`
	Configs    map[string]*string `json:"configs"`
}

// CreateTopic makes a topic.
func (c *Client) CreateTopic(ctx context.Context, clusterID string, spec TopicSpec) (*Topic, error) {
	var made Topic
	_, err := c.change(ctx, http.MethodPost, pathOf("clusters", clusterID, "topics"), spec, &made)
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// CheckTopic has the cluster check a topic without making it.
func (c *Client) CheckTopic(ctx context.Context, clusterID string, spec TopicSpec) error {
	return c.ask(ctx, http.MethodPost, pathOf("clusters", clusterID, "topics"), dryRun(), spec, nil)
}

// GetTopic shows a topic with its configuration.
func (c *Client) GetTopic(ctx context.Context, clusterID, name string) (*Topic, error) {
	var found Topic
	if err := c.get(ctx, pathOf("clusters", clusterID, "topics", name), nil, &found); err != nil {
		return nil, err
	}
	return &found, nil
}

// ListTopics lists the topics of a cluster in the order of their names.
func (c *Client) ListTopics(ctx context.Context, clusterID string) ([]Topic, error) {
	return list[Topic](ctx, c, pathOf("clusters", clusterID, "topics"), url.Values{})
}

// UpdateTopic changes a topic; what is there already is no change.
func (c *Client) UpdateTopic(ctx context.Context, clusterID, name string, change TopicChange) (*Topic, error) {
	var changed Topic
	path := pathOf("clusters", clusterID, "topics", name)
	if _, err := c.change(ctx, http.MethodPatch, path, change, &changed); err != nil {
		return nil, err
	}
	return &changed, nil
}

// CheckUpdate has the cluster check a change without making it.
func (c *Client) CheckUpdate(ctx context.Context, clusterID, name string, change TopicChange) error {
	path := pathOf("clusters", clusterID, "topics", name)
	return c.ask(ctx, http.MethodPatch, path, dryRun(), change, nil)
}

// DeleteTopic deletes a topic with all its records.
func (c *Client) DeleteTopic(ctx context.Context, clusterID, name string) error {
	path := pathOf("clusters", clusterID, "topics", name)
	_, err := c.change(ctx, http.MethodDelete, path, nil, nil)
	return err
}
