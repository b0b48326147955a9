package main

import (
	"context"
	"crypto/sha512"
	"errors"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"programs/contract"
)

func (c *client) logIn(config *sarama.Config) {
	config.Net.SASL.Enable = true
	if c.access.TokenURL != "" {
		config.Net.SASL.Mechanism = sarama.SASLTypeOAuth
		config.Net.SASL.TokenProvider = issued{c.access}
		return
	}
	config.Net.SASL.Mechanism = sarama.SASLTypeSCRAMSHA512
	config.Net.SASL.User = c.access.Username
	config.Net.SASL.Password = c.access.Password
	config.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &login{} }
}

func (c *client) Keep(_ context.Context, request contract.Request) (contract.Kept, error) {
	if c.kept == nil {
		producer, err := sarama.NewSyncProducer(c.addresses(), c.config())
		if err != nil {
			return contract.Kept{}, err
		}
		c.kept = producer
	}
	_, offset, err := c.kept.SendMessage(&sarama.ProducerMessage{Topic: request.Topic, Value: sarama.StringEncoder("kept")})
	return contract.Kept{Offset: offset}, err
}

func (c *client) Enter(_ context.Context, request contract.Request) (contract.Entered, error) {
	other := &client{access: c.access.As(request), roots: c.roots}
	config := other.config()
	config.Metadata.Retry.Max = 0
	opened, err := sarama.NewClient(other.addresses(), config)
	if refusal := sarama.ErrSASLAuthenticationFailed; errors.Is(err, refusal) {
		name := refusal.Error()
		return contract.Entered{Refused: &name}, nil
	}
	if err != nil {
		return contract.Entered{}, err
	}
	return contract.Entered{}, opened.Close()
}

// issued asks the issuer for each token.
type issued struct {
	access contract.Access
}

func (i issued) Token() (*sarama.AccessToken, error) {
	token, err := i.access.Token()
	return &sarama.AccessToken{Token: token}, err
}

// login is a SCRAM conversation, which sarama leaves to its user.
type login struct {
	conversation *scram.ClientConversation
}

func (l *login) Begin(user, password, authorization string) error {
	client, err := scram.HashGeneratorFcn(sha512.New).NewClient(user, password, authorization)
	if err == nil {
		l.conversation = client.NewConversation()
	}
	return err
}

func (l *login) Step(challenge string) (string, error) { return l.conversation.Step(challenge) }

func (l *login) Done() bool { return l.conversation.Done() }
