package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

const kubesphereSystem = "kubesphere-system"

var (
	users      = schema.GroupVersionResource{Group: "iam.kubesphere.io", Version: "v1alpha2", Resource: "users"}
	clusters   = schema.GroupVersionResource{Group: "cluster.kubesphere.io", Version: "v1alpha1", Resource: "clusters"}
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	services   = schema.GroupVersionResource{Version: "v1", Resource: "services"}
)

// connect makes the client configuration: of the pod, or of a kubeconfig file. What is before the slash of the user
// agent is the manager of the fields that are written, and so is the one of the real program in its image.
func connect(kubeconfig, userAgent string) *rest.Config {
	settings, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err == nil {
		err = rest.LoadTLSFiles(settings)
	}
	if err != nil {
		klog.Fatalf("configuration of the API server's client: %v", err)
	}
	settings.UserAgent = userAgent
	return settings
}

// follow calls reconcile for each object of a kind: those there are, and those that change. After an error, and every
// two minutes as KubeSphere does, all of them come again.
func follow(client dynamic.ResourceInterface, reconcile func(object *unstructured.Unstructured, deleted bool) error) {
	for ; ; time.Sleep(time.Second) {
		if err := followOnce(client, reconcile); err != nil && !apierrors.IsConflict(err) {
			klog.Error(err)
		}
	}
}

func followOnce(client dynamic.ResourceInterface, reconcile func(*unstructured.Unstructured, bool) error) error {
	list, err := client.List(context.TODO(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	for index := range list.Items {
		if err := reconcile(&list.Items[index], false); err != nil {
			return err
		}
	}
	seconds := int64(120)
	since := metav1.ListOptions{ResourceVersion: list.GetResourceVersion(), TimeoutSeconds: &seconds}
	changes, err := client.Watch(context.TODO(), since)
	if err != nil {
		return err
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		object, ok := change.Object.(*unstructured.Unstructured)
		if !ok || change.Type == watch.Error {
			return nil
		}
		if err := reconcile(object, change.Type == watch.Deleted); err != nil {
			return err
		}
	}
	return nil
}

// put writes an object back as KubeSphere does: the whole of it, with the resource version it was read with.
func put(client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	_, err := client.Update(context.TODO(), object, metav1.UpdateOptions{})
	return err
}

// parsed is an object written as YAML in this program.
func parsed(text string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		panic(err)
	}
	return object
}

// field reads a text deep in an object; absent is empty.
func field(object *unstructured.Unstructured, path ...string) string {
	text, _, _ := unstructured.NestedString(object.Object, path...)
	return text
}

func set(object *unstructured.Unstructured, value any, path ...string) {
	if err := unstructured.SetNestedField(object.Object, value, path...); err != nil {
		panic(err)
	}
}

// kubeconfig is what a Cluster holds in spec.connection.kubeconfig: base64 of a kubeconfig.
func kubeconfig(cluster, server string, authority []byte, name string, user map[string]any) string {
	context := name + "@" + cluster
	target := map[string]any{"server": server, "certificate-authority-data": authority}
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Config", "current-context": context,
		"clusters": []any{map[string]any{"name": cluster, "cluster": target}},
		"users":    []any{map[string]any{"name": name, "user": user}},
		"contexts": []any{map[string]any{"name": context, "context": map[string]any{"cluster": cluster, "user": name}}}})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}
