package docs

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

const root = "../.."

func TestTheCommittedPagesAreWhatTheSchemasSay(t *testing.T) {
	pages, err := Render(context.Background(), os.DirFS(filepath.Join(root, "examples")))
	if err != nil {
		t.Fatal(err)
	}
	committed := os.DirFS(filepath.Join(root, "docs"))
	for path, want := range pages {
		got, err := fs.ReadFile(committed, path)
		if err != nil || string(got) != want {
			t.Errorf("docs/%s is out of date (%v); run: make terraform-docs", path, err)
		}
	}
	err = fs.WalkDir(committed, ".", func(path string, entry fs.DirEntry, err error) error {
		if _, rendered := pages[path]; err == nil && !entry.IsDir() && !rendered {
			t.Errorf("docs/%s belongs to nothing", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	schemas, err := Schemas(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	seen := documented(t, "provider", schemas.Provider.Block.Attributes)
	for _, kind := range []map[string]*tfprotov6.Schema{
		schemas.ResourceSchemas, schemas.DataSourceSchemas, schemas.EphemeralResourceSchemas,
	} {
		for name, schema := range kind {
			if schema.Block.Description == "" {
				t.Errorf("%s is not described", name)
			}
			seen += documented(t, name, schema.Block.Attributes)
		}
	}
	if seen == 0 {
		t.Error("there are no attributes")
	}
}

func documented(t *testing.T, place string, attributes []*tfprotov6.SchemaAttribute) int {
	t.Helper()
	seen := len(attributes)
	for _, attribute := range attributes {
		if attribute.Description == "" {
			t.Errorf("%s.%s is not described", place, attribute.Name)
		}
		if attribute.NestedType != nil {
			seen += documented(t, place+"."+attribute.Name, attribute.NestedType.Attributes)
		}
	}
	return seen
}
