// Command standin plays, in the sandbox, the programs of KubeSphere whose images cannot be had there: as much
// of each as an installer can see. Every file says which program and version it imitates, and what it leaves out.
//
// The program is chosen by the name it is started under, as pods do (`controller-manager`, `ks-apiserver`,
// `/proxy`, `/agent`), or by the first argument, for images whose pods name no command (`standin ks-console`).
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/klog/v2"
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

// parse reads the flags that define makes, and klog's, which all of KubeSphere's programs have. Others are fatal.
func parse(name string, args []string, define func(*flag.FlagSet)) {
	flags := flag.NewFlagSet(name, flag.ExitOnError)
	klog.InitFlags(flags)
	define(flags)
	_ = flags.Parse(args) // ExitOnError
	klog.Infof("%s: stand-in of the sandbox", name)
}
