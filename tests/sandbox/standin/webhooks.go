package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
)

// serveWebhooks judges changes of Clusters, and allows whatever else it is asked, on every path. The certificate is read for
// each connection, as it may be renewed. Left out: the checks of the other webhooks.
func serveWebhooks(folder string) {
	load := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		certificate, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
		return &certificate, err
	}
	if _, err := load(nil); err != nil {
		klog.Fatalf("unable to run the manager: %v", err)
	}
	server := &http.Server{Addr: ":8443", Handler: http.HandlerFunc(allow), TLSConfig: &tls.Config{GetCertificate: load}}
	klog.Fatal(server.ListenAndServeTLS("", ""))
}

func allow(answer http.ResponseWriter, request *http.Request) {
	review := unstructured.Unstructured{}
	if err := json.NewDecoder(request.Body).Decode(&review.Object); err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	response := map[string]any{"uid": field(&review, "request", "uid"), "allowed": true}
	if request.URL.Path == "/validate-cluster-kubesphere-io-v1alpha1" {
		if err := sameMember(&review); err != nil {
			response["allowed"], response["status"] = false, map[string]any{"code": 403, "message": err.Error()}
		}
	}
	_ = json.NewEncoder(answer).Encode(map[string]any{"apiVersion": review.GetAPIVersion(), "kind": review.GetKind(),
		"response": response})
}

// sameMember imitates validating-cluster.kubesphere.io: at each change of a Cluster that has joined, whatever it is, the
// member is asked for its uid. As long as a member does not answer nobody can change its Cluster, finalizers included.
func sameMember(review *unstructured.Unstructured) error {
	old := field(review, "request", "oldObject", "status", "uid")
	if old == "" {
		return nil
	}
	_, member, err := memberOf(field(review, "request", "object", "spec", "connection", "kubeconfig"), "")
	if err != nil {
		return err
	}
	system, err := member.Resource(namespaces).Get(context.TODO(), "kube-system", metav1.GetOptions{})
	if err == nil && string(system.GetUID()) != old {
		err = errors.New("this kubeconfig corresponds to a different cluster than the previous one, " +
			"you need to make sure that kubeconfig is not from another cluster")
	}
	return err
}
