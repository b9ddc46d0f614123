package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/tools/clientcmd/api"
)

// authority signs for Tower what proves it to clients of a member, and the client certificates of the kubeconfigs that it writes,
// which nobody checks.
type authority struct {
	tls.Certificate
	text []byte
}

func newAuthority(certificate, key []byte) (*authority, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	if _, ok := pair.PrivateKey.(*rsa.PrivateKey); !ok {
		return nil, errors.New("the private key file isn't in RSA format")
	}
	switch now := time.Now(); {
	case now.Before(pair.Leaf.NotBefore):
		return nil, errors.New("the certificate is not valid yet")
	case now.After(pair.Leaf.NotAfter):
		return nil, errors.New("the certificate has expired")
	}
	return &authority{pair, certificate}, nil
}

// serve makes the certificate of a member's port, for the address of its Service.
func (a *authority) serve(address string) tls.Certificate {
	certificate, key := a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "Tower", Organization: []string{"KubeSphere"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", address},
		IPAddresses: []net.IP{net.ParseIP(address)},
	})
	pair, err := tls.X509KeyPair(certificate, key)
	runtime.Must(err)
	return pair
}

// kubeconfig leads through a member's port.
func (a *authority) kubeconfig(cluster, server string) string {
	certificate, key := a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kubernetes-admin", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return kubeconfig(cluster, server, a.text, &api.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key})
}

// sign makes a certificate of ten years, and its key, which is smaller than that of the real one.
func (a *authority) sign(template *x509.Certificate) (certificate, key []byte) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	runtime.Must(err)
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).SetUint64(1<<63))
	runtime.Must(err)
	template.NotBefore, template.NotAfter = a.Leaf.NotBefore, time.Now().AddDate(10, 0, 0)
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	signed, err := x509.CreateCertificate(rand.Reader, template, a.Leaf, &secret.PublicKey, a.PrivateKey)
	runtime.Must(err)
	bytes, err := x509.MarshalECPrivateKey(secret)
	runtime.Must(err)
	return encode("CERTIFICATE", signed), encode("EC PRIVATE KEY", bytes)
}

func encode(kind string, bytes []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
}
