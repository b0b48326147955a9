package main

import (
	"context"
	"errors"
	"sync"

	"github.com/IBM/sarama"

	"programs/contract"
)

// collector is a group member that reads a number of records, all that arrive before it has them in order.
type collector struct {
	mutex  sync.Mutex
	wanted int
	read   []*sarama.ConsumerMessage
	commit bool
	done   context.CancelFunc
}

func (c *client) collect(ctx context.Context, request contract.Request, commit bool) ([]*sarama.ConsumerMessage, error) {
	config := c.config()
	if request.Isolation == "read_committed" {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	group, err := sarama.NewConsumerGroup(c.addresses(), request.Group, config)
	if err != nil {
		return nil, err
	}
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	handler := &collector{wanted: request.Count, commit: commit, done: cancel}
	for reading.Err() == nil && err == nil {
		err = group.Consume(reading, []string{request.Topic}, handler)
	}
	if err == nil && len(handler.read) < request.Count {
		err = ctx.Err()
	}
	return handler.read, errors.Join(err, group.Close())
}

func (c *collector) Setup(sarama.ConsumerGroupSession) error { return nil }

func (c *collector) Cleanup(session sarama.ConsumerGroupSession) error {
	if c.commit {
		session.Commit()
	}
	return nil
}

func (c *collector) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-session.Context().Done():
			return nil
		case message, open := <-claim.Messages():
			if !open || !c.take(session, message) {
				return nil
			}
		}
	}
}

func (c *collector) take(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.read) < c.wanted {
		c.read = append(c.read, message)
		session.MarkMessage(message, "")
	}
	if len(c.read) == c.wanted {
		c.done()
		return false
	}
	return true
}

// member stays in its group until it is told to leave, and knows what it owns.
type member struct {
	group  sarama.ConsumerGroup
	cancel context.CancelFunc
	ended  chan error
	topic  string
	mutex  sync.Mutex
	owned  []int32
}

func (c *client) join(request contract.Request) (*member, error) {
	group, err := sarama.NewConsumerGroup(c.addresses(), request.Group, c.config())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	joined := &member{group: group, cancel: cancel, ended: make(chan error, 1), topic: request.Topic}
	go func() {
		var err error
		for ctx.Err() == nil && err == nil {
			err = group.Consume(ctx, []string{request.Topic}, joined)
		}
		joined.ended <- err
	}()
	return joined, nil
}

func (m *member) leave() error {
	m.cancel()
	return errors.Join(<-m.ended, m.group.Close())
}

func (m *member) list() []int32 {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return contract.Sorted(m.owned)
}

func (m *member) own(partitions []int32) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.owned = partitions
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.own(session.Claims()[m.topic])
	return nil
}

func (m *member) Cleanup(sarama.ConsumerGroupSession) error {
	m.own(nil)
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-session.Context().Done():
			return nil
		case _, open := <-claim.Messages():
			if !open {
				return nil
			}
		}
	}
}
