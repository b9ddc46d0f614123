package main

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
)

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
