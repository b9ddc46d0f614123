package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
)

// memberController is the part of Tower v0.2.2 that writes to the API server.
type memberController struct {
	clusters, services dynamic.ResourceInterface
	authority          []byte
	agents             sync.Map // The latest request of an agent, by the Cluster's name.
}

// tower imitates the proxy of Tower v0.2.2: its flags, what it demands of its authority, and what it writes to Clusters of
// type proxy and their Services. There is no tunnel: an agent is the stand-in's own, a POST that stays open, and the
// kubeconfig that it causes to be written has no user and leads to a Service behind which nobody listens. Left out too:
// election of a leader, external access, and Services of Clusters that went while it was not running.
func tower(args []string) {
	flags := parse("tower", args, "ca-cert", "ca-key", "publish-service-address", "leader-elect")
	authority, err := tls.LoadX509KeyPair(flags["ca-cert"], flags["ca-key"])
	if err != nil {
		klog.Exitf("authority: %v", err)
	}
	if _, ok := authority.PrivateKey.(*rsa.PrivateKey); !ok {
		klog.Exitf("the private key file %s isn't in RSA format", flags["ca-key"])
	}
	if now, from, until := time.Now(), authority.Leaf.NotBefore, authority.Leaf.NotAfter; now.Before(from) || now.After(until) {
		klog.Exitf("the certificate %s is valid from %s until %s", flags["ca-cert"], from, until)
	}
	certificate, _ := os.ReadFile(flags["ca-cert"]) // It has just been read.
	_, client := connect("proxy/v0.2.2 (stand-in of the sandbox)")
	members := &memberController{authority: certificate, clusters: client.Resource(clusters),
		services: client.Resource(services).Namespace(kubesphereSystem)}
	go follow(members.clusters, members.reconcile)
	http.HandleFunc("POST /agent", members.serveAgent)
	serve(8080, map[string]string{"/health": "OK\n", "/version": "v0.2.2\n"})
}

// reconcile gives a new member its token, ports, Service and addresses. Like the real one it never looks again once the
// Cluster is Initialized, whatever becomes of the Service, and lets two members have the same ports.
func (c *memberController) reconcile(cluster *unstructured.Unstructured, deleted bool) error {
	if deleted || !joins(cluster, "proxy") {
		err := c.services.Delete(context.TODO(), "mc-"+cluster.GetName(), metav1.DeleteOptions{})
		return utilerrors.FilterOut(err, apierrors.IsNotFound)
	}
	conditions, _, _ := unstructured.NestedSlice(cluster.Object, "status", "conditions")
	if slices.ContainsFunc(conditions, condition("Initialized")) {
		return nil
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // It never fails.
	port := 6000 + (int64(random[0])<<8+int64(random[1]))%1000
	service := parsed(memberService, cluster.GetName(), port, port+10000)
	made, err := c.services.Create(context.TODO(), service, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		made, err = c.services.Update(context.TODO(), service, metav1.UpdateOptions{})
	}
	if err != nil {
		return err
	}
	connection, _, _ := unstructured.NestedMap(cluster.Object, "spec", "connection")
	if connection["token"] == nil || connection["token"] == "" {
		connection["token"] = fmt.Sprintf("%x", random)
	}
	connection["kubernetesAPIServerPort"], connection["kubesphereAPIServerPort"] = port, port+10000
	connection["kubernetesAPIEndpoint"] = "https://" + field(made, "spec", "clusterIP") + ":6443"
	connection["kubesphereAPIEndpoint"] = "http://" + field(made, "spec", "clusterIP") + ":80"
	set(cluster, connection, "spec", "connection")
	setCondition(cluster, "Initialized", "True", "Cluster has been initialized")
	return put(c.clusters, cluster)
}

const memberService = `
apiVersion: v1
kind: Service
metadata: {name: mc-%[1]s, labels: {app: mc-%[1]s, app.kubernetes.io/name: mc-%[1]s}}
spec:
  type: ClusterIP
  selector: {app: tower, app.kubernetes.io/name: tower}
  ports:
    - {name: kubernetes, protocol: TCP, port: 6443, targetPort: %[2]d}
    - {name: kubesphere, protocol: TCP, port: 80, targetPort: %[3]d}
`

// serveAgent lets an agent in that knows the token of its Cluster, and holds the connection until it goes. Like the real
// one it writes a new kubeconfig at every connection.
func (c *memberController) serveAgent(answer http.ResponseWriter, request *http.Request) {
	name, token := request.URL.Query().Get("name"), request.URL.Query().Get("token")
	if err := c.available(name, token, "True", "Agent has connected to proxy successfully."); err != nil {
		http.Error(answer, err.Error(), http.StatusUnauthorized)
		return
	}
	c.agents.Store(name, request)
	fmt.Fprintln(answer, "OK")
	_ = http.NewResponseController(answer).Flush()
	klog.Infof("cluster %s: an agent has connected from %s", name, request.RemoteAddr)
	<-request.Context().Done()
	if c.agents.CompareAndDelete(name, request) { // Otherwise it has come back already.
		err := c.available(name, token, "False", "Agent has not connected to proxy.")
		klog.Infof("cluster %s: an agent has gone (error: %v)", name, err)
	}
}

func (c *memberController) available(name, token, status, message string) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		cluster, err := c.clusters.Get(context.TODO(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if token == "" || token != field(cluster, "spec", "connection", "token") {
			return errors.New("Unauthorized agent")
		}
		server := field(cluster, "spec", "connection", "kubernetesAPIEndpoint")
		set(cluster, kubeconfig(server, c.authority, ""), "spec", "connection", "kubeconfig")
		setCondition(cluster, "AgentAvailable", status, message)
		return put(c.clusters, cluster)
	})
}

func condition(kind string) func(any) bool {
	return func(item any) bool { return item.(map[string]any)["type"] == kind }
}

func setCondition(cluster *unstructured.Unstructured, kind, status, message string) {
	now := time.Now().UTC().Format(time.RFC3339)
	all, _, _ := unstructured.NestedSlice(cluster.Object, "status", "conditions")
	all = append(slices.DeleteFunc(all, condition(kind)), map[string]any{"type": kind, "status": status, "reason": kind,
		"message": message, "lastUpdateTime": now, "lastTransitionTime": now})
	set(cluster, all, "status", "conditions")
}

// agent imitates Tower's agent v0.2.2 towards the stand-in of Tower: it connects outwards, proves itself by its Cluster's
// name and token, stays connected, and tries again for ever. It carries no requests, so it needs neither the member's API
// server nor its token; it heeds HTTP_PROXY and trusts the system's authorities, as the real one.
func agent(args []string) {
	flags := parse("agent", args, "name", "token", "proxy-server", "kubernetes-service", "kubesphere-service", "keepalive",
		"max-retry", "max-retry-interval", "kubeconfig")
	query := url.Values{"name": {flags["name"]}, "token": {flags["token"]}}
	for ; ; time.Sleep(time.Second) {
		answer, err := http.Post(flags["proxy-server"]+"/agent?"+query.Encode(), "", nil)
		if err != nil {
			klog.Info("Disconnected: ", errors.Unwrap(err)) // Without the address, which holds the token.
			continue
		}
		klog.Info("Answer: ", answer.Status)
		_, err = io.Copy(os.Stderr, answer.Body) // What Tower says, until it or the network ends.
		klog.Info("Disconnected: ", err)
		answer.Body.Close()
	}
}
