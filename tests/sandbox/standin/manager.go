package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"
)

// controllerManager imitates ks-controller-manager v3.4.1: its webhooks, and what it writes to Users, Clusters and
// kubesphere-config, with its user agent. Left out: election of a leader (replicas may race; the resource version of
// each write tells them apart), every other controller, and joining members to KubeFed, so that no Cluster becomes
// Federated or Ready.
func controllerManager(args []string) {
	kubeconfig := ""
	parse("ks-controller-manager", args, func(flags *flag.FlagSet) {
		flags.StringVar(&kubeconfig, "kubeconfig", "", "the API server, where it is not the pod's own")
		flags.Bool("leader-elect", false, "accepted; no leader is elected")
	})
	settings := loadConfig()
	connection := connect(kubeconfig, "controller-manager/v3.4.1 (stand-in of the sandbox)")
	client := dynamic.NewForConfigOrDie(connection)
	if settings.Multicluster.Enable {
		requireNotification(discovery.NewDiscoveryClientForConfigOrDie(connection))
		hosts := &clusterController{client.Resource(clusters), connection, settings.Multicluster.HostClusterName}
		go hosts.run()
	}
	go follow(client.Resource(users), userController{client.Resource(users), settings.Multicluster.Enable}.reconcile)
	serveWebhooks(filepath.Join(os.TempDir(), "k8s-webhook-server", "serving-certs"))
}

// requireNotification ends the program as the real one ends where multicluster is on and a kind of notification is not
// there when it starts.
func requireNotification(client *discovery.DiscoveryClient) {
	const version = "notification.kubesphere.io/v2beta2"
	served := map[string]bool{}
	if resources, err := client.ServerResourcesForGroupVersion(version); err == nil {
		for _, resource := range resources.APIResources {
			served[resource.Kind] = true
		}
	}
	for _, kind := range []string{"NotificationManager", "Config", "Receiver", "Router", "Silence"} {
		if !served[kind] {
			klog.Fatalf("Unable to create Notification controller: no matches for kind %q in version %q", kind, version)
		}
	}
}

// serveWebhooks allows whatever it is asked, on every path. The certificate is read for each connection, as it may be
// renewed. Left out: the checks of the real webhooks, such as that of a member's uid when its Cluster changes.
func serveWebhooks(folder string) {
	load := func() (*tls.Certificate, error) {
		certificate, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
		return &certificate, err
	}
	if _, err := load(); err != nil {
		klog.Fatalf("unable to run the manager: %v", err)
	}
	server := &http.Server{
		Addr:      ":8443",
		Handler:   http.HandlerFunc(allow),
		TLSConfig: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return load() }},
	}
	klog.Fatal(server.ListenAndServeTLS("", ""))
}

func allow(answer http.ResponseWriter, request *http.Request) {
	var review struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err := json.NewDecoder(request.Body).Decode(&review); err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(answer).Encode(map[string]any{"apiVersion": review.APIVersion, "kind": review.Kind,
		"response": map[string]any{"uid": review.Request.UID, "allowed": true}})
}
