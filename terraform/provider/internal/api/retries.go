package api

import (
	"context"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	serverDelayMax = 30 * time.Second
	codeInFlight   = "idempotency_key_in_flight"
)

// retryPolicy says how often a request is tried, and how the waits between grow.
type retryPolicy struct {
	attemptsMax int
	firstDelay  time.Duration
	delayMax    time.Duration
}

var defaultRetries = retryPolicy{attemptsMax: 6, firstDelay: 100 * time.Millisecond, delayMax: 5 * time.Second}

// isRetried tells whether the same request may succeed later.
func isRetried(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	var problem *Problem
	if errors.As(err, &problem) {
		if problem.ClusterID != "" {
			return false // it was carried out as far as it went: the same answer would be given again
		}
		return problem.Status == http.StatusTooManyRequests ||
			problem.Status >= http.StatusInternalServerError ||
			problem.Code == codeInFlight
	}
	var connection *ConnectionError
	return errors.As(err, &connection) && !isDistrust(err)
}

// isDistrust tells whether the service's certificate was refused, which time does not mend.
func isDistrust(err error) bool {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid)
}

// delay is the wait after failed attempt `attempt` (from 1); `jitter` is in [0, 1). What the service
// asks for by Retry-After is the least that is waited.
func (p retryPolicy) delay(attempt int, asked time.Duration, jitter float64) time.Duration {
	growing := min(p.firstDelay<<(attempt-1), p.delayMax)
	own := time.Duration(float64(growing) * (0.5 + jitter/2))
	return max(own, min(asked, serverDelayMax))
}

func (p retryPolicy) wait(ctx context.Context, attempt int, failure error) error {
	var asked time.Duration
	var problem *Problem
	if errors.As(failure, &problem) {
		asked = problem.retryAfter
	}
	timer := time.NewTimer(p.delay(attempt, asked, rand.Float64()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
