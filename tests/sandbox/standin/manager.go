package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/crypto/bcrypt"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// controllerManager imitates ks-controller-manager v3.4.1: its webhooks, what it writes to Users, Clusters, namespaces
// and kubesphere-config, and what it deletes with workspaces and helm releases, with its user agent. Left out: election of a leader (replicas may race; the resource version of
// each write tells them apart), every other controller, and joining members that are not reached directly.
func controllerManager(args []string) {
	parse("ks-controller-manager", args, "leader-elect")
	settings := loadConfig().Multicluster
	connection, client := connect("controller-manager/v3.4.1 (stand-in of the sandbox)")
	m := &manager{client.Resource(clusters), client.Resource(users), client.Resource(namespaces), client, connection, settings.Enable}
	if settings.Enable {
		requireNotification(discovery.NewDiscoveryClientForConfigOrDie(connection))
		go m.runClusters(settings.HostClusterName)
	}
	go follow(m.users, m.reconcileUser)
	go follow(m.namespaces, m.reconcileNamespace)
	go follow(client.Resource(templates), m.reconcileWorkspaceTemplate)
	go follow(client.Resource(releases), m.reconcileHelmRelease)
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
	member, err := memberOf(field(review, "request", "object", "spec", "connection", "kubeconfig"), "")
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

// memberOf is a client of the cluster behind a kubeconfig as a Cluster holds it.
func memberOf(encoded, userAgent string) (dynamic.Interface, error) {
	text, _ := base64.StdEncoding.DecodeString(encoded) // What is none is no kubeconfig either.
	connection, err := clientcmd.RESTConfigFromKubeConfig(text)
	if err != nil {
		return nil, err
	}
	connection.UserAgent = userAgent
	connection.Timeout = 10 * time.Second // The real one waits without end for a cluster that does not answer.
	return dynamic.NewForConfig(connection)
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

// reconcileUser imitates the controller of Users: the finalizer, the hash in place of a plain password, the state. On a
// host also the label that keeps KubeFed off the User. Left out: roles, bindings, kubeconfigs and the FederatedUser;
// login limits; states other than Active.
func (m *manager) reconcileUser(user *unstructured.Unstructured, deleted bool) error {
	const managed = "kubefed.io/managed"
	if deleted || user.GetLabels()[managed] == "true" {
		return nil // KubeFed's copy on a member: the host's controller writes it.
	}
	before := user.DeepCopy()
	holdByFinalizer(user, "finalizers.kubesphere.io/users")
	password, now := []byte(field(user, "spec", "password")), time.Now().UTC().Format(time.RFC3339)
	if _, err := bcrypt.Cost(password); err != nil && len(password) > 0 {
		hash, err := bcrypt.GenerateFromPassword(password, bcrypt.DefaultCost)
		if err != nil {
			return err
		}
		set(user, string(hash), "spec", "password")
		set(user, now, "metadata", "annotations", "iam.kubesphere.io/last-password-change-time")
		// It may hold the plain password.
		unstructured.RemoveNestedField(user.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	}
	if len(password) > 0 && field(user, "status", "state") != "Active" {
		set(user, map[string]any{"state": "Active", "lastTransitionTime": now}, "status")
	}
	if m.host {
		set(user, "false", "metadata", "labels", managed)
	}
	if equality.Semantic.DeepEqual(user, before) {
		return nil
	}
	return put(m.users, user)
}

// reconcileWorkspaceTemplate imitates what the controller of WorkspaceTemplates does when one is deleted: it deletes the helm
// releases of the workspace, and, unless it has the finalizer that says otherwise, on a host the namespaces with the label of the
// workspace, elsewhere the Workspace, which owns them. A namespace that may not be deleted stops it there, for good. Left
// out: Workspaces, FederatedWorkspaces, roles, apps and repositories.
func (m *manager) reconcileWorkspaceTemplate(template *unstructured.Unstructured, deleted bool) error {
	const orphan = "orphan.finalizers.kubesphere.io"
	before := template.GetFinalizers()
	client := m.client.Resource(templates)
	switch {
	case deleted || !holdByFinalizer(template, "finalizers.workspacetemplate.kubesphere.io"):
		return nil
	case template.GetDeletionTimestamp() == nil:
		return put(client, template)
	}
	all := metav1.ListOptions{LabelSelector: "kubesphere.io/workspace=" + template.GetName()}
	if err := m.client.Resource(releases).DeleteCollection(context.TODO(), metav1.DeleteOptions{}, all); err != nil {
		return err
	}
	if !slices.Contains(before, orphan) {
		if err := m.deleteWorkspace(template.GetName(), all); err != nil {
			klog.Error(err, "failed to delete related workspace")
			return nil
		}
	}
	return put(client, template)
}

func (m *manager) deleteWorkspace(name string, all metav1.ListOptions) error {
	if !m.host {
		err := m.client.Resource(workspaces).Delete(context.TODO(), name, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	found, err := m.namespaces.List(context.TODO(), all)
	if err != nil {
		return err
	}
	for _, namespace := range found.Items {
		if err := m.namespaces.Delete(context.TODO(), namespace.GetName(), metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// reconcileHelmRelease imitates the controller of HelmReleases when one is deleted: what helm installed, here a ConfigMap of
// that name, is uninstalled.
func (m *manager) reconcileHelmRelease(release *unstructured.Unstructured, deleted bool) error {
	if deleted || !holdByFinalizer(release, "helmrelease.application.kubesphere.io") {
		return nil
	}
	if release.GetDeletionTimestamp() != nil {
		installed := m.client.Resource(configMaps).Namespace(release.GetLabels()["kubesphere.io/namespace"])
		err := installed.Delete(context.TODO(), field(release, "spec", "name"), metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return put(m.client.Resource(releases), release)
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

// runClusters imitates the controller of Clusters on a host: it makes the Cluster of the host itself, holds every Cluster by
// its finalizer, joins it, and writes a Cluster's name into kubesphere-config of the cluster behind it. Left out: KubeFed's
// own objects, versions and nodes; Clusters of type proxy, which have no tunnel here.
func (m *manager) runClusters(host string) {
	for err := m.ensureHost(host); err != nil; err = m.ensureHost(host) {
		klog.Error("Error create host cluster, error: ", err)
		time.Sleep(time.Second)
	}
	follow(m.clusters, m.reconcileCluster)
}

// ensureHost makes the Cluster of the host, under hostClusterName, unless any has the host's label.
func (m *manager) ensureHost(name string) error {
	hosts, err := m.clusters.List(context.TODO(), metav1.ListOptions{LabelSelector: "cluster-role.kubesphere.io/host"})
	if err != nil || len(hosts.Items) > 0 {
		return err
	}
	kubeconfig := kubeconfig(m.connection.Host, m.connection.CAData, m.connection.BearerToken)
	_, err = m.clusters.Create(context.TODO(), parsed(`
apiVersion: cluster.kubesphere.io/v1alpha1
kind: Cluster
metadata: {name: %s, labels: {cluster-role.kubesphere.io/host: "", kubesphere.io/managed: "true"}}
spec: {joinFederation: true, enable: true, provider: kubesphere, connection: {type: direct, kubeconfig: %s}}
`, name, kubeconfig), metav1.CreateOptions{})
	return err
}

func (m *manager) reconcileCluster(cluster *unstructured.Unstructured, deleted bool) error {
	text, live := field(cluster, "spec", "connection", "kubeconfig"), cluster.GetDeletionTimestamp() == nil
	switch {
	case deleted:
	case holdByFinalizer(cluster, "finalizer.cluster.kubesphere.io"):
		return put(m.clusters, cluster)
	case live && text != "" && joins(cluster, "direct"):
		return errors.Join(m.writeName(cluster.GetName(), text), m.join(cluster, text))
	}
	return nil
}

// join makes in the cluster behind a kubeconfig the account by which the federation acts there, with all rights, and writes
// that the Cluster is Federated and Ready. Like the real one it takes neither back: the account stays when the Cluster is
// deleted, and the conditions stay when nobody answers any more.
func (m *manager) join(cluster *unstructured.Unstructured, text string) error {
	member, err := memberOf(text, m.connection.UserAgent)
	if err != nil {
		return err
	}
	system, err := member.Resource(namespaces).Get(context.TODO(), "kube-system", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, part := range federationAccount {
		client := dynamic.ResourceInterface(member.Resource(part.resource))
		if part.resource.Resource == "serviceaccounts" {
			client = member.Resource(part.resource).Namespace("kube-federation-system")
		}
		_, err := client.Create(context.TODO(), parsed(part.manifest, cluster.GetName()), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	before := cluster.DeepCopy()
	set(cluster, string(system.GetUID()), "status", "uid")
	conditions, _, _ := unstructured.NestedSlice(cluster.Object, "status", "conditions")
	for _, kind := range []string{"Federated", "Ready"} {
		if !slices.ContainsFunc(conditions, condition(kind)) {
			setCondition(cluster, kind, "True", "Cluster is available now")
		}
	}
	if equality.Semantic.DeepEqual(cluster, before) {
		return nil
	}
	return put(m.clusters, cluster)
}

var federationAccount = []struct {
	resource schema.GroupVersionResource
	manifest string
}{
	{namespaces, `
apiVersion: v1
kind: Namespace
metadata: {name: kube-federation-system%.0s}
`},
	{schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}, `
apiVersion: v1
kind: ServiceAccount
metadata: {name: %s-kubesphere, namespace: kube-federation-system}
`},
	{schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "kubefed-controller-manager:%s-kubesphere"}
rules:
  - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
  - {nonResourceURLs: ["*"], verbs: [get]}
`},
	{schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "kubefed-controller-manager:%[1]s-kubesphere"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "kubefed-controller-manager:%[1]s-kubesphere"}
subjects: [{kind: ServiceAccount, name: "%[1]s-kubesphere", namespace: kube-federation-system}]
`},
}

// writeName reads kubesphere-config of the cluster behind a kubeconfig, and where its multicluster.clusterName is another
// one writes back what becomes of it in the struct of ks-controller-manager v3.4.1: keys in another order, `168h` as
// `168h0m0s`, false values gone, the two token ages 0s where they were absent. Left out: the struct's own order of keys
// (here alphabetical) and the loss of keys that the struct does not have.
func (m *manager) writeName(name, encoded string) error {
	member, err := memberOf(encoded, m.connection.UserAgent)
	if err != nil {
		return err
	}
	client := member.Resource(configMaps).Namespace(kubesphereSystem)
	found, err := client.Get(context.TODO(), "kubesphere-config", metav1.GetOptions{})
	if err != nil {
		return err
	}
	document := &unstructured.Unstructured{}
	err = yaml.Unmarshal([]byte(field(found, "data", "kubesphere.yaml")), &document.Object)
	if err != nil || field(document, "multicluster", "clusterName") == name {
		return err
	}
	normalise(document.Object)
	set(document, name, "multicluster", "clusterName")
	for _, key := range []string{"accessTokenMaxAge", "accessTokenInactivityTimeout"} {
		if field(document, "authentication", "oauthOptions", key) == "" {
			set(document, "0s", "authentication", "oauthOptions", key)
		}
	}
	written, _ := yaml.Marshal(document.Object) // It was YAML before.
	set(found, string(written), "data", "kubesphere.yaml")
	return put(client, found)
}

// durations are the keys of kubesphere.yaml that are time.Duration in KubeSphere's struct.
var durations = map[string]bool{
	"accessTokenInactivityTimeout": true, "accessTokenMaxAge": true, "authenticateRateLimiterDuration": true,
	"clusterControllerResyncPeriod": true, "loginHistoryRetentionPeriod": true, "maximumClockSkew": true,
}

func normalise(document map[string]any) {
	for key, value := range document {
		text, _ := value.(string)
		if below, ok := value.(map[string]any); ok {
			normalise(below)
		} else if duration, err := time.ParseDuration(text); durations[key] && err == nil {
			document[key] = duration.String()
		} else if value == false {
			delete(document, key)
		}
	}
}
