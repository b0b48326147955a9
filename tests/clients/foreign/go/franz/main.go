// Command franz runs the contract's requests with franz-go.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"programs/contract"
)

type franz struct {
	access  contract.Access
	options []kgo.Opt
	// The producer that stays open.
	kept *kgo.Client
}

func main() {
	contract.Serve(connect)
}

func connect(access contract.Access) (contract.Client, error) {
	certificate, err := os.ReadFile(access.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return &franz{access: access, options: []kgo.Opt{
		kgo.SeedBrokers(access.Bootstrap),
		kgo.DialTLSConfig(&tls.Config{RootCAs: roots}),
		kgo.SASL(login(access)),
	}}, nil
}

func (f *franz) client(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(options, f.options...)...)
}

func (f *franz) Produce(ctx context.Context, request contract.Request) (contract.Offsets, error) {
	codec, err := codec(request.Codec)
	if err != nil {
		return contract.Offsets{}, err
	}
	client, err := f.client(
		kgo.DefaultProduceTopic(request.Topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codec),
	)
	if err != nil {
		return contract.Offsets{}, err
	}
	defer client.Close()
	records := make([]*kgo.Record, len(request.Records))
	for i, record := range request.Records {
		records[i] = &kgo.Record{
			Partition: record.Partition, Key: bytes(record.Key), Value: bytes(record.Value),
		}
		for _, header := range record.Headers {
			records[i].Headers = append(records[i].Headers,
				kgo.RecordHeader{Key: header[0], Value: []byte(header[1])})
		}
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return contract.Offsets{}, err
	}
	answer := contract.Offsets{}
	for _, record := range records {
		answer.Offsets = append(answer.Offsets, record.Offset)
	}
	return answer, nil
}

func (f *franz) Consume(ctx context.Context, request contract.Request) (contract.Records, error) {
	options := groupOptions(request)
	if request.Isolation == "read_committed" {
		options = append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	client, err := f.client(append(options, kgo.DisableAutoCommit())...)
	if err != nil {
		return contract.Records{}, err
	}
	defer client.Close()
	read, err := poll(ctx, client, request.Count)
	if err != nil {
		return contract.Records{}, err
	}
	answer := contract.Records{}
	for _, record := range read {
		answer.Records = append(answer.Records, received(record))
	}
	return answer, client.CommitRecords(ctx, read...)
}

func (f *franz) Rebalance(ctx context.Context, request contract.Request) (contract.Shares, error) {
	answer := contract.Shares{}
	first, err := f.join(request)
	if err != nil {
		return answer, err
	}
	defer first.client.Close()
	if err := contract.Await(ctx, "all partitions", func() bool { return len(first.list()) == request.Count }); err != nil {
		return answer, err
	}
	answer.Alone = first.list()
	second, err := f.join(request)
	if err != nil {
		return answer, err
	}
	half := request.Count / 2
	shared := func() bool { return len(first.list()) == half && len(second.list()) == half }
	if err := contract.Await(ctx, "half of the partitions each", shared); err != nil {
		second.client.Close()
		return answer, err
	}
	answer.Shared = [][]int32{first.list(), second.list()}
	second.client.Close()
	err = contract.Await(ctx, "the partitions of the one that left", func() bool { return len(first.list()) == request.Count })
	answer.Left = first.list()
	return answer, err
}

func (f *franz) Pipeline(ctx context.Context, request contract.Request) (contract.Read, error) {
	session, err := kgo.NewGroupTransactSession(append(append(groupOptions(request), f.options...),
		kgo.TransactionalID(request.TransactionalID),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
	)...)
	if err != nil {
		return contract.Read{}, err
	}
	defer session.Close()
	read, err := poll(ctx, session.Client(), request.Count)
	if err != nil {
		return contract.Read{}, err
	}
	if err := session.Begin(); err != nil {
		return contract.Read{}, err
	}
	made := make([]*kgo.Record, len(read))
	for i, record := range read {
		value := append([]byte{}, record.Value...)
		made[i] = &kgo.Record{Topic: request.To, Key: record.Key, Value: append(value, '!')}
	}
	if err := session.ProduceSync(ctx, made...).FirstErr(); err != nil {
		return contract.Read{}, err
	}
	committed, err := session.End(ctx, kgo.TransactionEndTry(request.Commit))
	if err == nil && committed != request.Commit {
		err = errors.New("the transaction did not end as it was asked to")
	}
	return contract.Read{Read: len(read)}, err
}

func (f *franz) Administer(ctx context.Context, request contract.Request) (contract.Administered, error) {
	answer := contract.Administered{}
	client, err := f.client()
	if err != nil {
		return answer, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	first, second := "60000", "120000"
	settings := map[string]*string{"retention.ms": &first}
	if _, err := admin.CreateTopic(ctx, 2, -1, settings, request.Topic); err != nil {
		return answer, fmt.Errorf("create: %w", err)
	}
	if answer.Partitions, err = count(ctx, admin, request.Topic); err != nil {
		return answer, err
	}
	if answer.Retention, err = retention(ctx, admin, request.Topic); err != nil {
		return answer, err
	}
	change := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &second}}
	if altered, err := admin.AlterTopicConfigs(ctx, change, request.Topic); err != nil || altered[0].Err != nil {
		return answer, fmt.Errorf("alter: %w", errors.Join(err, altered[0].Err))
	}
	if answer.Altered, err = retention(ctx, admin, request.Topic); err != nil {
		return answer, err
	}
	if grown, err := admin.UpdatePartitions(ctx, 3, request.Topic); err != nil || grown.Error() != nil {
		return answer, fmt.Errorf("grow: %w", errors.Join(err, grown.Error()))
	}
	if answer.Grown, err = count(ctx, admin, request.Topic); err != nil {
		return answer, err
	}
	groups, err := admin.DescribeGroups(ctx, request.Group)
	if err != nil {
		return answer, fmt.Errorf("describe group: %w", err)
	}
	answer.GroupState = groups[request.Group].State
	if _, err := admin.DeleteGroup(ctx, request.Group); err != nil {
		return answer, fmt.Errorf("delete group: %w", err)
	}
	if _, err := admin.DeleteTopic(ctx, request.Topic); err != nil {
		return answer, fmt.Errorf("delete: %w", err)
	}
	topics, err := admin.ListTopics(ctx)
	answer.Gone = !topics.Has(request.Topic)
	return answer, err
}

