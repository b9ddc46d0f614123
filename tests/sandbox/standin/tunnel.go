package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/crypto/ssh"
	"k8s.io/apimachinery/pkg/util/runtime"
)

// protocol is what both ends of a tunnel name: an agent opens a WebSocket, and through it SSH, in which it first says who
// it is. Then the proxy opens a channel for each connection to a server of the member.
const protocol = "kubesphere-v1"

// hello is what an agent says of itself, its token for the API server of the member included.
type hello struct {
	Version, Name, Token                 string
	KubernetesSvcHost, KubeSphereSvcHost string
	CAData, BearerToken                  []byte
}

// claim is a hello that waits for its answer.
type claim struct {
	hello
	*ssh.Request
}

// sshServer lets everybody in, with any password: who an agent is shows only later. Its key is new at each start.
func sshServer() *ssh.ServerConfig {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	runtime.Must(err)
	signer, err := ssh.NewSignerFromKey(key)
	runtime.Must(err)
	config := &ssh.ServerConfig{ServerVersion: "SSH-" + protocol + "-server",
		PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(signer)
	return config
}

// acceptAgent makes a tunnel of a request, and waits up to 10 seconds for what the agent says of itself.
func acceptAgent(answer http.ResponseWriter, request *http.Request, config *ssh.ServerConfig) (ssh.Conn, claim, error) {
	upgrader := websocket.Upgrader{Subprotocols: []string{protocol}, CheckOrigin: func(*http.Request) bool { return true }}
	socket, err := upgrader.Upgrade(answer, request, nil)
	if err != nil {
		return nil, claim{}, err
	}
	tunnel, channels, requests, err := ssh.NewServerConn(&stream{Conn: socket}, config)
	if err != nil {
		socket.Close()
		return nil, claim{}, err
	}
	go refuse(channels)
	said := claim{}
	err = errors.New("the agent says nothing")
	select {
	case said.Request = <-requests:
		if said.Request != nil && said.Type == "config" {
			err = json.Unmarshal(said.Payload, &said.hello)
		}
	case <-time.After(10 * time.Second):
	}
	if err != nil {
		tunnel.Close()
		return nil, claim{}, err
	}
	go ssh.DiscardRequests(requests) // Pings: any answer is one.
	return tunnel, said, nil
}

func refuse(channels <-chan ssh.NewChannel) {
	for channel := range channels {
		_ = channel.Reject(ssh.Prohibited, "left out by the stand-in")
	}
}

// dial connects through a tunnel to a host that the agent reaches.
func dial(tunnel ssh.Conn, host string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		channel, requests, err := tunnel.OpenChannel("kubesphere", []byte(host))
		if err != nil {
			return nil, err
		}
		go ssh.DiscardRequests(requests)
		return channelConn{channel, tunnel}, nil
	}
}

// channelConn is a channel of a tunnel as what HTTP needs. It has no deadlines, as in the real one.
type channelConn struct {
	ssh.Channel
	tunnel ssh.Conn
}

func (c channelConn) LocalAddr() net.Addr              { return c.tunnel.LocalAddr() }
func (c channelConn) RemoteAddr() net.Addr             { return c.tunnel.RemoteAddr() }
func (c channelConn) SetDeadline(time.Time) error      { return nil }
func (c channelConn) SetReadDeadline(time.Time) error  { return nil }
func (c channelConn) SetWriteDeadline(time.Time) error { return nil }

// stream is a WebSocket as what SSH needs: bytes, in messages of any length.
type stream struct {
	*websocket.Conn
	rest []byte
}

func (s *stream) Read(into []byte) (int, error) {
	for len(s.rest) == 0 {
		_, message, err := s.ReadMessage()
		if err != nil {
			return 0, err
		}
		s.rest = message
	}
	count := copy(into, s.rest)
	s.rest = s.rest[count:]
	return count, nil
}

func (s *stream) Write(from []byte) (int, error) {
	return len(from), s.WriteMessage(websocket.BinaryMessage, from)
}

func (s *stream) SetDeadline(until time.Time) error {
	return errors.Join(s.SetReadDeadline(until), s.SetWriteDeadline(until))
}
