package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/crypto/ssh"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// agent imitates Tower's agent v0.2.1: it connects outwards, says who it is and which token its API server takes, and connects
// what the proxy opens to servers that it reaches. It trusts any key of the proxy, and for https the system's authorities only;
// it heeds HTTP_PROXY, and reads its token once. Left out: kubeconfigs, a limit of retries, and longer and longer pauses.
func agent(args []string) {
	flags := parse("agent", args, "name", "token", "proxy-server", "kubernetes-service", "kubesphere-service", "keepalive",
		"max-retry", "max-retry-interval", "kubeconfig")
	settings, err := rest.InClusterConfig()
	if err == nil {
		err = rest.LoadTLSFiles(settings)
	}
	if err != nil {
		klog.Fatal(err)
	}
	keepalive, err := time.ParseDuration(flags["keepalive"])
	if err != nil {
		keepalive = 30 * time.Second
	}
	said := hello{Version: "v0.2.1", Name: flags["name"], Token: flags["token"], CAData: settings.CAData,
		KubernetesSvcHost: net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")),
		KubeSphereSvcHost: flags["kubesphere-service"], BearerToken: []byte(settings.BearerToken)}
	server := strings.Replace(flags["proxy-server"], "http", "ws", 1)
	klog.Info("Server set to ", server)
	for attempt := 1; ; attempt++ {
		err := stayConnected(server, said, keepalive)
		klog.Warningf("Connection error: %v (Attempt: %d)", err, attempt)
		time.Sleep(time.Second)
	}
}

// stayConnected connects once, and serves what comes until the connection ends.
func stayConnected(server string, said hello, keepalive time.Duration) error {
	dialer := websocket.Dialer{Subprotocols: []string{protocol}, Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 45 * time.Second}
	socket, _, err := dialer.Dial(server, nil)
	if err != nil {
		return err
	}
	defer socket.Close()
	tunnel, channels, requests, err := ssh.NewClientConn(&stream{Conn: socket}, "", &ssh.ClientConfig{
		Auth:            []ssh.AuthMethod{ssh.Password("")},
		ClientVersion:   "SSH-" + protocol + "-client",
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Timeout:         30 * time.Second,
	})
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(requests)
	go connectAll(channels)
	text, err := json.Marshal(said)
	if err != nil {
		return err
	}
	if ok, answer, err := tunnel.SendRequest("config", true, text); err != nil || !ok {
		return errors.Join(err, errors.New(string(answer)))
	}
	klog.Info("Connected")
	ended := make(chan error, 1)
	go func() { ended <- tunnel.Wait() }()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("disconnected: %w", err)
		case <-time.After(keepalive):
			// Nobody minds when there is no answer.
			go func() { _, _, _ = tunnel.SendRequest("ping", true, nil) }()
		}
	}
}

func connectAll(channels <-chan ssh.NewChannel) {
	for channel := range channels {
		accepted, requests, err := channel.Accept()
		if err != nil {
			klog.Error("Failed to accept stream ", err)
			continue
		}
		go ssh.DiscardRequests(requests)
		go connectTo(string(channel.ExtraData()), accepted)
	}
}

// connectTo connects a channel to the host that the proxy names, whichever it is. One that cannot be reached ends the channel.
func connectTo(host string, channel ssh.Channel) {
	defer channel.Close()
	server, err := net.Dial("tcp", host)
	if err != nil {
		klog.Error("remote failed ", err)
		return
	}
	defer server.Close()
	ended := make(chan struct{}, 2)
	pipe := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	go pipe(server, channel)
	go pipe(channel, server)
	<-ended
}
