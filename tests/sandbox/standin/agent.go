package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"k8s.io/klog/v2"
)

// agent imitates Tower's agent v0.2.2 towards the stand-in of Tower: it connects outwards, proves itself by its Cluster's
// name and token, stays connected, and tries again for ever with growing pauses. It carries no requests, so it needs
// neither the member's API server nor its token; it heeds HTTP_PROXY and trusts the system's authorities, as the real one.
func agent(args []string) {
	var name, token, server string
	var longest time.Duration
	parse("agent", args, func(flags *flag.FlagSet) {
		flags.StringVar(&name, "name", "", "name of the Cluster on the host")
		flags.StringVar(&token, "token", "", "its token")
		flags.StringVar(&server, "proxy-server", "http://127.0.0.1:8080", "address of Tower")
		flags.DurationVar(&longest, "max-retry-interval", 2*time.Minute, "longest pause between two tries")
		for _, unused := range []string{"kubernetes-service", "kubesphere-service", "keepalive", "max-retry", "kubeconfig"} {
			flags.String(unused, "", "accepted; there is no tunnel")
		}
	})
	address := server + "/agent?" + url.Values{"name": {name}, "token": {token}}.Encode()
	const shortest = 100 * time.Millisecond
	for pause := shortest; ; pause = min(pause*14/10, longest) {
		reached, err := stay(address)
		klog.Infof("Disconnected from %s: %v", server, err)
		if reached {
			pause = shortest
		}
		time.Sleep(pause)
	}
}

// stay connects and returns when the connection has ended, telling whether Tower had let the agent in.
func stay(address string) (reached bool, err error) {
	answer, err := http.Post(address, "", nil)
	if err != nil {
		return false, err.(*url.Error).Err // Without the address, which holds the token.
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return false, fmt.Errorf("%s: %s", answer.Status, text)
	}
	klog.Info("Connected")
	_, err = io.Copy(io.Discard, answer.Body)
	return true, err
}
