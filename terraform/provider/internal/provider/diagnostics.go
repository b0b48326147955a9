package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// Which attribute a problem is about when it names no field.
var attributesOfCodes = map[string]string{
	api.CodeClusterNameTaken:  "name",
	api.CodePlanUnknown:       "plan",
	api.CodeEngineMissing:     "plan",
	api.CodeTopicNameTaken:    "name",
	api.CodeTopicName:         "name",
	api.CodeTopicConfig:       "configs",
	api.CodeReplication:       "replication_factor",
	api.CodePartitionsFewer:   "partitions",
	api.CodePartitionsInvalid: "partitions",
	api.CodePartitionsLimit:   "partitions",
	api.CodeExpiry:            "expires_at",
	api.CodeSecretInvalid:     "secret_wo",
	api.CodeSecretUsed:        "secret_wo",
}

// addError shows an error beside the attribute that it is about, where that is known.
func addError(diagnostics *diag.Diagnostics, doing string, err error) {
	var problem *api.Problem
	if !errors.As(err, &problem) {
		diagnostics.AddError("Could not "+doing, err.Error())
		return
	}
	summary := fmt.Sprintf("Could not %s: %s", doing, strings.ToLower(problem.Title))
	if attribute := attributeOf(problem); attribute != "" {
		diagnostics.AddAttributeError(path.Root(attribute), summary, problem.Error())
		return
	}
	diagnostics.AddError(summary, problem.Error())
}

func attributeOf(problem *api.Problem) string {
	for _, field := range problem.Errors {
		place := strings.Split(field.Field, ".")
		known := []string{"name", "plan", "partitions", "replication_factor", "configs", "role", "cluster_id", "expires_at"}
		if len(place) > 1 && place[0] == "body" && slices.Contains(known, place[1]) {
			return place[1]
		}
	}
	return attributesOfCodes[problem.Code]
}

// isTemporary tells whether a check could not be made for a reason that may be gone by the time of apply.
func isTemporary(err error) bool {
	var connection *api.ConnectionError
	var problem *api.Problem
	switch {
	case errors.As(err, &connection):
		return true
	case errors.As(err, &problem):
		return problem.Status >= 500 || problem.Status == 429 || problem.Code == api.CodeClusterNotReady
	default:
		return false
	}
}

// addCheckFailure shows what a dry run found wrong; one that could not be made only warns.
func addCheckFailure(diagnostics *diag.Diagnostics, what string, err error) {
	if isTemporary(err) {
		diagnostics.AddWarning("The "+what+" was not checked", err.Error())
		return
	}
	addError(diagnostics, "plan the "+what, err)
}