func count(ctx context.Context, admin *kadm.Client, topic string) (int, error) {
	topics, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return 0, err
	}
	return len(topics[topic].Partitions), topics[topic].Err
}

func retention(ctx context.Context, admin *kadm.Client, topic string) (string, error) {
	described, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return "", err
	}
	for _, setting := range described[0].Configs {
		if setting.Key == "retention.ms" {
			return *setting.Value, nil
		}
	}
	return "", errors.Join(errors.New("retention.ms is not described"), described[0].Err)
}

// member is a group member that knows what it owns.
type member struct {
	client *kgo.Client
	mutex  sync.Mutex
	owned  map[int32]struct{}
}

func (m *member) list() []int32 {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	list := []int32{}
	for partition := range m.owned {
		list = append(list, partition)
	}
	return contract.Sorted(list)
}

func (f *franz) join(request contract.Request) (*member, error) {
	joined := &member{owned: map[int32]struct{}{}}
	assigned := func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		joined.mutex.Lock()
		defer joined.mutex.Unlock()
		for _, partition := range partitions[request.Topic] {
			joined.owned[partition] = struct{}{}
		}
	}
	lost := func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		joined.mutex.Lock()
		defer joined.mutex.Unlock()
		for _, partition := range partitions[request.Topic] {
			delete(joined.owned, partition)
		}
	}
	client, err := f.client(append(groupOptions(request),
		kgo.OnPartitionsAssigned(assigned), kgo.OnPartitionsRevoked(lost), kgo.OnPartitionsLost(lost))...)
	joined.client = client
	return joined, err
}

func groupOptions(request contract.Request) []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumerGroup(request.Group),
		kgo.ConsumeTopics(request.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.HeartbeatInterval(contract.Heartbeat),
	}
}

func poll(ctx context.Context, client *kgo.Client, wanted int) ([]*kgo.Record, error) {
	read := []*kgo.Record{}
	for len(read) < wanted {
		fetches := client.PollRecords(ctx, wanted-len(read))
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d of %d records: %w", len(read), wanted, err)
		}
		read = append(read, fetches.Records()...)
	}
	return read, nil
}

func received(record *kgo.Record) contract.Record {
	made := contract.Record{
		Partition: record.Partition, Offset: record.Offset,
		Key: text(record.Key), Value: text(record.Value), Headers: [][2]string{},
	}
	for _, header := range record.Headers {
		made.Headers = append(made.Headers, [2]string{header.Key, string(header.Value)})
	}
	return made
}

func codec(name string) (kgo.CompressionCodec, error) {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	codec, known := codecs[name]
	if !known {
		return codec, fmt.Errorf("unknown codec %q", name)
	}
	return codec, nil
}

func bytes(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	made := string(bytes)
	return &made
}
