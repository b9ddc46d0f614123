package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
)

// session is what all agents of a Cluster have in common: two ports at which they are reached.
type session struct {
	kubernetes, kubesphere *http.Server
	mutex                  sync.Mutex
	agents                 []agentLink
}

// agentLink is one agent and its ways to the two API servers of its cluster.
type agentLink struct {
	tunnel                 ssh.Conn
	kubernetes, kubesphere http.RoundTripper
}

// openSession listens on the ports of a Cluster. Whoever connects to that of Kubernetes has the rights of the agent's account,
// without credentials; that of KubeSphere is not encrypted. As with the real one a port that is taken is only logged, and the
// requests go to the member that has it.
func openSession(cluster *unstructured.Unstructured, authority *authority, claim hello) (*session, error) {
	endpoint, err := url.Parse(field(cluster, "spec", "connection", "kubesphereAPIEndpoint"))
	if err != nil {
		return nil, err
	}
	certificate := authority.serve(endpoint.Hostname())
	s := &session{}
	s.kubernetes = s.server(port(cluster, "kubernetesAPIServerPort"), "https://"+claim.KubernetesSvcHost, claim.BearerToken,
		func(agent agentLink) http.RoundTripper { return agent.kubernetes })
	s.kubernetes.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert}
	s.kubesphere = s.server(port(cluster, "kubesphereAPIServerPort"), "http://"+claim.KubeSphereSvcHost, nil,
		func(agent agentLink) http.RoundTripper { return agent.kubesphere })
	listen(s.kubernetes)
	listen(s.kubesphere)
	return s, nil
}

// listen begins before it returns: a client may connect as soon as the kubeconfig is written.
func listen(server *http.Server) {
	listener, err := net.Listen("tcp", server.Addr)
	if err != nil {
		klog.Error(err)
		return
	}
	serve := server.Serve
	if server.TLSConfig != nil {
		serve = func(listener net.Listener) error { return server.ServeTLS(listener, "", "") }
	}
	go func() { klog.Infof("%s: %v", server.Addr, serve(listener)) }()
}

func port(cluster *unstructured.Unstructured, name string) int64 {
	number, _, _ := unstructured.NestedInt64(cluster.Object, "spec", "connection", name)
	return number
}

// server passes requests on to any agent. A request that no agent can deliver gets 200 and nothing else, as from the real one.
func (s *session) server(port int64, target string, token []byte, way func(agentLink) http.RoundTripper) *http.Server {
	address, _ := url.Parse(target) // The agent says only the host.
	return &http.Server{
		Addr:     fmt.Sprintf(":%d", port),
		ErrorLog: log.New(klogWriter{}, "", 0),
		Handler: &httputil.ReverseProxy{
			Rewrite: func(request *httputil.ProxyRequest) {
				request.SetURL(address)
				if len(token) > 0 {
					request.Out.Header.Set("Authorization", "Bearer "+string(token))
				}
			},
			Transport: roundTripper(func(request *http.Request) (*http.Response, error) {
				agent, err := s.any()
				if err != nil {
					return nil, err
				}
				return way(agent).RoundTrip(request)
			}),
			FlushInterval: -1,
			ErrorHandler: func(_ http.ResponseWriter, request *http.Request, err error) {
				klog.Errorf("proxy %s encountered error %v", request.URL, err)
			},
		},
	}
}

func (s *session) any() (agentLink, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.agents) == 0 {
		return agentLink{}, fmt.Errorf("no agent is connected")
	}
	return s.agents[rand.Intn(len(s.agents))], nil
}

func (s *session) add(tunnel ssh.Conn, claim hello) {
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(claim.CAData)
	kubernetes := &http.Transport{DialContext: dial(tunnel, claim.KubernetesSvcHost)}
	kubernetes.TLSClientConfig = &tls.Config{RootCAs: authorities}
	kubesphere := &http.Transport{DialContext: dial(tunnel, claim.KubeSphereSvcHost)}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.agents = append(s.agents, agentLink{tunnel, kubernetes, kubesphere})
}

func (s *session) remove(tunnel ssh.Conn) (last bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.agents = slices.DeleteFunc(s.agents, func(agent agentLink) bool { return agent.tunnel == tunnel })
	return len(s.agents) == 0
}

func (s *session) end() {
	s.kubernetes.Close()
	s.kubesphere.Close()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

type klogWriter struct{}

func (klogWriter) Write(text []byte) (int, error) {
	klog.V(2).Info(string(text))
	return len(text), nil
}
