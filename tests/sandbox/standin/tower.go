package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
)

// towerProxy is the proxy of Tower v0.2.1.
type towerProxy struct {
	clusters, services dynamic.ResourceInterface
	authority          *authority
	ssh                *ssh.ServerConfig
	mutex              sync.Mutex
	sessions           map[string]*session // Of Clusters with an agent that is connected.
}

// tower imitates the proxy of Tower v0.2.1: its flags, what it demands of its authority, what it writes to Clusters of type
// proxy and their Services, and the tunnels, which its own agent understands as well. Left out: election of a leader, external
// access, and what an agent asks of the host's network, which the real one connects it to.
func tower(args []string) {
	flags := parse("tower", args, "ca-cert", "ca-key", "publish-service-address", "leader-elect")
	authority, err := loadAuthority(flags["ca-cert"], flags["ca-key"])
	if err != nil {
		klog.Exit(err)
	}
	_, client := connect("proxy/v0.2.1 (stand-in of the sandbox)")
	t := &towerProxy{authority: authority, ssh: sshServer(), sessions: map[string]*session{},
		clusters: client.Resource(clusters), services: client.Resource(services).Namespace(kubesphereSystem)}
	go follow(t.clusters, resyncPeriod, anyChange, t.reconcile)
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		switch {
		case request.Header.Get("Sec-WebSocket-Protocol") == protocol:
			t.serveAgent(answer, request)
		case request.URL.Path == "/health":
			fmt.Fprintln(answer, "OK")
		case request.URL.Path == "/version":
			fmt.Fprint(answer, "v0.2.1")
		default:
			http.Error(answer, "Not Found", http.StatusNotFound)
		}
	})
	klog.Fatal(http.ListenAndServe(":8080", nil))
}

