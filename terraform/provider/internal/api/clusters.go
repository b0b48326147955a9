package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Cluster is a cluster as the service shows it.
type Cluster struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Plan          string    `json:"plan"`
	Status        string    `json:"status"`
	Endpoints     Endpoints `json:"endpoints"`
	CACertificate *string   `json:"ca_certificate"`
	CreatedAt     string    `json:"created_at"`
	// AllowedNetworks are those that clients may come from; none means from everywhere.
	AllowedNetworks []string `json:"allowed_networks"`
	// ClientCertificates are nil where the cluster takes none.
	ClientCertificates *ClientCertificates `json:"client_certificates"`
}

// CertificatesOff is the mode in which a cluster takes no certificates of clients.
const CertificatesOff = "off"

// ClientCertificates are how a cluster knows clients by certificates. Without a mode but off there
// is neither an authority nor a rule.
type ClientCertificates struct {
	Mode         string `json:"mode"`
	Authorities  string `json:"authorities,omitempty"`
	MappingRules string `json:"mapping_rules,omitempty"`
}

// Endpoints are where clients connect; Kafka is nil until the cluster has addresses.
type Endpoints struct {
	REST  string          `json:"rest"`
	Kafka *KafkaEndpoints `json:"kafka"`
}

// KafkaEndpoints are where Kafka clients connect, as host:port.
type KafkaEndpoints struct {
	SASLSSL       string  `json:"sasl_ssl"`
	SASLPlaintext *string `json:"sasl_plaintext"`
	SSL           *string `json:"ssl"`
}

// ClusterSpec is a cluster to be made.
type ClusterSpec struct {
	Name string `json:"name"`
	Plan string `json:"plan"`
	// AllowedNetworks are left out where clients may come from everywhere.
	AllowedNetworks []string `json:"allowed_networks,omitempty"`
}

// ClusterChange is what changes of a cluster in place.
type ClusterChange struct {
	AllowedNetworks []string `json:"allowed_networks"`
	// ClientCertificates stay as they are where they are nil.
	ClientCertificates *ClientCertificates `json:"client_certificates,omitempty"`
}

// CreateCluster returns a cluster that clients can use. When making it failed, the id of what there
// is of it comes with the error.
func (c *Client) CreateCluster(ctx context.Context, spec ClusterSpec) (*Cluster, error) {
	var made struct {
		Cluster
		ResourceID string `json:"resource_id"`
	}
	status, err := c.change(ctx, http.MethodPost, pathOf("clusters"), spec, &made)
	var problem *Problem
	if errors.As(err, &problem) && problem.ClusterID != "" {
		return &Cluster{ID: problem.ClusterID}, err
	}
	if err != nil {
		return nil, err
	}
	if status != http.StatusAccepted {
		return &made.Cluster, nil
	}
	if err := c.await(ctx, made.ID); err != nil {
		return &Cluster{ID: made.ResourceID}, err
	}
	return c.GetCluster(ctx, made.ResourceID)
}

// CheckCluster has the service check a cluster without making it, and tells what it would cost.
func (c *Client) CheckCluster(ctx context.Context, spec ClusterSpec) (*ClusterPrice, error) {
	var preview struct {
		Price *ClusterPrice `json:"price"`
	}
	if err := c.ask(ctx, http.MethodPost, pathOf("clusters"), dryRun(), spec, &preview); err != nil {
		return nil, err
	}
	return preview.Price, nil
}

// GetCluster shows a cluster.
func (c *Client) GetCluster(ctx context.Context, id string) (*Cluster, error) {
	var found Cluster
	if err := c.get(ctx, pathOf("clusters", id), nil, &found); err != nil {
		return nil, err
	}
	return &found, nil
}

// ListClusters lists the clusters of the organization, oldest first.
func (c *Client) ListClusters(ctx context.Context) ([]Cluster, error) {
	return list[Cluster](ctx, c, pathOf("clusters"), url.Values{})
}

// UpdateCluster returns the cluster when its brokers have the change in force.
func (c *Client) UpdateCluster(ctx context.Context, id string, change ClusterChange) (*Cluster, error) {
	var changed struct{ Cluster }
	status, err := c.change(ctx, http.MethodPatch, pathOf("clusters", id), change, &changed)
	if err != nil {
		return nil, err
	}
	if status != http.StatusAccepted {
		return &changed.Cluster, nil
	}
	if err := c.await(ctx, changed.ID); err != nil {
		return nil, err
	}
	return c.GetCluster(ctx, id)
}

// DeleteCluster returns when the cluster is gone.
func (c *Client) DeleteCluster(ctx context.Context, id string) error {
	var begun operation
	status, err := c.change(ctx, http.MethodDelete, pathOf("clusters", id), nil, &begun)
	if err != nil || status != http.StatusAccepted {
		return err
	}
	return c.await(ctx, begun.ID)
}

type operation struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
}

const (
	operationSucceeded = "succeeded"
	operationFailed    = "failed"
	// The service holds each answer back this long, and for many callers at once it answers sooner.
	operationWaitSeconds = 30
	operationAsksMax     = 40
)

// await returns when an operation has ended; the service does the waiting.
func (c *Client) await(ctx context.Context, id string) error {
	query := url.Values{"wait_seconds": {strconv.Itoa(operationWaitSeconds)}}
	for range operationAsksMax {
		var seen operation
		if err := c.get(ctx, pathOf("operations", id), query, &seen); err != nil {
			return err
		}
		switch {
		case seen.Status == operationSucceeded:
			return nil
		case seen.Status == operationFailed && seen.Error != nil:
			return &Problem{Code: seen.Error.Code, Title: "The operation failed", Detail: seen.Error.Detail}
		case seen.Status == operationFailed:
			return fmt.Errorf("the operation %s failed", id)
		}
	}
	return &Problem{
		Code:   "operation_unfinished",
		Title:  "The operation goes on",
		Detail: "the operation " + id + " has not ended yet",
		Advice: "apply again later; headrace operation show tells how far it is",
	}
}
