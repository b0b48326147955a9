// Package contract reads requests as JSON lines and answers each with one line; see ../../README.md.
package contract

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	// Patience is how long one request may take.
	Patience = 60 * time.Second
	// Heartbeat is how often members of a group ask whether it rebalances.
	Heartbeat = 300 * time.Millisecond

	pause        = 20 * time.Millisecond
	lineBytesMax = 16 << 20
)

// Access says how to reach the cluster: SASL_SSL with SCRAM-SHA-512, or with tokens of an issuer where there is a TokenURL.
type Access struct {
	Bootstrap string `json:"bootstrap"`
	Username  string `json:"username"`
	Password  string `json:"password"`
	CAFile    string `json:"ca_file"`
	TokenURL  string `json:"token_url"`
	ClientID  string `json:"client_id"`
}

// As returns the access of another client of the issuer, by another address.
func (a Access) As(request Request) Access {
	a.Bootstrap, a.ClientID = request.Bootstrap, request.ClientID
	return a
}

// Record is what is produced and what was consumed; the offset is known of the latter.
type Record struct {
	Partition int32       `json:"partition"`
	Offset    int64       `json:"offset"`
	Key       *string     `json:"key"`
	Value     *string     `json:"value"`
	Headers   [][2]string `json:"headers"`
}

// Request is one line of input; which fields count depends on what is to be done.
type Request struct {
	Do              string   `json:"do"`
	Topic           string   `json:"topic"`
	Codec           string   `json:"codec"`
	Records         []Record `json:"records"`
	Group           string   `json:"group"`
	Count           int      `json:"count"`
	Isolation       string   `json:"isolation"`
	To              string   `json:"to"`
	TransactionalID string   `json:"transactional_id"`
	Commit          bool     `json:"commit"`
	Bootstrap       string   `json:"bootstrap"`
	ClientID        string   `json:"client_id"`
}

// Offsets answers a produce request, in the order of its records.
type Offsets struct {
	Offsets []int64 `json:"offsets"`
}

// Records answers a consume request.
type Records struct {
	Records []Record `json:"records"`
}

// Shares answers a rebalance request: the partitions of a member before, while and after another one is there.
type Shares struct {
	Alone  []int32   `json:"alone"`
	Shared [][]int32 `json:"shared"`
	Left   []int32   `json:"left"`
}

// Read answers a pipeline request.
type Read struct {
	Read int `json:"read"`
}

// Administered answers an administer request: what was seen after each step.
type Administered struct {
	Partitions int    `json:"partitions"`
	Retention  string `json:"retention"`
	Altered    string `json:"altered"`
	Grown      int    `json:"grown"`
	GroupState string `json:"group_state"`
	Gone       bool   `json:"gone"`
}

// Kept answers a keep request.
type Kept struct {
	Offset int64 `json:"offset"`
}

// Entered answers an enter request: what the client calls the error by which it was refused, nil if it was let in.
type Entered struct {
	Refused *string `json:"refused"`
}

// Client is what a Kafka client can do.
type Client interface {
	Produce(ctx context.Context, request Request) (Offsets, error)
	Consume(ctx context.Context, request Request) (Records, error)
	Rebalance(ctx context.Context, request Request) (Shares, error)
	Pipeline(ctx context.Context, request Request) (Read, error)
	Administer(ctx context.Context, request Request) (Administered, error)
	Keep(ctx context.Context, request Request) (Kept, error)
	Enter(ctx context.Context, request Request) (Entered, error)
}

// Serve answers requests until standard input ends.
func Serve(connect func(Access) (Client, error)) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytesMax)
	answers := json.NewEncoder(os.Stdout)
	var client Client
	for lines.Scan() {
		var answer any
		var err error
		if client == nil {
			client, err = open(lines.Bytes(), connect)
		} else {
			answer, err = perform(client, lines.Bytes())
		}
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		} else {
			answer = map[string]any{"ok": answer}
		}
		if err := answers.Encode(answer); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}

func open(line []byte, connect func(Access) (Client, error)) (Client, error) {
	var access Access
	if err := json.Unmarshal(line, &access); err != nil {
		return nil, err
	}
	return connect(access)
}

func perform(client Client, line []byte) (any, error) {
	var request Request
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	switch request.Do {
	case "produce":
		return client.Produce(ctx, request)
	case "consume":
		return client.Consume(ctx, request)
	case "rebalance":
		return client.Rebalance(ctx, request)
	case "pipeline":
		return client.Pipeline(ctx, request)
	case "administer":
		return client.Administer(ctx, request)
	case "keep":
		return client.Keep(ctx, request)
	case "enter":
		return client.Enter(ctx, request)
	}
	return nil, fmt.Errorf("unknown request %q", request.Do)
}

// Await looks again and again until the condition holds or the request's time is over.
func Await(ctx context.Context, what string, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain: %s", what)
		case <-time.After(pause):
		}
	}
	return nil
}

// Sorted returns the partitions in ascending order, never nil.
func Sorted(partitions []int32) []int32 {
	sorted := append([]int32{}, partitions...)
	slices.Sort(sorted)
	return sorted
}