// reconcile gives a new member its token, ports, Service and addresses. Like the real one it leaves alone what says that it is
// Initialized, whoever initialized it and whatever becomes of the Service, lets two members have the same ports, and removes
// the Service of a Cluster that is gone or suspended, which leaves the tunnel of its agents as it is. (v0.2.2 removes it as soon as
// the Cluster is being deleted.)
func (t *towerProxy) reconcile(cluster *unstructured.Unstructured, deleted bool) error {
	if deleted || !joins(cluster, "proxy") {
		err := t.services.Delete(context.TODO(), "mc-"+cluster.GetName(), metav1.DeleteOptions{})
		return utilerrors.FilterOut(err, apierrors.IsNotFound)
	}
	if isTrue(cluster, "Initialized") {
		return nil
	}
	// The real one believes its cache, and may draw twice: then the Service leads to another port than the one in the Cluster, and
	// nobody reaches the member. `ksi member check` finds that (member-service); here a test would fail now and then.
	cluster, err := t.clusters.Get(context.TODO(), cluster.GetName(), metav1.GetOptions{})
	if err != nil || isTrue(cluster, "Initialized") {
		return err
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // It never fails.
	port := 6000 + (int64(random[0])<<8+int64(random[1]))%1001
	connection, _, _ := unstructured.NestedMap(cluster.Object, "spec", "connection")
	if connection["token"] == nil || connection["token"] == "" {
		connection["token"] = fmt.Sprintf("%x", random)
	}
	if err := ensure(t.services, parsed(memberService, cluster.GetName(), port, port+10000), "spec.ports"); err != nil {
		return err
	}
	service, err := t.services.Get(context.TODO(), "mc-"+cluster.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	connection["kubernetesAPIServerPort"], connection["kubesphereAPIServerPort"] = port, port+10000
	connection["kubernetesAPIEndpoint"] = "https://" + field(service, "spec", "clusterIP") + ":6443"
	connection["kubesphereAPIEndpoint"] = "http://" + field(service, "spec", "clusterIP") + ":80"
	set(cluster, connection, "spec", "connection")
	setCondition(cluster, "Initialized", "True", "Initialized", "Cluster has been initialized")
	return t.put(cluster)
}

// put writes a Cluster back as v0.2.1 does, which knows only a part of its fields: it takes away the others, the UID of the member
// among them, and ks-controller-manager writes them again when it looks at the member the next time.
func (t *towerProxy) put(cluster *unstructured.Unstructured) error {
	if status, ok := cluster.Object["status"].(map[string]any); ok {
		known := []string{"conditions", "kubernetesVersion", "nodeCount", "zones", "region"}
		maps.DeleteFunc(status, func(key string, _ any) bool { return !slices.Contains(known, key) })
	}
	return put(t.clusters, cluster)
}

const memberService = `
apiVersion: v1
kind: Service
metadata: {name: mc-%[1]s, labels: {app: mc-%[1]s, app.kubernetes.io/name: mc-%[1]s}}
spec:
  type: ClusterIP
  selector: {app: tower, app.kubernetes.io/name: tower}
  ports:
    - {name: kubernetes, protocol: TCP, port: 6443, targetPort: %[2]d}
    - {name: kubesphere, protocol: TCP, port: 80, targetPort: %[3]d}
`

// admit gives the Cluster of an agent that knows its token.
func (t *towerProxy) admit(claim hello) (*unstructured.Unstructured, error) {
	cluster, err := t.clusters.Get(context.TODO(), claim.Name, metav1.GetOptions{})
	if err != nil || !joins(cluster, "proxy") || !isTrue(cluster, "Initialized") || claim.Token == "" ||
		claim.Token != field(cluster, "spec", "connection", "token") {
		klog.Errorf("cluster %s: unauthorized agent (error: %v)", claim.Name, err)
		return nil, errors.New("Unauthorized agent")
	}
	return cluster, nil
}

// tell writes whether there is an agent, and at each connection a new kubeconfig. It is an update of the whole Cluster: when the
// webhook for Clusters cannot reach the member, as it cannot after the last agent has gone, it is refused, and the Cluster
// goes on saying that there is one.
func (t *towerProxy) tell(name string, connected bool) {
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		cluster, err := t.clusters.Get(context.TODO(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		status, message := "False", "Agent has not connected to proxy."
		if connected {
			status, message = "True", "Agent has connected to proxy successfully."
			server := field(cluster, "spec", "connection", "kubernetesAPIEndpoint")
			set(cluster, t.authority.kubeconfig(name, server), "spec", "connection", "kubeconfig")
		}
		setCondition(cluster, "AgentAvailable", status, "", message)
		return t.put(cluster)
	})
	if err != nil {
		klog.Errorf("cluster %s: %v", name, err)
	}
}

// serveAgent holds the connection of an agent until it ends.
func (t *towerProxy) serveAgent(answer http.ResponseWriter, request *http.Request) {
	tunnel, claim, err := acceptAgent(answer, request, t.ssh)
	if err != nil {
		klog.Error("Failed to handshake: ", err)
		return
	}
	defer tunnel.Close()
	cluster, err := t.admit(claim.hello)
	if err == nil {
		err = t.open(cluster, tunnel, claim.hello)
	}
	if err != nil {
		_ = claim.Reply(false, []byte(err.Error()))
		return
	}
	_ = claim.Reply(true, nil)
	klog.Info("Connection established with ", claim.Name)
	t.tell(claim.Name, true)
	_ = tunnel.Wait()
	klog.Info("Connection closed with ", claim.Name)
	if t.close(claim.Name, tunnel) {
		t.tell(claim.Name, false)
	}
}

// open adds an agent to those of its Cluster, and listens on the Cluster's ports for the first of them.
func (t *towerProxy) open(cluster *unstructured.Unstructured, tunnel ssh.Conn, claim hello) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.sessions[claim.Name] == nil {
		opened, err := openSession(cluster, t.authority, claim)
		if err != nil {
			return err
		}
		t.sessions[claim.Name] = opened
	}
	t.sessions[claim.Name].add(tunnel, claim)
	return nil
}

// close takes an agent away and tells whether it was the last one; then nobody listens on the ports any more.
func (t *towerProxy) close(name string, tunnel ssh.Conn) (last bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if last = t.sessions[name].remove(tunnel); last {
		t.sessions[name].end()
		delete(t.sessions, name)
	}
	return last
}

// loadAuthority demands of the files what the real one demands.
func loadAuthority(certificate, key string) (*authority, error) {
	text, err := os.ReadFile(certificate)
	if err != nil {
		return nil, fmt.Errorf("error loading certificate %s, %w", certificate, err)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		return nil, fmt.Errorf("error loading certificate %s, %w", key, err)
	}
	return newAuthority(text, secret)
}
