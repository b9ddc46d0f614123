package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// clusterController imitates the controller of Clusters of ks-controller-manager v3.4.1 on a host: it makes the Cluster
// of the host itself, holds every Cluster by its finalizer, and writes a Cluster's name into kubesphere-config of the
// cluster behind it. Left out: KubeFed, versions, nodes and conditions; Clusters of type proxy, which have no tunnel here.
type clusterController struct {
	clusters   dynamic.ResourceInterface
	connection *rest.Config
	hostName   string
}

func (c *clusterController) run() {
	for err := c.ensureHost(); err != nil; err = c.ensureHost() {
		klog.Errorf("Error create host cluster, error: %v", err)
		time.Sleep(time.Second)
	}
	follow(c.clusters, c.reconcile)
}

// ensureHost makes the Cluster of the host, under hostClusterName, unless any has the host's label.
func (c *clusterController) ensureHost() error {
	hosts, err := c.clusters.List(context.TODO(), metav1.ListOptions{LabelSelector: "cluster-role.kubesphere.io/host"})
	if err != nil || len(hosts.Items) > 0 {
		return err
	}
	user := map[string]any{"token": c.connection.BearerToken, "tokenFile": c.connection.BearerTokenFile,
		"client-certificate-data": c.connection.CertData, "client-key-data": c.connection.KeyData}
	_, err = c.clusters.Create(context.TODO(), parsed(fmt.Sprintf(`
apiVersion: cluster.kubesphere.io/v1alpha1
kind: Cluster
metadata:
  name: %s
  labels: {cluster-role.kubesphere.io/host: "", kubesphere.io/managed: "true"}
spec:
  joinFederation: true
  enable: true
  provider: kubesphere
  connection: {type: direct, kubeconfig: %s}
`, c.hostName, kubeconfig("local", c.connection.Host, c.connection.CAData, "kubesphere", user))), metav1.CreateOptions{})
	return err
}

func (c *clusterController) reconcile(cluster *unstructured.Unstructured, deleted bool) error {
	if deleted {
		return nil
	}
	before := slices.Clone(cluster.GetFinalizers())
	holdByFinalizer(cluster, "finalizer.cluster.kubesphere.io")
	if len(cluster.GetFinalizers()) != len(before) {
		return put(c.clusters, cluster)
	}
	connection, _, _ := unstructured.NestedMap(cluster.Object, "spec", "connection")
	joined, _, _ := unstructured.NestedBool(cluster.Object, "spec", "joinFederation")
	text, _ := connection["kubeconfig"].(string)
	if cluster.GetDeletionTimestamp() != nil || !joined || connection["type"] != "direct" || text == "" {
		return nil
	}
	if err := c.writeName(cluster.GetName(), text); err != nil {
		return fmt.Errorf("cluster %s: its name in ConfigMap %s/kubesphere-config: %w", cluster.GetName(), kubesphereSystem, err)
	}
	return nil
}

func (c *clusterController) writeName(name, encoded string) error {
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	connection, err := clientcmd.RESTConfigFromKubeConfig(text)
	if err != nil {
		return err
	}
	connection.UserAgent = c.connection.UserAgent
	connection.Timeout = 10 * time.Second // The real one waits without end for a cluster that does not answer.
	client := dynamic.NewForConfigOrDie(connection).Resource(configMaps).Namespace(kubesphereSystem)
	found, err := client.Get(context.TODO(), "kubesphere-config", metav1.GetOptions{})
	if err != nil {
		return err
	}
	written, changed, err := withClusterName(field(found, "data", "kubesphere.yaml"), name)
	if err != nil || !changed {
		return err
	}
	set(found, written, "data", "kubesphere.yaml")
	return put(client, found)
}
