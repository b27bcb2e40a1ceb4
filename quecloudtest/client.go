package quecloudtest

import (
	"net/http"

	"github.com/quecloud/quecloud-go"
)

// Client returns a client of the SDK that calls this server and goes by its clock. The options come after those that see
// to that. For a server that was not started the client calls through [Server.Transport]. Client panics when an option is
// wrong.
func (s *Server) Client(opts ...quecloud.Option) *quecloud.Client {
	base := []quecloud.Option{quecloud.WithBaseURL(s.URL), quecloud.WithClock(s.Now)}
	if s.URL == "" {
		base[0] = quecloud.WithBaseURL("https://quecloudtest.invalid/openapi/router")
		base = append(base, quecloud.WithHTTPClient(&http.Client{Transport: s.Transport()}))
	}
	client, err := quecloud.NewClient(s.AppKey, s.Secret, append(base, opts...)...)
	if err != nil {
		panic("quecloudtest: Client: " + err.Error())
	}
	return client
}
