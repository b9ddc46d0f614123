package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"flag"
	"fmt"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/klog/v2"
)

// tower imitates the proxy of Tower v0.2.2: its flags, what it demands of its authority, and what it writes to Clusters of
// type proxy and their Services. There is no tunnel: an agent is the stand-in's own, a POST that stays open, and the
// kubeconfig that it causes to be written leads to a Service behind which nobody listens. Left out too: election of a
// leader, external access, and deleting Services of Clusters that went while Tower was not running.
func tower(args []string) {
	var certificatePath, keyPath, host, kubeconfig string
	var port int
	parse("tower", args, func(flags *flag.FlagSet) {
		flags.StringVar(&certificatePath, "ca-cert", "", "file of the authority's certificate")
		flags.StringVar(&keyPath, "ca-key", "", "file of the authority's key")
		flags.StringVar(&host, "host", "0.0.0.0", "address where agents are awaited")
		flags.IntVar(&port, "port", 8080, "port where agents are awaited")
		flags.StringVar(&kubeconfig, "kubeconfig", "", "the API server, where it is not the pod's own")
		flags.String("publish-service-address", "127.0.0.1", "accepted, as by the real one, and not used")
		flags.Bool("leader-elect", false, "accepted; no leader is elected")
	})
	if port < 1024 || port > 49151 {
		klog.Exitf("invalid port %d: must be in 1024..49151", port)
	}
	authority, key, err := loadAuthority(certificatePath, keyPath)
	if err != nil {
		klog.Exitf("authority: %v", err)
	}
	client := dynamic.NewForConfigOrDie(connect(kubeconfig, "proxy/v0.2.2 (stand-in of the sandbox)"))
	members := &memberController{client.Resource(clusters), client.Resource(services).Namespace(kubesphereSystem), authority, key,
		sync.Mutex{}, map[string]int{}}
	go follow(members.clusters, members.reconcile)
	http.HandleFunc("/health", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "OK") })
	http.HandleFunc("/version", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "v0.2.2") })
	http.HandleFunc("POST /agent", members.serveAgent)
	klog.Fatal(http.ListenAndServe(fmt.Sprintf("%s:%d", host, port), nil))
}

func loadAuthority(certificatePath, keyPath string) (*x509.Certificate, *rsa.PrivateKey, error) {
	found, err := cert.CertsFromFile(certificatePath)
	if err != nil {
		return nil, nil, err
	}
	if time.Now().Before(found[0].NotBefore) {
		return nil, nil, fmt.Errorf("the certificate %s is not valid yet: it begins at %s", certificatePath, found[0].NotBefore)
	}
	if time.Now().After(found[0].NotAfter) {
		return nil, nil, fmt.Errorf("the certificate %s has expired at %s", certificatePath, found[0].NotAfter)
	}
	read, err := keyutil.PrivateKeyFromFile(keyPath)
	key, ok := read.(*rsa.PrivateKey)
	if err == nil && !ok {
		err = fmt.Errorf("the private key file %s isn't in RSA format", keyPath)
	}
	return found[0], key, err
}

// serveAgent lets an agent in that knows the token of its Cluster, and holds the connection until it goes.
func (c *memberController) serveAgent(answer http.ResponseWriter, request *http.Request) {
	name, token := request.URL.Query().Get("name"), request.URL.Query().Get("token")
	cluster, err := c.clusters.Get(context.TODO(), name, metav1.GetOptions{})
	if err != nil || token == "" || token != field(cluster, "spec", "connection", "token") {
		http.Error(answer, "Unauthorized agent", http.StatusUnauthorized)
		return
	}
	if err := c.connected(name); err != nil {
		http.Error(answer, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(answer, "OK")
	_ = http.NewResponseController(answer).Flush()
	klog.Infof("cluster %s: an agent has connected from %s", name, request.RemoteAddr)
	<-request.Context().Done()
	klog.Infof("cluster %s: an agent has gone (written: %v)", name, c.disconnected(name))
}
