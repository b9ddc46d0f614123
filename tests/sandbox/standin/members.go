package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
)

// memberController is the part of Tower v0.2.2 that writes to the API server.
type memberController struct {
	clusters, services dynamic.ResourceInterface
	authority          *x509.Certificate
	key                *rsa.PrivateKey
	lock               sync.Mutex
	agents             map[string]int
}

// reconcile gives a new member its token, ports, Service and addresses. Like the real one it never looks again once the
// Cluster is Initialized, whatever becomes of the Service, and lets two members have the same ports.
func (c *memberController) reconcile(cluster *unstructured.Unstructured, deleted bool) error {
	joined, _, _ := unstructured.NestedBool(cluster.Object, "spec", "joinFederation")
	connection, _, _ := unstructured.NestedMap(cluster.Object, "spec", "connection")
	if deleted || !joined || connection["type"] != "proxy" {
		err := c.services.Delete(context.TODO(), "mc-"+cluster.GetName(), metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	if initialized, _ := conditions(cluster, "Initialized"); initialized == "True" {
		return nil
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // It never fails.
	port := 6000 + (int64(random[0])<<8+int64(random[1]))%1000
	address, err := c.ensureService(cluster.GetName(), port)
	if err != nil {
		return fmt.Errorf("cluster %s: its Service in %s: %w", cluster.GetName(), kubesphereSystem, err)
	}
	if token, _ := connection["token"].(string); token == "" {
		connection["token"] = hex.EncodeToString(random)
	}
	connection["kubernetesAPIServerPort"], connection["kubesphereAPIServerPort"] = port, port+10000
	connection["kubernetesAPIEndpoint"] = "https://" + address + ":6443"
	connection["kubesphereAPIEndpoint"] = "http://" + address + ":80"
	set(cluster, connection, "spec", "connection")
	setCondition(cluster, "Initialized", "True", "Cluster has been initialized")
	return put(c.clusters, cluster)
}

// ensureService makes the Service of a member, or changes the one there is, and returns its address.
func (c *memberController) ensureService(cluster string, port int64) (string, error) {
	service := parsed(fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata:
  name: mc-%[1]s
  namespace: %[2]s
  labels: {app: mc-%[1]s, app.kubernetes.io/name: mc-%[1]s}
spec:
  type: ClusterIP
  selector: {app: tower, app.kubernetes.io/name: tower}
  ports:
    - {name: kubernetes, protocol: TCP, port: 6443, targetPort: %[3]d}
    - {name: kubesphere, protocol: TCP, port: 80, targetPort: %[4]d}
`, cluster, kubesphereSystem, port, port+10000))
	made, err := c.services.Create(context.TODO(), service, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		made, err = c.services.Update(context.TODO(), service, metav1.UpdateOptions{})
	}
	if err != nil {
		return "", err
	}
	return field(made, "spec", "clusterIP"), nil
}

// connected writes a new kubeconfig at every connection of an agent, as the real one does.
func (c *memberController) connected(name string) error {
	return c.count(name, 1, func(cluster *unstructured.Unstructured) error {
		user, err := c.administrator()
		if err != nil {
			return err
		}
		authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.authority.Raw})
		server := field(cluster, "spec", "connection", "kubernetesAPIEndpoint")
		set(cluster, kubeconfig(name, server, authority, "kubernetes-admin", user), "spec", "connection", "kubeconfig")
		setCondition(cluster, "AgentAvailable", "True", "Agent has connected to proxy successfully.")
		return nil
	})
}

func (c *memberController) disconnected(name string) error {
	return c.count(name, -1, func(cluster *unstructured.Unstructured) error {
		if c.agents[name] <= 1 {
			setCondition(cluster, "AgentAvailable", "False", "Agent has not connected to proxy.")
		}
		return nil
	})
}

// count keeps the number of a Cluster's agents, and writes the Cluster as edit leaves it.
func (c *memberController) count(name string, step int, edit func(*unstructured.Unstructured) error) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		cluster, err := c.clusters.Get(context.TODO(), name, metav1.GetOptions{})
		if err == nil {
			err = edit(cluster)
		}
		if err == nil {
			err = put(c.clusters, cluster)
		}
		return err
	})
	if err == nil || step < 0 {
		c.agents[name] += step
	}
	return err
}

// administrator is kubernetes-admin of a kubeconfig: a certificate of ten years of Tower's authority.
func (c *memberController) administrator() (map[string]any, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "kubernetes-admin", Organization: []string{"system:masters"}},
		NotBefore:    c.authority.NotBefore,
		NotAfter:     time.Now().AddDate(10, 0, 0),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, c.authority, key.Public(), c.key)
	return map[string]any{
		"client-certificate-data": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"client-key-data":         pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}, err
}

// conditions are those of a Cluster but for one type, and the status of that one; absent is empty.
func conditions(cluster *unstructured.Unstructured, kind string) (status string, others []any) {
	all, _, _ := unstructured.NestedSlice(cluster.Object, "status", "conditions")
	for _, item := range all {
		if found := item.(map[string]any); found["type"] == kind {
			status = found["status"].(string)
		} else {
			others = append(others, item)
		}
	}
	return status, others
}

func setCondition(cluster *unstructured.Unstructured, kind, status, message string) {
	now := time.Now().UTC().Format(time.RFC3339)
	_, others := conditions(cluster, kind)
	set(cluster, append(others, map[string]any{"type": kind, "status": status, "reason": kind, "message": message,
		"lastUpdateTime": now, "lastTransitionTime": now}), "status", "conditions")
}
