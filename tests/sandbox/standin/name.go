package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// writeName reads kubesphere-config of a cluster, and where its multicluster.clusterName is another
// one writes back what becomes of it in the struct of ks-controller-manager v3.4.1: keys in another order, `168h` as
// `168h0m0s`, false values gone, the two token ages 0s where they were absent. Left out: the struct's own order of keys
// (here alphabetical) and the loss of keys that the struct does not have.
func writeName(member dynamic.Interface, name string) error {
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
