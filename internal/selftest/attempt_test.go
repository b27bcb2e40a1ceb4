package selftest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// An attempt ends at its timeout even if the transport or the body goes on.
func TestAttemptEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	stuck := func() io.ReadCloser { return io.NopCloser(readerFunc(func([]byte) (int, error) { select {} })) }
	for name, transport := range map[string]selftest.TransportFunc{
		"a transport that ignores its context": func(*http.Request) (*http.Response, error) { select {} },
		"a body that ignores its context": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: stuck()}, nil
		},
		"a 101": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: stuck()}, nil
		},
	} {
		for end, limit := range map[string]time.Duration{"timeout": time.Hour, "deadline": time.Minute} {
			t.Run(name+", "+end, func(t *testing.T) {
				t.Parallel()
				client := selftest.NewClient(t, transport, selftest.NoRetry, quecloud.WithTimeout(200*time.Millisecond))
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				for _, kind := range selftest.Calls {
					err := kind.Do(ctx, client)
					require.Error(t, err)
					assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown), err)
					assert.Equal(t, name != "a 101", errors.Is(err, quecloud.ErrAttemptTimeout), err)
				}
				if name != "a 101" {
					_, err := client.Files.DownloadLatest(ctx, io.Discard)
					require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
				}
			})
		}
	}
}

// The body is closed at the timeout, which ends the read of most.
func TestAttemptClosesTheBodyAtItsTimeout(t *testing.T) {
	t.Parallel()
	read, write := io.Pipe()
	transport := selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: read}, nil
	})
	client := selftest.NewClient(t, transport, selftest.NoRetry, quecloud.WithTimeout(100*time.Millisecond))
	err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
	require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "bad response with HTTP status 200: it broke off")
	_, err = write.Write([]byte("late"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// A body without progress ends with io.ErrNoProgress.
func TestAttemptGivesUpABodyWithoutProgress(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"at once": "", "in a file": "PK\x03\x04"} {
		client := selftest.NewClient(t, selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { return 0, nil }))
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
		}), selftest.NoRetry)
		require.ErrorIs(t, selftest.Read(t.Context(), client), io.ErrNoProgress, name)
		_, err := client.Files.DownloadLatest(t.Context(), io.Discard)
		require.ErrorIs(t, err, io.ErrNoProgress, name)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAttemptRejectsSwitchingProtocols(t *testing.T) {
	t.Parallel()
	pair := selftest.Loopback(t)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server, err := pair()
		if err == nil {
			go func() {
				_, _ = http.ReadRequest(bufio.NewReader(server))
				_, _ = io.WriteString(server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			}()
		}
		return client, err
	}}
	client := selftest.NewClient(t, transport, quecloud.WithBaseURL("http://platform.test/"), quecloud.WithPlainHTTP())
	err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "HTTP status 101")
	require.Error(t, selftest.Read(t.Context(), client))
}

// Leaving a sweep does not wait for a body that never ends.
func TestAttemptOfASweepIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client := selftest.NewClient(t, selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
		var body io.Reader = readerFunc(func([]byte) (int, error) { select {} })
		if calls.Add(1) == 1 {
			body = strings.NewReader(`{"resultCode":0,"page":{"page":1,"pageSize":1,"totalCount":9,"totalPage":9},` +
				`"cards":[{"iccid":"89860000000000000000"}]}`)
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
	}))
	for _, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 1}) {
		require.NoError(t, err)
		break
	}
}

// The functions and protocols that a transport calls before it sends count towards the timeout.
func TestAttemptEndsWithItsTimeoutInsideATransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		for name, transport := range map[string]*http.Transport{
			"a function for the proxy": {Proxy: func(*http.Request) (*url.URL, error) {
				<-release
				return nil, io.EOF
			}},
			"another protocol": func() *http.Transport {
				outer := &http.Transport{Protocols: selftest.OnlyHTTP1()} // otherwise it logs that it cannot enable HTTP/2
				outer.RegisterProtocol("https", selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
					<-release
					return nil, io.EOF
				}))
				return outer
			}(),
		} {
			client := selftest.NewClient(t, transport, selftest.NoRetry)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err := selftest.Read(ctx, client)
			cancel()
			require.ErrorIs(t, err, quecloud.ErrAttemptTimeout, name)
		}
	})
}
