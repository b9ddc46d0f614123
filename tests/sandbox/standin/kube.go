package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

const kubesphereSystem = "kubesphere-system"

var (
	users      = schema.GroupVersionResource{Group: "iam.kubesphere.io", Version: "v1alpha2", Resource: "users"}
	clusters   = schema.GroupVersionResource{Group: "cluster.kubesphere.io", Version: "v1alpha1", Resource: "clusters"}
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	services   = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	templates  = schema.GroupVersionResource{Group: "tenant.kubesphere.io", Version: "v1alpha2", Resource: "workspacetemplates"}
	workspaces = schema.GroupVersionResource{Group: "tenant.kubesphere.io", Version: "v1alpha1", Resource: "workspaces"}
	releases   = schema.GroupVersionResource{Group: "application.kubesphere.io", Version: "v1alpha1", Resource: "helmreleases"}
)

// connect makes the client of a pod. What is before the slash of the user agent is the manager of the fields that are
// written, and so is the one of the real program in its image.
func connect(userAgent string) (*rest.Config, dynamic.Interface) {
	settings, err := rest.InClusterConfig()
	if err == nil {
		err = rest.LoadTLSFiles(settings)
	}
	if err != nil {
		klog.Fatalf("configuration of the API server's client: %v", err)
	}
	settings.UserAgent = userAgent
	return settings, dynamic.NewForConfigOrDie(settings)
}

// follow calls reconcile for each object of a kind: those there are, and those that change. After an error, and every
// two minutes as KubeSphere does, all of them come again.
func follow(client dynamic.ResourceInterface, reconcile func(object *unstructured.Unstructured, deleted bool) error) {
	for seconds := int64(120); ; time.Sleep(time.Second) {
		// Without a resource version the watch begins with all objects that there are.
		changes, err := client.Watch(context.TODO(), metav1.ListOptions{TimeoutSeconds: &seconds})
		if err != nil {
			klog.Error(err)
			continue
		}
		for change := range changes.ResultChan() {
			object, ok := change.Object.(*unstructured.Unstructured)
			if !ok || change.Type == watch.Error {
				break
			}
			if err := reconcile(object, change.Type == watch.Deleted); err != nil {
				klog.Error(err)
				break
			}
		}
		changes.Stop()
	}
}

// put writes an object back as KubeSphere does: the whole of it, with the resource version it was read with.
func put(client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	_, err := client.Update(context.TODO(), object, metav1.UpdateOptions{})
	return err
}

// parsed is an object written as YAML in this program, with what is to be filled in.
func parsed(text string, values ...any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	runtime.Must(yaml.Unmarshal(fmt.Appendf(nil, text, values...), &object.Object))
	return object
}

// field reads a text deep in an object; absent is empty.
func field(object *unstructured.Unstructured, path ...string) string {
	text, _, _ := unstructured.NestedString(object.Object, path...)
	return text
}

func set(object *unstructured.Unstructured, value any, path ...string) {
	runtime.Must(unstructured.SetNestedField(object.Object, value, path...))
}

// joins tells whether a Cluster is to join the federation, by a connection of this type.
func joins(cluster *unstructured.Unstructured, kind string) bool {
	joined, _, _ := unstructured.NestedBool(cluster.Object, "spec", "joinFederation")
	return joined && field(cluster, "spec", "connection", "type") == kind
}

// kubeconfig is what a Cluster holds in spec.connection.kubeconfig: base64 of a kubeconfig.
func kubeconfig(server string, authority []byte, token string) string {
	text := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "only",
		"clusters": [{"name": "only", "cluster": {"server": %q, "certificate-authority-data": %q}}],
		"users": [{"name": "only", "user": {"token": %q}}],
		"contexts": [{"name": "only", "context": {"cluster": "only", "user": "only"}}]}`,
		server, base64.StdEncoding.EncodeToString(authority), token)
	return base64.StdEncoding.EncodeToString([]byte(text))
}
