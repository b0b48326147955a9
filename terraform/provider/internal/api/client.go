// Package api is a small client of Headrace's management API.
package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	requestTimeout  = 60 * time.Second
	answerBytesMax  = 16 << 20
	connectionsMax  = 32
	idempotencyName = "Idempotency-Key"
)

// Settings say which service a client speaks to, and as whom.
type Settings struct {
	URL       string
	APIKey    string
	UserAgent string
	// CACertificate is PEM; empty trusts the authorities of the system.
	CACertificate []byte
}

// Client speaks to one service with one API key. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	apiKey    string
	userAgent string
	http      *http.Client
	retries   retryPolicy
}

// New returns a client; it connects at its first request.
func New(settings Settings) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(settings.URL, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("%q is no address of a service: https://HOST:PORT is expected", settings.URL)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = connectionsMax
	transport.MaxConnsPerHost = connectionsMax
	if len(settings.CACertificate) > 0 {
		authorities := x509.NewCertPool()
		if !authorities.AppendCertsFromPEM(settings.CACertificate) {
			return nil, errors.New("the CA certificate is not PEM: -----BEGIN CERTIFICATE----- is expected")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	}
	return &Client{
		base:      base,
		apiKey:    settings.APIKey,
		userAgent: settings.UserAgent,
		http:      &http.Client{Transport: transport, Timeout: requestTimeout},
		retries:   defaultRetries,
	}, nil
}

// answer is what a request was answered with, read whole.
type answer struct {
	status  int
	header  http.Header
	content []byte
}

func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	got, err := c.send(ctx, http.MethodGet, path, query, nil, http.Header{})
	if err != nil {
		return err
	}
	return got.decode(into)
}

// ask sends a request with a body that changes nothing, such as a dry run.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, body, into any) error {
	got, err := c.send(ctx, method, path, query, body, http.Header{})
	if err != nil || into == nil {
		return err
	}
	return got.decode(into)
}

// change sends a request that changes something. A POST carries one Idempotency-Key however often it is
// sent, so that it is carried out once; the other methods are repeatable by themselves.
func (c *Client) change(ctx context.Context, method, path string, body, into any) (int, error) {
	header := http.Header{}
	if method == http.MethodPost {
		header.Set(idempotencyName, rand.Text())
	}
	got, err := c.send(ctx, method, path, nil, body, header)
	if err != nil {
		return 0, err
	}
	if into == nil || len(got.content) == 0 {
		return got.status, nil
	}
	return got.status, got.decode(into)
}

// send sends a request until its answer is final, each time with the same header.
func (c *Client) send(
	ctx context.Context, method, path string, query url.Values, body any, header http.Header,
) (*answer, error) {
	var content []byte
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		content = encoded
	}
	header.Set("Authorization", "Bearer "+c.apiKey)
	header.Set("Accept", "application/json")
	header.Set("User-Agent", c.userAgent)
	if content != nil {
		header.Set("Content-Type", "application/json")
	}
	for attempt := 1; ; attempt++ {
		got, err := c.sendOnce(ctx, method, path, query, header, content)
		if err == nil || attempt >= c.retries.attemptsMax || !isRetried(ctx, err) {
			return got, err
		}
		if err := c.retries.wait(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

func (c *Client) sendOnce(
	ctx context.Context, method, path string, query url.Values, header http.Header, content []byte,
) (*answer, error) {
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	request.Header = header
	response, err := c.http.Do(request)
	if err != nil {
		return nil, &ConnectionError{Cause: err}
	}
	defer response.Body.Close()
	read, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax+1))
	if err != nil {
		return nil, &ConnectionError{Cause: err}
	}
	if len(read) > answerBytesMax {
		return nil, fmt.Errorf("%s answered with more than %d bytes", path, answerBytesMax)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, problemOf(response, read)
	}
	return &answer{status: response.StatusCode, header: response.Header, content: read}, nil
}

func (a *answer) decode(into any) error {
	if err := json.Unmarshal(a.content, into); err != nil {
		return fmt.Errorf("the answer is not that of a Headrace service: %w", err)
	}
	return nil
}

// page is one page of a list.
type page[T any] struct {
	Items         []T     `json:"items"`
	NextPageToken *string `json:"next_page_token"`
}

const pageSize = "100"

// list fetches every page of a list; query chooses what is on it.
func list[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	found := []T{}
	query.Set("page_size", pageSize)
	for {
		var got page[T]
		if err := c.get(ctx, path, query, &got); err != nil {
			return nil, err
		}
		found = append(found, got.Items...)
		if got.NextPageToken == nil {
			return found, nil
		}
		query.Set("page_token", *got.NextPageToken)
	}
}

// pathOf joins parts, each escaped, so that no part can leave its place.
func pathOf(parts ...string) string {
	var path strings.Builder
	path.WriteString("/v1")
	for _, part := range parts {
		path.WriteString("/" + url.PathEscape(part))
	}
	return path.String()
}

func dryRun() url.Values {
	return url.Values{"dry_run": {"true"}}
}
