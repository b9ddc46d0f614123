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
	"strconv"
	"strings"
	"time"

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

// config is what the stand-ins heed of kubesphere.yaml, with KubeSphere's defaults.
type config struct {
	Authentication struct {
		JwtSecret        string
		MaximumClockSkew duration
		OauthOptions     struct{ AccessTokenMaxAge duration }
	}
	Cache        struct{ Type string }
	Multicluster struct {
		Enable                        bool
		HostClusterName               string
		ClusterControllerResyncPeriod duration
	}
}

// duration is written as `2h`, or as a number of nanoseconds.
type duration time.Duration

func (d *duration) UnmarshalJSON(text []byte) error {
	if number, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		*d = duration(number)
		return nil
	}
	parsed, err := time.ParseDuration(strings.Trim(string(text), `"`))
	*d = duration(parsed)
	return err
}

// loadConfig reads kubesphere.yaml from where the real programs find it in their pods.
func loadConfig() config {
	read := config{}
	read.Authentication.MaximumClockSkew = duration(10 * time.Second)
	read.Authentication.OauthOptions.AccessTokenMaxAge = duration(2 * time.Hour)
	read.Multicluster.HostClusterName = "host"
	read.Multicluster.ClusterControllerResyncPeriod = duration(resyncPeriod)
	text, err := os.ReadFile("/etc/kubesphere/kubesphere.yaml")
	if err := errors.Join(err, yaml.Unmarshal(text, &read)); err != nil {
		klog.Fatalf("Failed to load configuration from disk: %v", err)
	}
	return read
}

// console imitates ks-console v3.4.1: its port is open. It has no pages but one, and reads no configuration.
func console([]string) { serve(8000, "/{$}", "ks-console: stand-in\n") }

// defaultBackend imitates defaultbackend 1.4, the page for addresses that no ingress serves.
func defaultBackend([]string) { serve(8080, "/healthz", "ok") }

// serve answers one path with a text, any other with 404, and never returns.
func serve(port int, path, text string) {
	http.HandleFunc(path, page(text))
	klog.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", port), nil))
}
