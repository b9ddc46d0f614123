package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	machinery "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

const (
	kubesphereSystem = "kubesphere-system"
	federationSystem = "kube-federation-system"
)

var (
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	nodes      = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	secrets    = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	services   = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	accounts   = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	roles      = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}
	bindings   = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}

	users      = schema.GroupVersionResource{Group: "iam.kubesphere.io", Version: "v1alpha2", Resource: "users"}
	clusters   = schema.GroupVersionResource{Group: "cluster.kubesphere.io", Version: "v1alpha1", Resource: "clusters"}
	templates  = schema.GroupVersionResource{Group: "tenant.kubesphere.io", Version: "v1alpha2", Resource: "workspacetemplates"}
	workspaces = schema.GroupVersionResource{Group: "tenant.kubesphere.io", Version: "v1alpha1", Resource: "workspaces"}
	releases   = schema.GroupVersionResource{Group: "application.kubesphere.io", Version: "v1alpha1", Resource: "helmreleases"}

	kubefedClusters     = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedclusters"}
	federatedUsers      = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedusers"}
	federatedWorkspaces = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedworkspaces"}
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
	settings.UserAgent, settings.QPS, settings.Burst = userAgent, 50, 100
	return settings, dynamic.NewForConfigOrDie(settings)
}

// follow calls reconcile for each object of a kind that there is, changes or goes, and for all of them every resync period.
// What fails is tried again 15 times, later and later, then at the next resync, as in KubeSphere. Of an object that is gone
// only the name is left.
func follow(client dynamic.ResourceInterface, resync time.Duration, concerns func(before, now *unstructured.Unstructured) bool,
	reconcile func(object *unstructured.Unstructured, deleted bool) error) {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	informer := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (machinery.Object, error) {
			return client.List(ctx, options)
		},
		WatchFuncWithContext: client.Watch,
	}, &unstructured.Unstructured{}, resync, cache.Indexers{})
	add := func(object any) {
		name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object)
		runtime.Must(err)
		queue.Add(name)
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, DeleteFunc: add,
		UpdateFunc: func(old, new any) {
			before, now := old.(*unstructured.Unstructured), new.(*unstructured.Unstructured)
			// At a resync nothing has changed.
			if before.GetResourceVersion() == now.GetResourceVersion() || concerns(before, now) {
				add(new)
			}
		}})
	runtime.Must(err)
	work := func() {
		name, _ := queue.Get()
		defer queue.Done(name)
		object := &unstructured.Unstructured{}
		object.SetName(name)
		found, exists, _ := informer.GetStore().GetByKey(name) // A store in memory does not fail.
		if exists {
			object = found.(*unstructured.Unstructured).DeepCopy()
		}
		if err := reconcile(object, !exists); err == nil {
			queue.Forget(name)
		} else if klog.Errorf("%s %s: %v", object.GetKind(), name, err); queue.NumRequeues(name) < 15 {
			queue.AddRateLimited(name)
		} else {
			queue.Forget(name)
		}
	}
	for range 3 {
		go wait.Forever(work, 0)
	}
	informer.Run(wait.NeverStop)
}

const resyncPeriod = 2 * time.Minute

func anyChange(_, _ *unstructured.Unstructured) bool { return true }

// put writes an object back as KubeSphere does: the whole of it, with the resource version it was read with.
func put(client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	_, err := client.Update(context.TODO(), object, metav1.UpdateOptions{})
	return err
}

// ensure creates an object. One that is there gets these fields of it, or as nothing is named, all of them.
func ensure(client dynamic.ResourceInterface, object *unstructured.Unstructured, paths ...string) error {
	found, err := client.Get(context.TODO(), object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(context.TODO(), object, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	wanted := object
	if len(paths) > 0 {
		wanted = found.DeepCopy()
	}
	for _, path := range paths {
		fields := strings.Split(path, ".")
		unstructured.RemoveNestedField(wanted.Object, fields...)
		if value, ok, _ := unstructured.NestedFieldCopy(object.Object, fields...); ok {
			set(wanted, value, fields...)
		}
	}
	if equality.Semantic.DeepEqual(wanted, found) {
		return nil
	}
	return put(client, wanted)
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

// isTrue tells whether an object says so of itself, whether or not it is so.
func isTrue(object *unstructured.Unstructured, condition string) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(item any) bool {
		return item.(map[string]any)["type"] == condition && item.(map[string]any)["status"] == "True"
	})
}

func setCondition(object *unstructured.Unstructured, kind, status, reason, message string) {
	now := time.Now().UTC().Format(time.RFC3339)
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	others := slices.DeleteFunc(conditions, func(item any) bool { return item.(map[string]any)["type"] == kind })
	set(object, append(others, map[string]any{"type": kind, "status": status, "reason": reason, "message": message,
		"lastUpdateTime": now, "lastTransitionTime": now}), "status", "conditions")
}

// kubeconfig is what a Cluster holds in spec.connection.kubeconfig: base64 of a kubeconfig.
func kubeconfig(cluster, server string, authority []byte, user *api.AuthInfo) string {
	config := api.NewConfig()
	config.Clusters[cluster] = &api.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos["kubernetes-admin"] = user
	config.CurrentContext = "kubernetes-admin@" + cluster
	config.Contexts[config.CurrentContext] = &api.Context{Cluster: cluster, AuthInfo: "kubernetes-admin"}
	text, err := clientcmd.Write(*config)
	runtime.Must(err)
	return base64.StdEncoding.EncodeToString(text)
}

// memberOf is a client of the cluster behind a kubeconfig as a Cluster holds it.
func memberOf(encoded, userAgent string) (*rest.Config, dynamic.Interface, error) {
	text, _ := base64.StdEncoding.DecodeString(encoded) // What is none is no kubeconfig either.
	connection, err := clientcmd.RESTConfigFromKubeConfig(text)
	if err != nil {
		return nil, nil, err
	}
	connection.UserAgent, connection.QPS, connection.Burst = userAgent, 50, 100
	connection.Timeout = 10 * time.Second // The real one waits without end for a cluster that does not answer.
	client, err := dynamic.NewForConfig(connection)
	return connection, client, err
}
