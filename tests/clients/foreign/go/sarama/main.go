// Command sarama runs the contract's requests with IBM's sarama.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/IBM/sarama"

	"programs/contract"
)

type client struct {
	access contract.Access
	roots  *x509.CertPool
	// The producer that stays open.
	kept sarama.SyncProducer
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
	return &client{access: access, roots: roots}, nil
}

func (c *client) addresses() []string {
	return []string{c.access.Bootstrap}
}

func (c *client) config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Net.TLS.Enable = true
	config.Net.TLS.Config = &tls.Config{RootCAs: c.roots}
	c.logIn(config)
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Heartbeat.Interval = contract.Heartbeat
	return config
}

func (c *client) Produce(_ context.Context, request contract.Request) (contract.Offsets, error) {
	config := c.config()
	config.Producer.Partitioner = sarama.NewManualPartitioner
	if err := config.Producer.Compression.UnmarshalText([]byte(request.Codec)); err != nil {
		return contract.Offsets{}, err
	}
	producer, err := sarama.NewSyncProducer(c.addresses(), config)
	if err != nil {
		return contract.Offsets{}, err
	}
	messages := make([]*sarama.ProducerMessage, len(request.Records))
	for i, record := range request.Records {
		messages[i] = &sarama.ProducerMessage{
			Topic: request.Topic, Partition: record.Partition, Key: encoder(record.Key), Value: encoder(record.Value),
		}
		for _, header := range record.Headers {
			messages[i].Headers = append(messages[i].Headers,
				sarama.RecordHeader{Key: []byte(header[0]), Value: []byte(header[1])})
		}
	}
	err = producer.SendMessages(messages)
	answer := contract.Offsets{}
	for _, message := range messages {
		answer.Offsets = append(answer.Offsets, message.Offset)
	}
	return answer, errors.Join(err, producer.Close())
}

func (c *client) Consume(ctx context.Context, request contract.Request) (contract.Records, error) {
	read, err := c.collect(ctx, request, true)
	answer := contract.Records{}
	for _, message := range read {
		answer.Records = append(answer.Records, received(message))
	}
	return answer, err
}

func (c *client) Rebalance(ctx context.Context, request contract.Request) (contract.Shares, error) {
	answer := contract.Shares{}
	first, err := c.join(request)
	if err != nil {
		return answer, err
	}
	defer first.leave()
	if err := contract.Await(ctx, "all partitions", func() bool { return len(first.list()) == request.Count }); err != nil {
		return answer, err
	}
	answer.Alone = first.list()
	second, err := c.join(request)
	if err != nil {
		return answer, err
	}
	half := request.Count / 2
	shared := func() bool { return len(first.list()) == half && len(second.list()) == half }
	err = contract.Await(ctx, "half of the partitions each", shared)
	answer.Shared = [][]int32{first.list(), second.list()}
	if left := second.leave(); err != nil || left != nil {
		return answer, errors.Join(err, left)
	}
	err = contract.Await(ctx, "the partitions of the one that left", func() bool { return len(first.list()) == request.Count })
	answer.Left = first.list()
	return answer, err
}

func (c *client) Pipeline(ctx context.Context, request contract.Request) (contract.Read, error) {
	config := c.config()
	config.Producer.Idempotent = true
	config.Producer.Transaction.ID = request.TransactionalID
	config.Net.MaxOpenRequests = 1
	producer, err := sarama.NewSyncProducer(c.addresses(), config)
	if err != nil {
		return contract.Read{}, err
	}
	request.Isolation = "read_committed"
	read, err := c.collect(ctx, request, false)
	if err == nil {
		err = transform(producer, request, read)
	}
	return contract.Read{Read: len(read)}, errors.Join(err, producer.Close())
}

