package api

import (
	"context"
	"testing"
)

func TestThePriceOfACheckedClusterIsThatOfTheDryRun(t *testing.T) {
	client, served := serve(t, says(200, map[string]any{
		"price": ClusterPrice{Currency: "USD", PriceBookVersion: 3, PerDayAtRest: "0.480000", DailyCap: "2.000000"},
	}))
	price, err := client.CheckCluster(context.Background(), ClusterSpec{Name: "orders", Plan: "standard"})
	if err != nil || price.PerDayAtRest != "0.480000" || price.PriceBookVersion != 3 {
		t.Errorf("%+v %v", price, err)
	}
	if got := served.asked[0].URL.Query().Get("dry_run"); got != "true" {
		t.Error(got)
	}
	if key := served.asked[0].Header.Get(idempotencyName); key != "" {
		t.Errorf("a dry run carries the key %s", key)
	}
}

func TestAPlanWithoutAPriceIsNoError(t *testing.T) {
	for _, code := range []string{codePlanUnpriced, codePriceBookMissing} {
		client, _ := serve(t, says(422, map[string]any{"code": code}))
		if price, err := client.PriceAtRest(context.Background(), "dev"); price != nil || err != nil {
			t.Errorf("%s: %+v %v", code, price, err)
		}
	}
	client, _ := serve(t, says(403, map[string]any{"code": "permission_denied"}))
	if _, err := client.PriceAtRest(context.Background(), "dev"); CodeOf(err) != "permission_denied" {
		t.Error(err)
	}
}

func TestOnlyTheUseThatIsExpectedIsSent(t *testing.T) {
	stored := "2.5"
	client, served := serve(t, says(200, PricePreview{PerDay: "0.060000"}))
	found, err := client.PreviewPrice(context.Background(), ExpectedUse{Plan: "dev", GBStored: &stored})
	if err != nil || found.PerDay != "0.060000" {
		t.Errorf("%+v %v", found, err)
	}
	if served.bodies[0] != `{"plan":"dev","gb_stored":"2.5"}` {
		t.Error(served.bodies[0])
	}
	if key := served.asked[0].Header.Get(idempotencyName); key != "" {
		t.Errorf("a question carries the key %s", key)
	}
}

func TestPricesAreThoseOfTheDayThatIsAskedFor(t *testing.T) {
	day := "2026-11-22"
	client, served := serve(t, says(200, PriceBook{Version: 1}), says(200, PriceBook{Version: 2}))
	for _, asked := range []*string{&day, nil} {
		if _, err := client.GetPrices(context.Background(), asked); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := served.asked[0].URL.RawQuery, served.asked[1].URL.RawQuery; first != "date="+day || second != "" {
		t.Errorf("%q %q", first, second)
	}
}
