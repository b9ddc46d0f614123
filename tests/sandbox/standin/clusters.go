package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
)

const (
	clusterFinalizer = "finalizer.cluster.kubesphere.io"
	hostLabel        = "cluster-role.kubesphere.io/host"
)

// runClusters imitates the controller of Clusters on a host: it makes the Cluster of the host itself, holds every Cluster by
// its finalizer, joins it, and writes down what it finds in the cluster behind it. Only a changed spec and the resync period
// make it look again. Left out: the label that marks a second Cluster of the host itself, and clean-up of notifications.
func (m *manager) runClusters(host string, resync time.Duration) {
	for err := m.ensureHost(host); err != nil; err = m.ensureHost(host) {
		klog.Error("Error create host cluster, error: ", err)
		time.Sleep(time.Second)
	}
	follow(m.clusters, resync, func(before, now *unstructured.Unstructured) bool {
		return now.GetDeletionTimestamp() != nil || !equality.Semantic.DeepEqual(before.Object["spec"], now.Object["spec"])
	}, m.reconcileCluster)
}

// ensureHost makes the Cluster of the host, under hostClusterName, unless any has the host's label.
func (m *manager) ensureHost(name string) error {
	hosts, err := m.clusters.List(context.TODO(), metav1.ListOptions{LabelSelector: hostLabel})
	if err != nil || len(hosts.Items) > 0 {
		return err
	}
	user := &api.AuthInfo{Token: m.connection.BearerToken, TokenFile: m.connection.BearerTokenFile}
	_, err = m.clusters.Create(context.TODO(), parsed(`
apiVersion: cluster.kubesphere.io/v1alpha1
kind: Cluster
metadata: {name: %s, labels: {%s: "", kubesphere.io/managed: "true"}}
spec: {joinFederation: true, enable: true, provider: kubesphere, connection: {type: direct, kubeconfig: %s}}
`, name, hostLabel, kubeconfig("kubernetes", m.connection.Host, m.connection.CAData, user)), metav1.CreateOptions{})
	return err
}

