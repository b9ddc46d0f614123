package main

import (
	"os"
	"time"

	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// config is what the stand-ins heed of kubesphere.yaml.
type config struct {
	Authentication struct{ JwtSecret string }
	Cache          struct{ Type string }
	Multicluster   struct {
		Enable          bool
		HostClusterName string
	}
}

// loadConfig reads kubesphere.yaml from where the real programs look for it: the mounted ConfigMap, else the working
// directory. Left out: following its changes.
func loadConfig() config {
	text, err := os.ReadFile("/etc/kubesphere/kubesphere.yaml")
	if os.IsNotExist(err) {
		text, err = os.ReadFile("kubesphere.yaml")
	}
	read := config{}
	read.Multicluster.HostClusterName = "host"
	if err == nil {
		err = yaml.Unmarshal(text, &read)
	}
	if err != nil {
		klog.Fatalf("Failed to load configuration from disk: %v", err)
	}
	return read
}

// durations are the keys of kubesphere.yaml that are time.Duration in KubeSphere's struct.
var durations = map[string]bool{
	"accessTokenInactivityTimeout": true, "accessTokenMaxAge": true, "authenticateRateLimiterDuration": true,
	"clusterControllerResyncPeriod": true, "loginHistoryRetentionPeriod": true, "maximumClockSkew": true,
}

// withClusterName is what becomes of kubesphere.yaml when ks-controller-manager v3.4.1 reads it into its struct, sets
// multicluster.clusterName and writes it back: keys in another order, `168h` as `168h0m0s`, false values gone, the two
// token ages 0s where they were absent. Nothing is changed if the name is set already. Left out: the struct's own order
// of keys (here alphabetical) and the loss of keys that the struct does not have.
func withClusterName(text, name string) (result string, changed bool, err error) {
	document := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return "", false, err
	}
	multicluster := child(document, "multicluster")
	if multicluster["clusterName"] == name {
		return text, false, nil
	}
	normalise(document)
	multicluster["clusterName"] = name
	oauth := child(child(document, "authentication"), "oauthOptions")
	for _, key := range []string{"accessTokenMaxAge", "accessTokenInactivityTimeout"} {
		if _, set := oauth[key]; !set {
			oauth[key] = "0s"
		}
	}
	written, err := yaml.Marshal(document)
	return string(written), true, err
}

// child is the map under a key, made if it is not there.
func child(parent map[string]any, key string) map[string]any {
	if _, ok := parent[key].(map[string]any); !ok {
		parent[key] = map[string]any{}
	}
	return parent[key].(map[string]any)
}

func normalise(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			normalise(item)
		}
	case map[string]any:
		for key, item := range value {
			normalise(item)
			if item == false {
				delete(value, key)
			} else if text, ok := item.(string); ok && durations[key] {
				if duration, err := time.ParseDuration(text); err == nil {
					value[key] = duration.String()
				}
			}
		}
	}
}
