package api

import (
	"context"
	"net/http"
	"net/url"
)

// APIKey is an API key; Secret is there only when the service just made it.
type APIKey struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Scope      string  `json:"scope"`
	ClusterID  *string `json:"cluster_id"`
	Role       string  `json:"role"`
	CreatedAt  string  `json:"created_at"`
	ExpiresAt  *string `json:"expires_at"`
	LastUsedAt *string `json:"last_used_at"`
	RevokedAt  *string `json:"revoked_at"`
	Secret     *string `json:"secret"`

	PreviousSecretUntil *string `json:"previous_secret_until"`

	Bounds *APIKeyBounds `json:"bounds"`
}

// APIKeyBounds are what a key may do with records at most: topics by the beginnings of their names, `*`
// for all. What is in neither list may not be done.
type APIKeyBounds struct {
	Read  []string `json:"read"`
	Write []string `json:"write"`
}

// APIKeySpec is an API key to be made, by the service's own secret unless Secret brings one.
type APIKeySpec struct {
	Name      string  `json:"name"`
	ClusterID *string `json:"cluster_id,omitempty"`
	Role      string  `json:"role"`
	ExpiresAt *string `json:"expires_at,omitempty"`
	Secret    *string `json:"secret,omitempty"`

	Bounds *APIKeyBounds `json:"bounds,omitempty"`
}

// CreateAPIKey makes an API key that clusters accept when this returns.
func (c *Client) CreateAPIKey(ctx context.Context, spec APIKeySpec) (*APIKey, error) {
	var made APIKey
	if _, err := c.change(ctx, http.MethodPost, pathOf("api-keys"), spec, &made); err != nil {
		return nil, err
	}
	return &made, nil
}

// GetAPIKey shows an API key without its secret; a revoked one is shown too.
func (c *Client) GetAPIKey(ctx context.Context, id string) (*APIKey, error) {
	var found APIKey
	if err := c.get(ctx, pathOf("api-keys", id), nil, &found); err != nil {
		return nil, err
	}
	return &found, nil
}

// ListAPIKeys lists the API keys of the organization, or those of one cluster, oldest first and revoked
// ones included.
func (c *Client) ListAPIKeys(ctx context.Context, clusterID *string) ([]APIKey, error) {
	query := url.Values{}
	if clusterID != nil {
		query.Set("cluster_id", *clusterID)
	}
	return list[APIKey](ctx, c, pathOf("api-keys"), query)
}

// RevokeAPIKey ends an API key for good.
func (c *Client) RevokeAPIKey(ctx context.Context, id string) error {
	_, err := c.change(ctx, http.MethodDelete, pathOf("api-keys", id), nil, nil)
	return err
}
