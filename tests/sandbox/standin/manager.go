package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/crypto/bcrypt"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// controllerManager imitates ks-controller-manager v3.4.1: its webhooks, what it writes to Users, Clusters, namespaces
// and kubesphere-config, and what it deletes with workspaces and helm releases, with its user agent. Left out: election of a
// leader (replicas may race; the resource version of each write tells them apart), following changes of its configuration,
// and every other controller.
func controllerManager(args []string) {
	parse("ks-controller-manager", args, "leader-elect")
	settings := loadConfig().Multicluster
	connection, client := connect("controller-manager/v3.4.1 (stand-in of the sandbox)")
	m := &manager{client.Resource(clusters), client.Resource(users), client.Resource(namespaces), client, connection, settings.Enable}
	if settings.Enable {
		requireNotification(discovery.NewDiscoveryClientForConfigOrDie(connection))
		go m.runClusters(settings.HostClusterName, time.Duration(settings.ClusterControllerResyncPeriod))
	}
	go follow(m.users, resyncPeriod, anyChange, m.reconcileUser)
	go follow(m.namespaces, resyncPeriod, anyChange, m.reconcileNamespace)
	go follow(client.Resource(templates), resyncPeriod, anyChange, m.reconcileWorkspaceTemplate)
	go follow(client.Resource(releases), resyncPeriod, anyChange, m.reconcileHelmRelease)
	serveWebhooks(filepath.Join(os.TempDir(), "k8s-webhook-server", "serving-certs"))
}

type manager struct {
	clusters, users, namespaces dynamic.ResourceInterface
	client                      dynamic.Interface
	connection                  *rest.Config
	host                        bool
}

// requireNotification ends the program as the real one ends where multicluster is on and a kind of notification is not
// there when it starts.
func requireNotification(client *discovery.DiscoveryClient) {
	const version = "notification.kubesphere.io/v2beta2"
	served, err := client.ServerResourcesForGroupVersion(version)
	for _, kind := range []string{"NotificationManager", "Config", "Receiver", "Router", "Silence"} {
		is := func(resource metav1.APIResource) bool { return resource.Kind == kind }
		if err != nil || !slices.ContainsFunc(served.APIResources, is) {
			klog.Fatalf("Unable to create Notification controller: no matches for kind %q in version %q", kind, version)
		}
	}
}

// reconcileNamespace imitates the controller of namespaces: its finalizer on every namespace there is, also of Kubernetes and
// of users, and with it the label for network policies. Left out: roles and gateways of projects.
func (m *manager) reconcileNamespace(namespace *unstructured.Unstructured, deleted bool) error {
	if deleted || !holdByFinalizer(namespace, "finalizers.kubesphere.io/namespaces") {
		return nil
	}
	if namespace.GetDeletionTimestamp() == nil {
		set(namespace, namespace.GetName(), "metadata", "labels", "kubesphere.io/namespace")
	}
	return put(m.namespaces, namespace)
}

// reconcileUser imitates the controller of Users: the finalizer, and unless KubeFed has made the User on a member, the hash
// in place of a plain password, and the state. On a host also the label that keeps KubeFed off the User, and its
// FederatedUser. Left out: roles, bindings and kubeconfigs; login limits; states other than Active.
func (m *manager) reconcileUser(user *unstructured.Unstructured, deleted bool) error {
	const managed = "kubefed.io/managed"
	if deleted {
		return nil
	}
	before := user.DeepCopy()
	holdByFinalizer(user, "finalizers.kubesphere.io/users")
	switch {
	case user.GetDeletionTimestamp() != nil:
	case m.host:
		set(user, "false", "metadata", "labels", managed)
		fallthrough
	case user.GetLabels()[managed] != "true":
		if err := activate(user); err != nil {
			return err
		}
	}
	if !equality.Semantic.DeepEqual(user, before) {
		return put(m.users, user)
	}
	if m.host && user.GetDeletionTimestamp() == nil {
		return m.federateUser(user)
	}
	return nil
}

func activate(user *unstructured.Unstructured) error {
	password, now := []byte(field(user, "spec", "password")), time.Now().UTC().Format(time.RFC3339)
	if len(password) == 0 {
		return nil
	}
	if _, err := bcrypt.Cost(password); err != nil {
		hash, err := bcrypt.GenerateFromPassword(password, bcrypt.DefaultCost)
		if err != nil {
			return err
		}
		set(user, string(hash), "spec", "password")
		set(user, now, "metadata", "annotations", "iam.kubesphere.io/last-password-change-time")
		// It may hold the plain password.
		unstructured.RemoveNestedField(user.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	}
	if field(user, "status", "state") != "Active" {
		set(user, map[string]any{"state": "Active", "lastTransitionTime": now}, "status")
	}
	return nil
}

// federateUser has KubeFed make the User on all members, where it replaces the one of the same name: a token of the host is
// only worth something on a member that knows its user.
func (m *manager) federateUser(user *unstructured.Unstructured) error {
	federated := parsed(`
apiVersion: types.kubefed.io/v1beta1
kind: FederatedUser
metadata:
  name: %[1]s
  ownerReferences:
    - {apiVersion: iam.kubesphere.io/v1alpha2, kind: User, name: %[1]s, uid: %[2]s, controller: true, blockOwnerDeletion: true}
spec: {placement: {clusterSelector: {}}, template: {metadata: {}}}
`, user.GetName(), user.GetUID())
	for _, part := range []string{"spec", "status"} {
		if value, ok := user.Object[part]; ok {
			set(federated, value, "spec", "template", part)
		}
	}
	set(federated, user.Object["metadata"].(map[string]any)["labels"], "spec", "template", "metadata", "labels")
	return ensure(m.client.Resource(federatedUsers), federated, "spec.template")
}

// holdByFinalizer adds the finalizer to an object that lives, and takes it from one that is being deleted.
func holdByFinalizer(object *unstructured.Unstructured, name string) (changed bool) {
	before := object.GetFinalizers()
	finalizers := slices.DeleteFunc(slices.Clone(before), func(found string) bool { return found == name })
	if object.GetDeletionTimestamp() == nil {
		finalizers = append(finalizers, name)
	}
	object.SetFinalizers(finalizers)
	return len(finalizers) != len(before)
}
