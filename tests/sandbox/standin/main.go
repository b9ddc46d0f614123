// Command standin plays, in the sandbox, the programs of KubeSphere whose images cannot be had there: as much
// of each as an installer can see. Every part says which program and version it imitates, and what it leaves out.
//
// The program is chosen by the name it is started under, as pods do (`controller-manager`, `ks-apiserver`,
// `/proxy`, `/agent`), or by the first argument, for images whose pods name no command (`standin ks-console`).
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

var programs = map[string]func(args []string){
	"ks-apiserver":          apiserver,
	"ks-controller-manager": controllerManager,
	"controller-manager":    controllerManager,
	"ks-console":            console,
	"default-http-backend":  defaultBackend,
	"tower":                 tower,
	"proxy":                 tower,
	"agent":                 agent,
}

func main() {
	for index, name := range os.Args[:min(2, len(os.Args))] {
		if program, ok := programs[filepath.Base(name)]; ok {
			program(os.Args[index+1:])
			return
		}
	}
	fmt.Fprintf(os.Stderr, "standin: neither its own name nor the first argument is a program it can play: %q\n", os.Args)
	os.Exit(2)
}

// parse reads klog's flags, which all of KubeSphere's programs have, and those known here, as texts. Others are fatal.
func parse(name string, args []string, known ...string) map[string]string {
	flags, values := flag.NewFlagSet(name, flag.ExitOnError), map[string]string{}
	klog.InitFlags(flags)
	for _, one := range known {
		flags.String(one, "", "")
	}
	_ = flags.Parse(args) // ExitOnError
	flags.Visit(func(given *flag.Flag) { values[given.Name] = given.Value.String() })
	klog.Infof("%s: stand-in of the sandbox", name)
	return values
}

// config is what the stand-ins heed of kubesphere.yaml.
type config struct {
	Authentication struct{ JwtSecret string }
	Cache          struct{ Type string }
	Multicluster   struct {
		Enable          bool
		HostClusterName string
	}
}

// loadConfig reads kubesphere.yaml from where the real programs find it in their pods. Left out: following its changes.
func loadConfig() config {
	read := config{}
	read.Multicluster.HostClusterName = "host"
	text, err := os.ReadFile("/etc/kubesphere/kubesphere.yaml")
	if err := errors.Join(err, yaml.Unmarshal(text, &read)); err != nil {
		klog.Fatalf("Failed to load configuration from disk: %v", err)
	}
	return read
}

// apiserver imitates ks-apiserver v3.4.1 as far as starting goes: it refuses the configurations that the real one
// refuses, answers the probes and says its version. It serves no API, has no login, and does not connect to Redis.
func apiserver(args []string) {
	parse("ks-apiserver", args)
	settings := loadConfig()
	if settings.Authentication.JwtSecret == "" {
		klog.Exit("JWT secret MUST not be empty")
	}
	if kind := settings.Cache.Type; kind != "redis" && kind != "InMemoryCache" {
		klog.Exitf("cache with type %s is not supported", kind)
	}
	serve(9090, map[string]string{"/healthz": "ok", "/kapis/version": `{"gitVersion":"v3.4.1","gitMajor":"3","gitMinor":"4"}`})
}

// console imitates ks-console v3.4.1: its port is open. It has no pages but one, and reads no configuration.
func console([]string) { serve(8000, map[string]string{"/{$}": "ks-console: stand-in\n"}) }

// defaultBackend imitates defaultbackend 1.4, the page for addresses that no ingress serves.
func defaultBackend([]string) { serve(8080, map[string]string{"/healthz": "ok"}) }

// serve answers each path with its text, any other with 404, and never returns.
func serve(port int, pages map[string]string) {
	for path, page := range pages {
		http.HandleFunc(path, func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, page) })
	}
	klog.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", port), nil))
}
