package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Codes of problems that callers tell apart.
const (
	CodeClusterNameTaken  = "cluster_name_taken"
	CodeClusterNotReady   = "cluster_not_ready"
	CodePartitionsLimit   = "partitions_limit_reached"
	CodePartitionsFewer   = "topic_partitions_decrease"
	CodePartitionsInvalid = "topic_partitions_invalid"
	CodePlanUnknown       = "plan_unknown"
	CodeEngineMissing     = "engine_not_installed"
	CodeReplication       = "topic_replication_factor_invalid"
	CodeTopicConfig       = "topic_config_invalid"
	CodeTopicName         = "topic_name_invalid"
	CodeTopicNameTaken    = "topic_name_taken"
	CodeExpiry            = "api_key_expiry_invalid"
	CodeSecretInvalid     = "api_key_secret_invalid"
	CodeSecretUsed        = "api_key_secret_used"
)

const (
	codeForeign404       = "http_404"
	codeRouteNotFound    = "route_not_found"
	codePlanUnpriced     = "plan_unpriced"
	codePriceBookMissing = "price_book_missing"
)

// FieldProblem is what is wrong with one field of a request, such as body.name.
type FieldProblem struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Problem is an error that the service answered with (RFC 9457).
type Problem struct {
	Status     int            `json:"status"`
	Code       string         `json:"code"`
	Title      string         `json:"title"`
	Detail     string         `json:"detail"`
	Advice     string         `json:"advice"`
	RequestID  string         `json:"request_id"`
	Errors     []FieldProblem `json:"errors"`
	ClusterID  string         `json:"cluster_id"`
	retryAfter time.Duration
}

func (p *Problem) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s", p.Code, p.Detail)
	for _, field := range p.Errors {
		fmt.Fprintf(&text, "\n%s: %s", field.Field, field.Detail)
	}
	if p.Advice != "" {
		fmt.Fprintf(&text, "\nAdvice: %s.", p.Advice)
	}
	if p.RequestID != "" {
		fmt.Fprintf(&text, "\nRequest: %s", p.RequestID)
	}
	return text.String()
}

// ConnectionError says that no answer came.
type ConnectionError struct{ Cause error }

func (e *ConnectionError) Error() string { return "the service does not answer: " + e.Cause.Error() }

func (e *ConnectionError) Unwrap() error { return e.Cause }

// IsNotFound tells whether the service has no such thing, for this caller. A 404 of something that
// is no Headrace service, or of a path it does not have, tells nothing of the kind.
func IsNotFound(err error) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.Status == http.StatusNotFound &&
		problem.Code != codeForeign404 && problem.Code != codeRouteNotFound
}

// CodeOf returns the code of a problem, or nothing for another error.
func CodeOf(err error) string {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem.Code
	}
	return ""
}

func problemOf(response *http.Response, content []byte) *Problem {
	problem := &Problem{}
	if json.Unmarshal(content, problem) != nil || problem.Code == "" {
		problem = &Problem{
			Code:   "http_" + strconv.Itoa(response.StatusCode),
			Title:  "The service did not answer as expected",
			Detail: "the answer is " + response.Status + ", and not one of Headrace",
			Advice: "look whether the URL is that of a Headrace service",
		}
	}
	problem.Status = response.StatusCode
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16); err == nil {
		problem.retryAfter = time.Duration(seconds) * time.Second
	}
	return problem
}
