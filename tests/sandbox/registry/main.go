// The registry of distribution, as many run it: `registry serve CONFIG`. Only with what the sandbox uses, since all
// drivers would bring the SDKs of three clouds: storage in a folder, and logins from a file of htpasswd.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
