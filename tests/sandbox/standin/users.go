package main

import (
	"slices"
	"time"

	"golang.org/x/crypto/bcrypt"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// userController imitates the controller of Users of ks-controller-manager v3.4.1: the finalizer, the hash in place of a
// plain password, the state. On a host also the label that keeps KubeFed off the User. Left out: roles, bindings,
// kubeconfigs and the FederatedUser; login limits; states other than Active.
type userController struct {
	client dynamic.ResourceInterface
	host   bool
}

const kubefedManaged = "kubefed.io/managed"

func (c userController) reconcile(user *unstructured.Unstructured, deleted bool) error {
	if deleted || user.GetLabels()[kubefedManaged] == "true" {
		return nil // KubeFed's copy on a member: the host's controller writes it.
	}
	wanted := user.DeepCopy()
	holdByFinalizer(wanted, "finalizers.kubesphere.io/users")
	if user.GetDeletionTimestamp() == nil {
		if err := c.settle(wanted); err != nil {
			return err
		}
	}
	if equality.Semantic.DeepEqual(user, wanted) {
		return nil
	}
	return put(c.client, wanted)
}

func (c userController) settle(user *unstructured.Unstructured) error {
	if c.host {
		set(user, "false", "metadata", "labels", kubefedManaged)
	}
	password, now := field(user, "spec", "password"), time.Now().UTC().Format(time.RFC3339)
	if password == "" {
		return nil
	}
	if _, err := bcrypt.Cost([]byte(password)); err != nil {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
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

// holdByFinalizer adds the finalizer to an object that lives, and takes it from one that is being deleted.
func holdByFinalizer(object *unstructured.Unstructured, name string) {
	finalizers := slices.DeleteFunc(object.GetFinalizers(), func(found string) bool { return found == name })
	if object.GetDeletionTimestamp() == nil {
		finalizers = append(finalizers, name)
	}
	object.SetFinalizers(finalizers)
}