func (m *manager) reconcileCluster(cluster *unstructured.Unstructured, deleted bool) error {
	switch {
	case deleted:
		return nil
	case cluster.GetDeletionTimestamp() != nil:
		return m.release(cluster)
	}
	if holdByFinalizer(cluster, clusterFinalizer) {
		held, err := m.clusters.Update(context.TODO(), cluster, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		cluster = held
	}
	text := field(cluster, "spec", "connection", "kubeconfig")
	if joined, _, _ := unstructured.NestedBool(cluster.Object, "spec", "joinFederation"); !joined || text == "" {
		return nil
	}
	connection, member, err := memberOf(text, m.connection.UserAgent)
	if err != nil {
		return fmt.Errorf("failed to create cluster config for %s: %w", cluster.GetName(), err)
	}
	if err := m.join(cluster, connection, member); apierrors.IsConflict(err) {
		return err
	} else if err != nil {
		klog.Errorf("Failed to join federation for cluster %s, error %v", cluster.GetName(), err)
		setCondition(cluster, "Federated", "False", err.Error(), "Cluster can not join federation control plane")
		setCondition(cluster, "Ready", "False", "Cluster join federation control plane failed", "Cluster is Not Ready now")
		return put(m.clusters, cluster) // Once that is written, it tries again at the next resync.
	}
	setCondition(cluster, "Federated", "True", "", "Cluster has joined federation control plane successfully")
	if err := describe(cluster, connection, member); err != nil {
		return err
	}
	if err := put(m.clusters, cluster); err != nil {
		return fmt.Errorf("failed to update cluster status: %w", err)
	}
	if err := writeName(member, cluster.GetName()); err != nil {
		return err
	}
	return m.grant(cluster.GetName(), member)
}

// release lets go of a Cluster that is being deleted. Nothing is done on the member: the account of the federation stays there,
// and so does all that was spread.
func (m *manager) release(cluster *unstructured.Unstructured) error {
	if !slices.Contains(cluster.GetFinalizers(), clusterFinalizer) {
		return nil
	}
	if err := m.unjoin(cluster.GetName()); err != nil {
		return err
	}
	if err := m.grant(cluster.GetName(), nil); err != nil {
		return err
	}
	holdByFinalizer(cluster, clusterFinalizer)
	return put(m.clusters, cluster)
}

// describe writes down what the cluster says of itself. That it is Ready does not depend on its KubeSphere, and nobody takes it
// back when the cluster does not answer any more.
func describe(cluster *unstructured.Unstructured, connection *rest.Config, member dynamic.Interface) error {
	if field(cluster, "spec", "connection", "kubernetesAPIEndpoint") == "" {
		set(cluster, connection.Host, "spec", "connection", "kubernetesAPIEndpoint")
	}
	client, err := discovery.NewDiscoveryClientForConfig(connection)
	if err != nil {
		return err
	}
	version, err := client.ServerVersion()
	if err != nil {
		return fmt.Errorf("failed to get kubernetes version: %w", err)
	}
	found, err := member.Resource(nodes).List(context.TODO(), metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("failed to get cluster nodes: %w", err)
	}
	set(cluster, version.GitVersion, "status", "kubernetesVersion")
	set(cluster, int64(len(found.Items)), "status", "nodeCount")
	var configz map[string]any
	if err := getKubeSphere(connection, "kapis/config.kubesphere.io/v1alpha2/configs/configz", &configz); err != nil {
		klog.Warningf("failed to fetch kubesphere components status in cluster %s: %s", cluster.GetName(), err)
	} else {
		set(cluster, configz, "status", "configz")
	}
	var own struct{ GitVersion string }
	if err := getKubeSphere(connection, "kapis/version", &own); err != nil {
		klog.Errorf("failed to get KubeSphere version, err: %v", err)
	} else {
		set(cluster, own.GitVersion, "status", "kubeSphereVersion")
	}
	system, err := member.Resource(namespaces).Get(context.TODO(), "kube-system", metav1.GetOptions{})
	if err != nil {
		return err
	}
	set(cluster, string(system.GetUID()), "status", "uid")
	setCondition(cluster, "Ready", "True", "Ready", "Cluster is available now")
	if _, host := cluster.GetLabels()[hostLabel]; !host && joins(cluster, "direct") {
		warnOfExpiry(cluster, connection.CertData)
	}
	return nil
}

// getKubeSphere asks the ks-apiserver of a cluster through its API server.
func getKubeSphere(connection *rest.Config, path string, answer any) error {
	client, err := rest.HTTPClientFor(connection)
	if err != nil {
		return err
	}
	client.Timeout = 5 * time.Second
	proxy := "/api/v1/namespaces/kubesphere-system/services/:ks-apiserver:80/proxy/"
	response, err := client.Get(strings.TrimSuffix(connection.Host, "/") + proxy + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("response code %d", response.StatusCode)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// warnOfExpiry tells of a client certificate that ends within seven days. A token ends without warning.
func warnOfExpiry(cluster *unstructured.Unstructured, certificate []byte) {
	status, until := "False", ""
	if block, _ := pem.Decode(certificate); block != nil {
		if parsed, err := x509.ParseCertificate(block.Bytes); err == nil {
			until = parsed.NotAfter.String()
			if time.Now().AddDate(0, 0, 7).After(parsed.NotAfter) {
				status = "True"
			}
		}
	}
	const kind = "KubeConfigCertExpiresInSevenDays"
	setCondition(cluster, kind, status, kind, until)
}

// grant writes to each User of the host whether it has a role in a member. Without the member it has none there.
func (m *manager) grant(name string, member dynamic.Interface) error {
	const annotation = "iam.kubesphere.io/granted-clusters"
	granted := map[string]bool{}
	if member != nil {
		found, err := member.Resource(bindings).List(context.TODO(), metav1.ListOptions{LabelSelector: "iam.kubesphere.io/user-ref"})
		if err != nil {
			return fmt.Errorf("failed to list clusterrolebindings: %w", err)
		}
		for _, binding := range found.Items {
			subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
			for _, subject := range subjects {
				if subject := subject.(map[string]any); subject["kind"] == "User" {
					granted[subject["name"].(string)] = true
				}
			}
		}
	}
	all, err := m.users.List(context.TODO(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, user := range all.Items {
		before := user.GetAnnotations()[annotation]
		names := slices.DeleteFunc(strings.Split(before, ","), func(found string) bool { return found == "" || found == name })
		if granted[user.GetName()] {
			names = append(names, name)
		}
		if slices.Sort(names); strings.Join(names, ",") != before {
			set(&user, strings.Join(names, ","), "metadata", "annotations", annotation)
			if err := put(m.users, &user); err != nil {
				return fmt.Errorf("failed to update user %s: %w", user.GetName(), err)
			}
		}
	}
	return nil
}
