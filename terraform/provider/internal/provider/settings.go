package provider

import (
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/headrace/terraform-provider-headrace/internal/api"
)

// The environment variables are those of the command line.
const (
	envURL    = "HEADRACE_URL"
	envAPIKey = "HEADRACE_API_KEY"
	envCAFile = "HEADRACE_CA_FILE"
)

type settingsModel struct {
	URL           types.String `tfsdk:"url"`
	APIKey        types.String `tfsdk:"api_key"`
	CAFile        types.String `tfsdk:"ca_file"`
	CACertificate types.String `tfsdk:"ca_certificate"`
}

// isUnknown tells whether something is still to come from a resource that is not made yet.
func (m settingsModel) isUnknown() bool {
	return m.URL.IsUnknown() || m.APIKey.IsUnknown() || m.CAFile.IsUnknown() || m.CACertificate.IsUnknown()
}

func (m settingsModel) resolve(diagnostics *diag.Diagnostics) api.Settings {
	settings := api.Settings{
		URL:    orEnvironment(m.URL, envURL),
		APIKey: orEnvironment(m.APIKey, envAPIKey),
	}
	if settings.URL == "" {
		diagnostics.AddAttributeError(path.Root("url"), "The service's address is missing",
			"Set url in the provider's block, or "+envURL+" in the environment.")
	}
	if settings.APIKey == "" {
		diagnostics.AddAttributeError(path.Root("api_key"), "The API key is missing",
			"Set api_key in the provider's block, or "+envAPIKey+" in the environment. "+
				"`headrace api-key create` makes one.")
	}
	if certificate := m.CACertificate.ValueString(); certificate != "" {
		settings.CACertificate = []byte(certificate)
	} else if file := orEnvironment(m.CAFile, envCAFile); file != "" {
		certificate, err := os.ReadFile(file)
		if err != nil {
			diagnostics.AddAttributeError(path.Root("ca_file"), "The CA file can not be read", err.Error())
		}
		settings.CACertificate = certificate
	}
	return settings
}

func orEnvironment(given types.String, name string) string {
	if value := given.ValueString(); value != "" {
		return value
	}
	return os.Getenv(name)
}
