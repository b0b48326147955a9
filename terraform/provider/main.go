// Command terraform-provider-headrace is the Terraform provider of Headrace, speaking protocol 6.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/headrace/terraform-provider-headrace/internal/provider"
)

// version is set when the binary is linked.
var version = "0.1.0"

func main() {
	debug := flag.Bool("debug", false, "run for a debugger to attach to")
	flag.Parse()
	options := providerserver.ServeOpts{Address: provider.Address, Debug: *debug}
	if err := providerserver.Serve(context.Background(), provider.New(version), options); err != nil {
		log.Fatal(err)
	}
}
