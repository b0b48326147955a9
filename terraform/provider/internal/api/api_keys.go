package api

import (
	"context"
	"net/http"
)

// APIKey is an API key; Secret is there only when it was just made.
type APIKey struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	ClusterID *string `json:"cluster_id"`
	Role      string  `json:"role"`
	CreatedAt string  `json:"created_at"`
	ExpiresAt *string `json:"expires_at"`
	RevokedAt *string `json:"revoked_at"`
	Secret    string  `json:"secret"`
}

// APIKeySpec is an API key to be made.
type APIKeySpec struct {
	Name      string  `json:"name"`
	ClusterID *string `json:"cluster_id,omitempty"`
	Role      string  `json:"role"`
	ExpiresAt *string `json:"expires_at,omitempty"`
}

// CreateAPIKey makes an API key that clusters accept when this returns.
func (c *Client) CreateAPIKey(ctx context.Context, spec APIKeySpec) (*APIKey, error) {
	var made APIKey
	if _, err := c.change(ctx, http.MethodPost, pathOf("api-keys"), nil, spec, &made); err != nil {
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

// RevokeAPIKey ends an API key for good.
func (c *Client) RevokeAPIKey(ctx context.Context, id string) error {
	_, err := c.change(ctx, http.MethodDelete, pathOf("api-keys", id), nil, nil, nil)
	return err
}
