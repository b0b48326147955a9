package provider

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

func TestSettingsComeFromTheBlockThenFromTheEnvironment(t *testing.T) {
	t.Setenv(envURL, "https://environment")
	t.Setenv(envAPIKey, "hrs_environment")
	t.Setenv(envCAFile, "")
	for _, each := range []struct {
		given settingsModel
		want  api.Settings
	}{
		{settingsModel{}, api.Settings{URL: "https://environment", APIKey: "hrs_environment"}},
		{
			settingsModel{URL: types.StringValue("https://block"), APIKey: types.StringValue("hrs_block")},
			api.Settings{URL: "https://block", APIKey: "hrs_block"},
		},
	} {
		var diagnostics diag.Diagnostics
		got := each.given.resolve(&diagnostics)
		if got.URL != each.want.URL || got.APIKey != each.want.APIKey || diagnostics.HasError() {
			t.Errorf("%+v %v", got, diagnostics)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Setenv(envURL, "")
	t.Setenv(envAPIKey, "")
	t.Setenv(envCAFile, filepath.Join(t.TempDir(), "absent.pem"))
	var diagnostics diag.Diagnostics
	settingsModel{}.resolve(&diagnostics)
	if diagnostics.ErrorsCount() != 3 {
		t.Error(diagnostics)
	}
}

func TestAProviderBlockMayBeUnknownYet(t *testing.T) {
	if !(settingsModel{APIKey: types.StringUnknown()}).isUnknown() || (settingsModel{}).isUnknown() {
		t.Error("what is unknown is not told apart")
	}
	var unready configured
	var diagnostics diag.Diagnostics
	if unready.ready(&diagnostics) || !diagnostics.HasError() {
		t.Error("a provider without settings is used")
	}
}

func TestAnErrorStandsBesideItsAttribute(t *testing.T) {
	for attribute, problem := range map[string]*api.Problem{
		"plan":       {Code: api.CodePlanUnknown},
		"partitions": {Code: api.CodePartitionsFewer},
		"secret_wo":  {Code: api.CodeSecretUsed},
		"name":       {Code: "request_invalid", Errors: []api.FieldProblem{{Field: "body.name"}}},
		"":           {Code: "internal_error"},
	} {
		if got := attributeOf(problem); got != attribute {
			t.Errorf("%s is shown at %q", problem.Code, got)
		}
	}
}

func TestACheckThatCouldNotBeMadeOnlyWarns(t *testing.T) {
	for _, each := range []struct {
		err    error
		errors int
	}{
		{&api.ConnectionError{Cause: errors.New("refused")}, 0},
		{&api.Problem{Status: 503, Code: "cluster_unavailable"}, 0},
		{&api.Problem{Status: 409, Code: api.CodeClusterNotReady}, 0},
		{&api.Problem{Status: 422, Code: api.CodeTopicConfig}, 1},
		{&api.Problem{Status: 401, Code: "credentials_invalid"}, 1},
	} {
		var diagnostics diag.Diagnostics
		addCheckFailure(&diagnostics, "topic", each.err)
		if diagnostics.ErrorsCount() != each.errors || len(diagnostics) != 1 {
			t.Errorf("%v: %v", each.err, diagnostics)
		}
	}
}

func TestConfigsKeepHowTheyWereWritten(t *testing.T) {
	empty := types.MapValueMust(types.StringType, map[string]attr.Value{})
	bare := api.Topic{Name: "orders"}
	if got := newTopicModel(bare, empty).Configs; !got.Equal(empty) {
		t.Error(got)
	}
	if got := newTopicModel(bare, types.MapNull(types.StringType)).Configs; !got.IsNull() {
		t.Error(got)
	}
	week, day := "604800000", "86400000"
	set := api.Topic{Configs: map[string]api.TopicConfig{
		"retention.ms":   {Value: &week, Source: "dynamic_topic_config"},
		"cleanup.policy": {Value: &day, Source: "default_config", IsDefault: true},
	}}
	got := newTopicModel(set, empty).Configs
	if !got.Equal(configsValue(map[string]string{"retention.ms": week})) {
		t.Error(got)
	}
	if sameConfigs(got, configsValue(map[string]string{"retention.ms": day})) || !sameConfigs(got, got) {
		t.Error("sets of configs are not told apart")
	}
}

func TestOnlyWhatIsKnownIsChecked(t *testing.T) {
	known := topicModel{Name: types.StringValue("orders"), ClusterID: types.StringValue("lkc_a")}
	if !known.isKnown() {
		t.Error("what is left out is taken for unknown")
	}
	known.Configs = types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringUnknown()})
	if known.isKnown() {
		t.Error("an unknown value is taken for known")
	}
}

func TestANumberThatTheClusterChoosesIsNotSent(t *testing.T) {
	for _, number := range []types.Int64{types.Int64Null(), types.Int64Unknown()} {
		if spec := (topicModel{Partitions: number}).spec(); spec.Partitions != nil {
			t.Errorf("%s is sent as %d", number, *spec.Partitions)
		}
	}
	if spec := (topicModel{Partitions: types.Int64Value(3)}).spec(); *spec.Partitions != 3 {
		t.Error(*spec.Partitions)
	}
}

func TestInstantsAreCompared(t *testing.T) {
	one := types.StringValue("2030-01-01T00:00:00Z")
	for text, want := range map[string]bool{
		"2030-01-01T00:00:00.000000Z": true,
		"2030-01-01T01:00:00+01:00":   true,
		"2030-01-01T00:00:01Z":        false,
		"never":                       false,
	} {
		if sameInstant(one, types.StringValue(text)) != want {
			t.Errorf("%s: not %v", text, want)
		}
	}
	if sameInstant(one, types.StringNull()) || !sameInstant(types.StringNull(), types.StringNull()) {
		t.Error("none is not told from one")
	}
	if key := newAPIKeyModel(api.APIKey{}, one); !key.ExpiresAt.IsNull() {
		t.Error(key.ExpiresAt)
	}
}

func TestAnotherWayToWriteAnInstantIsNoChange(t *testing.T) {
	kept := types.StringValue("2030-01-01T00:00:00.000000Z")
	for written, want := range map[string]types.String{
		"2030-01-01T01:00:00+01:00": kept,
		"2030-01-01T00:00:01Z":      types.StringValue("2030-01-01T00:00:01Z"),
	} {
		request := planmodifier.StringRequest{StateValue: kept, PlanValue: types.StringValue(written)}
		response := planmodifier.StringResponse{PlanValue: request.PlanValue}
		sameInstantModifier{}.PlanModifyString(context.Background(), request, &response)
		if !response.PlanValue.Equal(want) {
			t.Errorf("%s is planned as %s", written, response.PlanValue)
		}
	}
}
