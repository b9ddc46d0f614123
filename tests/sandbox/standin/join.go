package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// join does what kubefedctl does to join a cluster, however often it is called: in the member an account with all rights
// by which KubeFed acts there, on the host a KubeFedCluster and its token.
func (m *manager) join(cluster *unstructured.Unstructured, connection *rest.Config, member dynamic.Interface) error {
	name := cluster.GetName()
	token, err := federationToken(member, name)
	if err != nil {
		return err
	}
	secret := parsed(`{apiVersion: v1, kind: Secret, metadata: {name: %s-secret, namespace: %s}, data: {token: %s}}`,
		name, federationSystem, token)
	if err := ensure(m.client.Resource(secrets).Namespace(federationSystem), secret); err != nil {
		return err
	}
	federated := parsed(`
apiVersion: core.kubefed.io/v1beta1
kind: KubeFedCluster
metadata: {name: %[1]s, namespace: %[2]s}
spec: {apiEndpoint: %[3]q, secretRef: {name: %[1]s-secret}}
`, name, federationSystem, connection.Host)
	federated.SetLabels(cluster.GetLabels())
	if len(connection.CAData) > 0 {
		set(federated, base64.StdEncoding.EncodeToString(connection.CAData), "spec", "caBundle")
	}
	if connection.Insecure {
		set(federated, []any{"*"}, "spec", "disabledTLSValidations")
	}
	client := m.client.Resource(kubefedClusters).Namespace(federationSystem)
	if _, err := client.Get(context.TODO(), name, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		if err := m.checkWorkspaces(member, name); err != nil {
			return err
		}
	}
	return ensure(client, federated, "spec", "metadata.labels")
}

// federationToken gives the token of the federation's account in a member, in base64, and makes whatever of it is not there.
func federationToken(member dynamic.Interface, name string) (string, error) {
	account := name + "-kubesphere"
	err := createMissing(member.Resource(namespaces), parsed(`{apiVersion: v1, kind: Namespace, metadata: {name: %s}}`, federationSystem))
	if err != nil {
		return "", err
	}
	owned := member.Resource(accounts).Namespace(federationSystem)
	err = createMissing(owned, parsed(`{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s, namespace: %s}}`, account, federationSystem))
	if err != nil {
		return "", err
	}
	if err := giveSecret(member, account); err != nil {
		return "", err
	}
	role := parsed(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "kubefed-controller-manager:%s"}
rules:
  - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
  - {nonResourceURLs: ["*"], verbs: [get]}
`, account)
	if err := ensure(member.Resource(roles), role, "rules"); err != nil {
		return "", err
	}
	binding := parsed(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "kubefed-controller-manager:%[1]s"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "kubefed-controller-manager:%[1]s"}
subjects: [{kind: ServiceAccount, name: "%[1]s", namespace: %[2]s}]
`, account, federationSystem)
	if err := ensure(member.Resource(bindings), binding, "subjects"); err != nil {
		return "", err
	}
	return tokenOf(member, account)
}

// giveSecret gives an account a Secret with a token, unless it has one: Kubernetes does not do so any more.
func giveSecret(member dynamic.Interface, account string) error {
	owned := member.Resource(accounts).Namespace(federationSystem)
	found, err := owned.Get(context.TODO(), account, metav1.GetOptions{})
	if err != nil || len(secretsOf(found)) > 0 {
		return err
	}
	made, err := member.Resource(secrets).Namespace(federationSystem).Create(context.TODO(), parsed(`
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata: {generateName: %[1]s-token-, namespace: %[2]s, annotations: {kubernetes.io/service-account.name: %[1]s}}
`, account, federationSystem), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	set(found, []any{map[string]any{"name": made.GetName()}}, "secrets")
	return put(owned, found)
}

// tokenOf waits up to half a minute for the token of an account.
func tokenOf(member dynamic.Interface, account string) (token string, err error) {
	var secret *unstructured.Unstructured
	err = wait.PollUntilContextTimeout(context.TODO(), time.Second, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		found, err := member.Resource(accounts).Namespace(federationSystem).Get(ctx, account, metav1.GetOptions{})
		if err != nil {
			return false, nil
		}
		for _, name := range secretsOf(found) {
			secret, err = member.Resource(secrets).Namespace(federationSystem).Get(ctx, name, metav1.GetOptions{})
			if err != nil || field(secret, "type") == "kubernetes.io/service-account-token" {
				return err == nil, nil
			}
		}
		return false, nil
	})
	if err == nil {
		token = field(secret, "data", "token")
	}
	if err == nil && token == "" {
		err = errors.New(`Key "token" not found in service account secret`)
	}
	return token, err
}

func secretsOf(account *unstructured.Unstructured) (names []string) {
	all, _, _ := unstructured.NestedSlice(account.Object, "secrets")
	for _, reference := range all {
		names = append(names, fmt.Sprint(reference.(map[string]any)["name"]))
	}
	return names
}

// checkWorkspaces refuses a member with a Workspace of KubeFed's that KubeFed would delete there, as the host has one of that
// name which is not spread to this member.
func (m *manager) checkWorkspaces(member dynamic.Interface, name string) error {
	managed, err := member.Resource(workspaces).List(context.TODO(), metav1.ListOptions{LabelSelector: "kubefed.io/managed=true"})
	if err != nil {
		return err
	}
	for _, workspace := range managed.Items {
		federated, err := m.client.Resource(federatedWorkspaces).Get(context.TODO(), workspace.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !placesOn(federated, name) {
			return fmt.Errorf("The workspace %s is found in the target member cluster %s, which is conflict with the workspace on host",
				workspace.GetName(), name)
		}
	}
	return nil
}

// placesOn tells whether a federated object names a cluster. One that names none may select it.
func placesOn(federated *unstructured.Unstructured, name string) bool {
	named, found, _ := unstructured.NestedSlice(federated.Object, "spec", "placement", "clusters")
	for _, cluster := range named {
		found = found && cluster.(map[string]any)["name"] != name
	}
	return !found
}

// unjoin removes what join made on the host.
func (m *manager) unjoin(name string) error {
	client := m.client.Resource(kubefedClusters).Namespace(federationSystem)
	federated, err := client.Get(context.TODO(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	secret := field(federated, "spec", "secretRef", "name")
	err = m.client.Resource(secrets).Namespace(federationSystem).Delete(context.TODO(), secret, metav1.DeleteOptions{})
	if err == nil || apierrors.IsNotFound(err) {
		err = client.Delete(context.TODO(), name, metav1.DeleteOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// createMissing creates an object unless there is one of its name.
func createMissing(client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	_, err := client.Get(context.TODO(), object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(context.TODO(), object, metav1.CreateOptions{})
	}
	return err
}
