// Package docs renders the provider's documentation, in the layout that registries read, from its schemas
// and its examples.
package docs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/headrace/terraform-provider-headrace/internal/provider"
)

const (
	dirResources          = "resources"
	dirDataSources        = "data-sources"
	dirEphemeralResources = "ephemeral-resources"
)

// Schemas are what the provider tells Terraform about itself.
func Schemas(ctx context.Context) (*tfprotov6.GetProviderSchemaResponse, error) {
	server := providerserver.NewProtocol6(provider.New("docs")())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("read the schemas: %w", err)
	}
	for _, diagnostic := range schemas.Diagnostics {
		return nil, fmt.Errorf("read the schemas: %s: %s", diagnostic.Summary, diagnostic.Detail)
	}
	return schemas, nil
}

// Render returns each page by its path under docs; `examples` is the tree of examples.
func Render(ctx context.Context, examples fs.FS) (map[string]string, error) {
	schemas, err := Schemas(ctx)
	if err != nil {
		return nil, err
	}
	example, err := read(examples, "provider/provider.tf")
	if err != nil {
		return nil, err
	}
	pages := map[string]string{"index.md": page("headrace Provider", "", schemas.Provider, example, "")}
	kinds := []struct {
		dir, title, file string
		schemas          map[string]*tfprotov6.Schema
	}{
		{dirResources, "Resource", "resource.tf", schemas.ResourceSchemas},
		{dirDataSources, "Data Source", "data-source.tf", schemas.DataSourceSchemas},
		{dirEphemeralResources, "Ephemeral Resource", "ephemeral-resource.tf", schemas.EphemeralResourceSchemas},
	}
	for _, kind := range kinds {
		for name, schema := range kind.schemas {
			example, err := read(examples, kind.dir+"/"+name+"/"+kind.file)
			if err != nil {
				return nil, err
			}
			imports := ""
			if kind.dir == dirResources {
				if imports, err = read(examples, kind.dir+"/"+name+"/import.sh"); err != nil {
					return nil, err
				}
			}
			short := strings.TrimPrefix(name, "headrace_")
			pages[kind.dir+"/"+short+".md"] = page(name+" ("+kind.title+")", name, schema, example, imports)
		}
	}
	return pages, nil
}

func read(examples fs.FS, path string) (string, error) {
	content, err := fs.ReadFile(examples, path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no example examples/%s", path)
	}
	return string(content), err
}

func page(title, name string, schema *tfprotov6.Schema, example, imports string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "---\npage_title: %q\n---\n\n# %s\n\n%s\n", title, title, schema.Block.Description)
	fmt.Fprintf(&text, "\n## Example\n\n```terraform\n%s```\n", example)
	text.WriteString("\n## Attributes\n")
	writeAttributes(&text, "", schema.Block.Attributes)
	if imports != "" {
		fmt.Fprintf(&text, "\n## Import\n\n`%s` is imported by its id:\n\n```shell\n%s```\n", name, imports)
	}
	return text.String()
}

// writeAttributes lists what can be set, then what is only read, then what is nested in these.
func writeAttributes(text *strings.Builder, prefix string, attributes []*tfprotov6.SchemaAttribute) {
	groups := []struct {
		title   string
		belongs func(*tfprotov6.SchemaAttribute) bool
	}{
		{"Required", func(a *tfprotov6.SchemaAttribute) bool { return a.Required }},
		{"Optional", func(a *tfprotov6.SchemaAttribute) bool { return a.Optional }},
		{"Read-only", func(a *tfprotov6.SchemaAttribute) bool { return !a.Required && !a.Optional }},
	}
	for _, group := range groups {
		written := false
		for _, attribute := range attributes {
			if !group.belongs(attribute) {
				continue
			}
			if !written {
				fmt.Fprintf(text, "\n**%s**\n\n", group.title)
				written = true
			}
			fmt.Fprintf(text, "- `%s%s` (%s) %s\n", prefix, attribute.Name, kindOf(attribute), attribute.Description)
		}
	}
	for _, attribute := range attributes {
		if attribute.NestedType != nil {
			inner := prefix + attribute.Name + suffixes[attribute.NestedType.Nesting]
			fmt.Fprintf(text, "\n### `%s`\n", prefix+attribute.Name)
			writeAttributes(text, inner, attribute.NestedType.Attributes)
		}
	}
}

var suffixes = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: ".",
	tfprotov6.SchemaObjectNestingModeList:   "[*].",
	tfprotov6.SchemaObjectNestingModeMap:    "[\"NAME\"].",
}

func kindOf(attribute *tfprotov6.SchemaAttribute) string {
	words := []string{}
	if attribute.NestedType != nil {
		words = append(words, map[tfprotov6.SchemaObjectNestingMode]string{
			tfprotov6.SchemaObjectNestingModeSingle: "Object",
			tfprotov6.SchemaObjectNestingModeList:   "List of objects",
			tfprotov6.SchemaObjectNestingModeMap:    "Map of objects",
		}[attribute.NestedType.Nesting])
	} else {
		words = append(words, nameOf(attribute.Type))
	}
	if attribute.Sensitive {
		words = append(words, "sensitive")
	}
	if attribute.WriteOnly {
		words = append(words, "write-only")
	}
	return strings.Join(words, ", ")
}

func nameOf(kind tftypes.Type) string {
	names := []struct {
		kind tftypes.Type
		name string
	}{{tftypes.String, "String"}, {tftypes.Number, "Number"}, {tftypes.Bool, "Boolean"}}
	at := slices.IndexFunc(names, func(each struct {
		kind tftypes.Type
		name string
	}) bool {
		return each.kind.Equal(kind)
	})
	if at >= 0 {
		return names[at].name
	}
	if collection, ok := kind.(tftypes.Map); ok {
		return "Map of " + nameOf(collection.ElementType)
	}
	return kind.String()
}
