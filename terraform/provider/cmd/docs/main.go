// Command docs writes the provider's documentation; it is run in the provider's directory.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/headrace/terraform-provider-headrace/internal/docs"
)

func main() {
	if err := write(); err != nil {
		log.Fatal(err)
	}
}

func write() error {
	pages, err := docs.Render(context.Background(), os.DirFS("examples"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll("docs"); err != nil {
		return err
	}
	for path, text := range pages {
		target := filepath.Join("docs", path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
