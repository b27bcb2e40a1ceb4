package selftest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"sync"
	"time"
)

// Host is the name in the Certificates.
const Host = "platform.test"

// ClientTLS returns the configuration of a client that trusts the first of Certificates, at any address.
func ClientTLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(Certificates()[0].Leaf)
	return &tls.Config{RootCAs: roots, ServerName: Host}
}

// Certificates returns two certificates for Host, of which ClientTLS trusts the first.
var Certificates = sync.OnceValue(func() (list []tls.Certificate) {
	for serial := range int64(2) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		about := &x509.Certificate{
			SerialNumber: big.NewInt(serial + 1), DNSNames: []string{Host}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		text, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
		if err != nil {
			panic(err)
		}
		leaf, err := x509.ParseCertificate(text)
		if err != nil {
			panic(err)
		}
		list = append(list, tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key, Leaf: leaf})
	}
	return list
})
