package main

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"programs/contract"
)

func login(access contract.Access) sasl.Mechanism {
	if access.TokenURL == "" {
		return scram.Auth{User: access.Username, Pass: access.Password}.AsSha512Mechanism()
	}
	return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
		token, err := access.Token()
		return oauth.Auth{Token: token}, err
	})
}

func (f *franz) Keep(ctx context.Context, request contract.Request) (contract.Kept, error) {
	if f.kept == nil {
		client, err := f.client()
		if err != nil {
			return contract.Kept{}, err
		}
		f.kept = client
	}
	record, err := f.kept.ProduceSync(ctx, &kgo.Record{Topic: request.Topic, Value: []byte("kept")}).First()
	if err != nil {
		return contract.Kept{}, err
	}
	return contract.Kept{Offset: record.Offset}, nil
}

func (f *franz) Enter(ctx context.Context, request contract.Request) (contract.Entered, error) {
	other, err := connect(f.access.As(request))
	if err != nil {
		return contract.Entered{}, err
	}
	client, err := other.(*franz).client()
	if err != nil {
		return contract.Entered{}, err
	}
	defer client.Close()
	err = client.Ping(ctx)
	var refusal *kerr.Error
	if errors.As(err, &refusal) {
		return contract.Entered{Refused: &refusal.Message}, nil
	}
	return contract.Entered{}, err
}
