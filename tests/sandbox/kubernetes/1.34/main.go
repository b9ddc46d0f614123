// Command kubernetes is one Kubernetes node as one binary: the first argument names the part to be.
// One source serves every release; the release is the go.mod beside the link to this file.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const words = "etcd, apiserver, controller-manager, scheduler, kubelet, proxy, kubectl"

// commands makes a part only when it is asked for: making one registers flags and metrics that others share.
var commands = map[string]func() *cobra.Command{
	"apiserver":          apiserver.NewAPIServerCommand,
	"controller-manager": controllermanager.NewControllerManagerCommand,
	"scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":            func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"proxy":              proxy.NewProxyCommand,
	"kubectl":            kubectl.NewDefaultKubectlCommand,
}

func main() {
	word := ""
	if len(os.Args) > 1 {
		word = os.Args[1]
		os.Args = os.Args[1:]
	}
	if word == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	command, known := commands[word]
	if !known {
		fmt.Fprintf(os.Stderr, "kubernetes: the first argument must be one of %s; it is %q\n", words, word)
		os.Exit(2)
	}
	os.Exit(cli.Run(command()))
}
