// Command terraform-provider-approute lets Terraform and OpenTofu manage AppRoute's links and webhooks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/approute/terraform-provider-approute/internal/provider"
)

// version is set at release by -ldflags.
var version = "dev"

// address is the provider's place in the registry, below whichever host Terraform or OpenTofu asks.
const address = "registry.terraform.io/approute/approute"

const usage = `terraform-provider-approute %s

This is a plugin of Terraform and OpenTofu, which start it by themselves. Name it in a configuration:

    terraform {
      required_providers {
        approute = { source = "approute/approute" }
      }
    }

and run "terraform init". The key comes from APPROUTE_API_KEY.

To attach a debugger to the plugin, start it with -debug and do what it prints.
`

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(arguments []string, out io.Writer) int {
	flags := flag.NewFlagSet("terraform-provider-approute", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { fmt.Fprintf(out, usage, version) }
	debug := flags.Bool("debug", false, "run on its own, for a debugger")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	// The variable is how the plugin protocol tells a start by Terraform from one by a person.
	if !*debug && os.Getenv("TF_PLUGIN_MAGIC_COOKIE") == "" {
		flags.Usage()
		return 1
	}
	options := providerserver.ServeOpts{Address: address, Debug: *debug}
	if err := providerserver.Serve(context.Background(), provider.New(version), options); err != nil {
		fmt.Fprintln(out, "terraform-provider-approute:", err)
		return 1
	}
	return 0
}