func transform(producer sarama.SyncProducer, request contract.Request, read []*sarama.ConsumerMessage) error {
	if err := producer.BeginTxn(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	made := make([]*sarama.ProducerMessage, len(read))
	next := map[int32]int64{}
	for i, message := range read {
		value := append(append([]byte{}, message.Value...), '!')
		made[i] = &sarama.ProducerMessage{Topic: request.To, Value: sarama.ByteEncoder(value)}
		next[message.Partition] = max(next[message.Partition], message.Offset+1)
	}
	if err := producer.SendMessages(made); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	offsets := []*sarama.PartitionOffsetMetadata{}
	for partition, offset := range next {
		offsets = append(offsets, &sarama.PartitionOffsetMetadata{Partition: partition, Offset: offset, LeaderEpoch: -1})
	}
	if err := producer.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{request.Topic: offsets}, request.Group); err != nil {
		return fmt.Errorf("offsets: %w", err)
	}
	if request.Commit {
		return producer.CommitTxn()
	}
	return producer.AbortTxn()
}

func (c *client) Administer(_ context.Context, request contract.Request) (contract.Administered, error) {
	answer := contract.Administered{}
	admin, err := sarama.NewClusterAdmin(c.addresses(), c.config())
	if err != nil {
		return answer, err
	}
	err = administer(admin, request, &answer)
	return answer, errors.Join(err, admin.Close())
}

func administer(admin sarama.ClusterAdmin, request contract.Request, answer *contract.Administered) error {
	first, second := "60000", "120000"
	detail := &sarama.TopicDetail{
		NumPartitions: 2, ReplicationFactor: -1, ConfigEntries: map[string]*string{"retention.ms": &first},
	}
	err := admin.CreateTopic(request.Topic, detail, false)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if answer.Partitions, _, err = look(admin, request.Topic); err != nil {
		return err
	}
	if answer.Retention, err = retention(admin, request.Topic); err != nil {
		return err
	}
	change := map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &second},
	}
	if err := admin.IncrementalAlterConfig(sarama.TopicResource, request.Topic, change, false); err != nil {
		return fmt.Errorf("alter: %w", err)
	}
	if answer.Altered, err = retention(admin, request.Topic); err != nil {
		return err
	}
	if err := admin.CreatePartitions(request.Topic, 3, nil, false); err != nil {
		return fmt.Errorf("grow: %w", err)
	}
	if answer.Grown, _, err = look(admin, request.Topic); err != nil {
		return err
	}
	groups, err := admin.DescribeConsumerGroups([]string{request.Group})
	if err != nil {
		return fmt.Errorf("describe group: %w", err)
	}
	answer.GroupState = groups[0].State
	if err := admin.DeleteConsumerGroup(request.Group); err != nil {
		return fmt.Errorf("delete group: %w", err)
	}
	if err := admin.DeleteTopic(request.Topic); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	_, there, err := look(admin, request.Topic)
	answer.Gone = !there
	return err
}

func look(admin sarama.ClusterAdmin, topic string) (int, bool, error) {
	topics, err := admin.ListTopics()
	detail, there := topics[topic]
	return int(detail.NumPartitions), there, err
}

func retention(admin sarama.ClusterAdmin, topic string) (string, error) {
	settings, err := admin.DescribeConfig(sarama.ConfigResource{
		Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"},
	})
	if err != nil || len(settings) != 1 {
		return "", errors.Join(fmt.Errorf("%d settings are described, not one", len(settings)), err)
	}
	return settings[0].Value, nil
}

func received(message *sarama.ConsumerMessage) contract.Record {
	made := contract.Record{
		Partition: message.Partition, Offset: message.Offset,
		Key: text(message.Key), Value: text(message.Value), Headers: [][2]string{},
	}
	for _, header := range message.Headers {
		made.Headers = append(made.Headers, [2]string{string(header.Key), string(header.Value)})
	}
	return made
}

func encoder(text *string) sarama.Encoder {
	if text == nil {
		return nil
	}
	return sarama.StringEncoder(*text)
}

func text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	made := string(bytes)
	return &made
}
