package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// apiserver imitates ks-apiserver v3.4.1: it refuses the configurations that the real one refuses, follows changes of its
// configuration, answers the probes, says its version, checks tokens, shows a User, and passes on what is for a member. Left
// out: login and every other API, that of Kubernetes included, roles (a user may read every User), and Redis.
func apiserver(args []string) {
	parse("ks-apiserver", args)
	checkSettings(loadConfig())
	_, client := connect("ks-apiserver/v3.4.1 (stand-in of the sandbox)")
	s := &kubesphereServer{client}
	http.HandleFunc("/healthz", page("ok"))
	http.HandleFunc("/kapis/version", page(`{"gitVersion":"v3.4.1","gitMajor":"3","gitMinor":"4"}`))
	http.HandleFunc("/kapis/config.kubesphere.io/v1alpha2/configs/configz", serveConfigz)
	http.HandleFunc("/kapis/iam.kubesphere.io/v1alpha2/users/{name}", s.serveUser)
	klog.Fatal(http.ListenAndServe(":9090", http.HandlerFunc(s.serve)))
}

type kubesphereServer struct{ client dynamic.Interface }

func page(text string) http.HandlerFunc {
	return func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, text) }
}

// checkSettings ends the program like the real one, also when it is running.
func checkSettings(settings config) {
	if settings.Authentication.JwtSecret == "" {
		klog.Exit("JWT secret MUST not be empty")
	}
	if kind := settings.Cache.Type; kind != "redis" && kind != "InMemoryCache" {
		klog.Exitf("cache with type %s is not supported", kind)
	}
}

// serve checks the token of a request, whatever it asks for. Through an API server a token comes in a header of its own.
func (s *kubesphereServer) serve(answer http.ResponseWriter, request *http.Request) {
	settings := loadConfig()
	checkSettings(settings)
	if passed := request.Header.Get("X-KubeSphere-Authorization"); passed != "" {
		request.Header.Set("Authorization", passed)
		request.Header.Del("X-KubeSphere-Authorization")
	}
	user, err := s.authenticate(request, settings)
	if user == "" {
		fail(answer, apierrors.NewUnauthorized(fmt.Sprintf("Unauthorized: %s", err)))
		return
	}
	request = request.WithContext(context.WithValue(request.Context(), userKey{}, user))
	if found := memberPath.FindStringSubmatch(request.URL.Path); found != nil && settings.Multicluster.Enable {
		s.dispatch(answer, request, found[2], found[1]+found[3])
		return
	}
	http.DefaultServeMux.ServeHTTP(answer, request)
}

type userKey struct{}

const anonymous = "system:anonymous"

// authenticate gives who sends a request. A header that nobody understands gives neither a user nor an error.
func (s *kubesphereServer) authenticate(request *http.Request, settings config) (string, error) {
	header := strings.Fields(request.Header.Get("Authorization"))
	if len(header) == 0 {
		return anonymous, nil
	}
	if len(header) < 2 || !strings.EqualFold(header[0], "bearer") {
		return "", nil
	}
	name, err := verify(header[1], settings, time.Now())
	if err != nil {
		klog.Warning(err)
		return "", err
	}
	user, err := s.client.Resource(users).Get(context.TODO(), name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", apierrors.NewNotFound(schema.GroupResource{Group: users.Group, Resource: "user"}, name)
	case err == nil && field(user, "status", "state") == "Disabled":
		return "", errors.New("account is not active")
	case err != nil:
		return "", err
	}
	return name, nil
}

func fail(answer http.ResponseWriter, err *apierrors.StatusError) {
	status := err.Status()
	status.Kind, status.APIVersion = "Status", "v1"
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(int(status.Code))
	_ = json.NewEncoder(answer).Encode(status)
}

// serveConfigz tells which parts are on: of those that the stand-in knows.
func serveConfigz(answer http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(answer).Encode(map[string]bool{"authentication": true, "multicluster": loadConfig().Multicluster.Enable})
}

func (s *kubesphereServer) serveUser(answer http.ResponseWriter, request *http.Request) {
	resource, name := users.GroupResource(), request.PathValue("name")
	if request.Context().Value(userKey{}) == anonymous {
		err := fmt.Errorf("User %q cannot get resource %q in API group %q at the cluster scope", anonymous, resource.Resource, resource.Group)
		fail(answer, apierrors.NewForbidden(resource, name, err))
		return
	}
	user, err := s.client.Resource(users).Get(request.Context(), name, metav1.GetOptions{})
	if err != nil {
		fail(answer, apierrors.NewInternalError(err))
		return
	}
	unstructured.RemoveNestedField(user.Object, "spec", "password")
	_ = json.NewEncoder(answer).Encode(user)
}

// memberPath is the path of a request for a cluster: `/kapis/clusters/NAME/…`.
var memberPath = regexp.MustCompile(`^(/k?apis?)/clusters/([^/]+)(/.*)$`)

// dispatch passes a request on to the KubeSphere of a member: through Tower, to the address that its Cluster has for it, or else
// through its API server. Whether that is right the member decides: it checks the same token.
func (s *kubesphereServer) dispatch(answer http.ResponseWriter, request *http.Request, name, path string) {
	cluster, err := s.client.Resource(clusters).Get(request.Context(), name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		fail(answer, apierrors.NewBadRequest(fmt.Sprintf("cluster %s not exists", name)))
		return
	case err == nil && !isTrue(cluster, "Ready"):
		err = fmt.Errorf("cluster %s is not ready", name)
	}
	if err != nil {
		fail(answer, apierrors.NewInternalError(err))
		return
	}
	request.URL.Path = path
	if _, host := cluster.GetLabels()[hostLabel]; host {
		http.DefaultServeMux.ServeHTTP(answer, request)
		return
	}
	server, transport := field(cluster, "spec", "connection", "kubesphereAPIEndpoint"), http.DefaultTransport
	if server == "" {
		connection, _, err := memberOf(field(cluster, "spec", "connection", "kubeconfig"), "")
		if err == nil {
			transport, err = rest.TransportFor(connection)
		}
		if err != nil {
			fail(answer, apierrors.NewInternalError(err))
			return
		}
		server = connection.Host + "/api/v1/namespaces/kubesphere-system/services/:ks-apiserver:80/proxy"
		request.Header.Set("X-KubeSphere-Authorization", request.Header.Get("Authorization"))
		request.Header.Del("Authorization")
	}
	target, err := url.Parse(server)
	if err != nil {
		fail(answer, apierrors.NewInternalError(err))
		return
	}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(request *httputil.ProxyRequest) { request.SetURL(target) }}
	proxy.ServeHTTP(answer, request)
}
