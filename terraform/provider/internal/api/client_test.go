package api

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// script is a service that answers requests in turn, and what it was asked.
type script struct {
	answers []http.HandlerFunc
	asked   []*http.Request
	bodies  []string
}

func (s *script) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	s.asked = append(s.asked, request)
	s.bodies = append(s.bodies, string(body))
	answer := s.answers[0]
	s.answers = s.answers[1:]
	answer(writer, request)
}

func says(status int, body any, header ...string) http.HandlerFunc {
	return func(writer http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			writer.Header().Set(header[i], header[i+1])
		}
		writer.WriteHeader(status)
		_ = json.NewEncoder(writer).Encode(body)
	}
}

func breaksOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func serve(t *testing.T, answers ...http.HandlerFunc) (*Client, *script) {
	t.Helper()
	served := &script{answers: answers}
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	client, err := New(Settings{URL: server.URL + "/", APIKey: "hrs_secret", UserAgent: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	client.retries.firstDelay = time.Millisecond
	return client, served
}

func TestAPostIsSentAgainWithTheSameKeyUntilItIsAnswered(t *testing.T) {
	client, served := serve(t,
		breaksOff,
		says(503, map[string]any{"code": "cluster_unavailable"}, "Retry-After", "0"),
		says(429, map[string]any{"code": "topic_changes_throttled"}),
		says(409, map[string]any{"code": codeInFlight}),
		says(500, map[string]any{"code": "internal_error"}),
		says(201, Topic{Name: "orders", Partitions: 3}),
	)
	topic, err := client.CreateTopic(context.Background(), "lkc_a", TopicSpec{Name: "orders"})
	if err != nil || topic.Partitions != 3 {
		t.Fatalf("%v %v", topic, err)
	}
	key := served.asked[0].Header.Get(idempotencyName)
	for i, request := range served.asked {
		if request.Header.Get(idempotencyName) != key || key == "" {
			t.Errorf("request %d has the key %q", i, request.Header.Get(idempotencyName))
		}
		if served.bodies[i] != served.bodies[0] {
			t.Errorf("request %d has the body %s", i, served.bodies[i])
		}
	}
	if got := served.asked[0].Header.Get("Authorization"); got != "Bearer hrs_secret" {
		t.Error(got)
	}
}

func TestEveryPostHasItsOwnKey(t *testing.T) {
	client, served := serve(t, says(201, Topic{}), says(201, Topic{}))
	for range 2 {
		if _, err := client.CreateTopic(context.Background(), "lkc_a", TopicSpec{}); err != nil {
			t.Fatal(err)
		}
	}
	if served.asked[0].Header.Get(idempotencyName) == served.asked[1].Header.Get(idempotencyName) {
		t.Error("two requests have one key")
	}
}

func TestAFinalErrorIsShownWithCodeDetailAndAdvice(t *testing.T) {
	client, served := serve(t, says(422, map[string]any{
		"code": "plan_unknown", "title": "Plan unknown", "detail": "there is no plan x",
		"advice": "choose one of: dev", "request_id": "req_1",
		"errors": []map[string]string{{"field": "body.plan", "detail": "one of dev expected"}},
	}))
	_, err := client.CreateCluster(context.Background(), ClusterSpec{Name: "a", Plan: "x"})
	for _, part := range []string{"plan_unknown", "there is no plan x", "choose one of: dev", "body.plan", "req_1"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
	if len(served.asked) != 1 {
		t.Errorf("asked %d times", len(served.asked))
	}
}

func TestItGivesUpInTheEnd(t *testing.T) {
	answers := make([]http.HandlerFunc, defaultRetries.attemptsMax)
	for i := range answers {
		answers[i] = says(503, map[string]any{"code": "cluster_unavailable"})
	}
	client, served := serve(t, answers...)
	if _, err := client.GetCluster(context.Background(), "lkc_a"); CodeOf(err) != "cluster_unavailable" {
		t.Error(err)
	}
	if len(served.answers) != 0 {
		t.Errorf("%d attempts were left", len(served.answers))
	}
}

func TestACallerThatLeavesIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	client, served := serve(t, func(writer http.ResponseWriter, request *http.Request) {
		cancel()
		says(429, map[string]any{"code": "slow_down"}, "Retry-After", "3600")(writer, request)
	})
	if _, err := client.GetCluster(ctx, "lkc_a"); err == nil || len(served.asked) != 1 {
		t.Errorf("%v after %d requests", err, len(served.asked))
	}
}

func TestAnAcceptedClusterIsAwaited(t *testing.T) {
	client, served := serve(t,
		says(202, map[string]any{"id": "op_1", "resource_id": "lkc_a", "status": "pending"}),
		says(200, map[string]any{"id": "op_1", "status": "running"}),
		says(200, map[string]any{"id": "op_1", "status": "succeeded"}),
		says(200, Cluster{ID: "lkc_a", Status: "running"}),
	)
	cluster, err := client.CreateCluster(context.Background(), ClusterSpec{Name: "a", Plan: "dev"})
	if err != nil || cluster.Status != "running" {
		t.Fatalf("%v %v", cluster, err)
	}
	if got := served.asked[1].URL.String(); got != "/v1/operations/op_1?wait_seconds=30" {
		t.Error(got)
	}
}

func TestAClusterThatFailedComesWithItsID(t *testing.T) {
	failure := map[string]any{"code": "broker_not_ready", "detail": "no port is free"}
	client, _ := serve(t,
		says(202, map[string]any{"id": "op_1", "resource_id": "lkc_a", "status": "pending"}),
		says(200, map[string]any{"id": "op_1", "status": "failed", "error": failure}),
	)
	cluster, err := client.CreateCluster(context.Background(), ClusterSpec{Name: "a", Plan: "dev"})
	if CodeOf(err) != "broker_not_ready" || cluster == nil || cluster.ID != "lkc_a" {
		t.Errorf("%v %v", cluster, err)
	}
}

func TestAClusterThatFailedAtOnceComesWithItsIDToo(t *testing.T) {
	client, served := serve(t, says(500, map[string]any{
		"code": "cluster_creation_failed", "status": 500, "cluster_id": "lkc_a", "operation_id": "op_1",
	}))
	cluster, err := client.CreateCluster(context.Background(), ClusterSpec{Name: "a", Plan: "dev"})
	if CodeOf(err) != "cluster_creation_failed" || cluster == nil || cluster.ID != "lkc_a" {
		t.Errorf("%v %v", cluster, err)
	}
	if len(served.asked) != 1 {
		t.Errorf("asked %d times", len(served.asked))
	}
}

func TestEveryPageIsRead(t *testing.T) {
	client, served := serve(t,
		says(200, map[string]any{"items": []Cluster{{ID: "lkc_a"}}, "next_page_token": "t&1"}),
		says(200, map[string]any{"items": []Cluster{{ID: "lkc_b"}}, "next_page_token": nil}),
	)
	clusters, err := client.ListClusters(context.Background())
	if err != nil || len(clusters) != 2 || clusters[1].ID != "lkc_b" {
		t.Fatalf("%v %v", clusters, err)
	}
	if got := served.asked[1].URL.Query().Get("page_token"); got != "t&1" {
		t.Error(got)
	}
}

func TestNoPartOfAPathLeavesItsPlace(t *testing.T) {
	client, served := serve(t, says(404, map[string]any{"code": "topic_not_found"}))
	_, err := client.GetTopic(context.Background(), "lkc_a", "../../keys?x=#")
	if !IsNotFound(err) {
		t.Error(err)
	}
	if got := served.asked[0].RequestURI; got != "/v1/clusters/lkc_a/topics/..%2F..%2Fkeys%3Fx=%23" {
		t.Error(got)
	}
}

func TestAnAnswerOfSomethingElseIsNamed(t *testing.T) {
	client, _ := serve(t, says(404, "a page"))
	if _, err := client.GetCluster(context.Background(), "lkc_a"); CodeOf(err) != codeForeign404 || IsNotFound(err) {
		t.Error(err)
	}
}

func TestOnlyTheGivenAuthorityIsTrusted(t *testing.T) {
	asked := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client, err := New(Settings{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetCluster(context.Background(), "lkc_a"); err == nil || asked != 0 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

func TestSettingsThatCanNotBeUsedAreRefused(t *testing.T) {
	for _, settings := range []Settings{
		{URL: "localhost:8642"},
		{URL: "ftp://localhost"},
		{URL: "https://localhost", CACertificate: []byte("none")},
	} {
		if _, err := New(settings); err == nil {
			t.Errorf("%+v was accepted", settings)
		}
	}
}

func TestWaitsGrowAndHeedTheService(t *testing.T) {
	policy := retryPolicy{attemptsMax: 5, firstDelay: 100 * time.Millisecond, delayMax: time.Second}
	for _, each := range []struct {
		attempt int
		asked   time.Duration
		jitter  float64
		want    time.Duration
	}{
		{1, 0, 0, 50 * time.Millisecond},
		{2, 0, 1, 200 * time.Millisecond},
		{20, 0, 1, time.Second},
		{1, 2 * time.Second, 0, 2 * time.Second},
		{1, time.Hour, 0, serverDelayMax},
	} {
		if got := policy.delay(each.attempt, each.asked, each.jitter); got != each.want {
			t.Errorf("%+v: %s", each, got)
		}
	}
}
