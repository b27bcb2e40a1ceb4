package quecloud

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An attempt ends with its time, whatever the transport and the body do.
func TestAnAttemptEndsWithItsTime(t *testing.T) {
	t.Parallel()
	stuck := func() io.ReadCloser { return io.NopCloser(readerFunc(func([]byte) (int, error) { select {} })) }
	for name, transport := range map[string]transportFunc{
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
				client, err := NewClient("000001", testSecret, WithTimeout(200*time.Millisecond), WithRetry(RetryPolicy{MaxAttempts: 1}),
					WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				for _, kind := range kindCalls {
					err := kind.call(ctx, client)
					require.Error(t, err)
					assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), err)
					assert.Equal(t, name != "a 101", errors.Is(err, ErrAttemptTimeout), err)
				}
				if name != "a 101" {
					_, err = client.Files.DownloadLatest(ctx, io.Discard)
					require.ErrorIs(t, err, ErrAttemptTimeout)
				}
			})
		}
	}
}

// A body that ends reading when it is closed is closed when the time is up.
func TestABodyIsClosedWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	read, write := io.Pipe()
	client, err := NewClient("000001", testSecret, WithTimeout(100*time.Millisecond), WithRetry(RetryPolicy{MaxAttempts: 1}),
		WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: read}, nil
		})}))
	require.NoError(t, err)
	err = client.Cards.Pause(t.Context(), MSISDN(phone))
	require.ErrorIs(t, err, ErrAttemptTimeout)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	require.ErrorContains(t, err, "bad response with HTTP status 200: it broke off")
	_, err = write.Write([]byte("late"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// A body that gets nothing, without an end, is given up.
func TestABodyThatGetsNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"at once": "", "in a file": "PK\x03\x04"} {
		client, err := NewClient("000001", testSecret, WithRetry(RetryPolicy{MaxAttempts: 1}),
			WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
				body := io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { return 0, nil }))
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
			})}))
		require.NoError(t, err)
		require.ErrorIs(t, readOnce(t.Context(), client), io.ErrNoProgress, name)
		_, err = client.Files.DownloadLatest(t.Context(), io.Discard)
		require.ErrorIs(t, err, io.ErrNoProgress, name)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A server that switches protocols holds nobody.
func TestSwitchingProtocolsIsNoResponse(t *testing.T) {
	t.Parallel()
	pair := loopback(t)
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
	client, err := NewClient("000001", testSecret, WithBaseURL("http://platform.test/"), WithPlainHTTP(), WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	err = client.Cards.Pause(t.Context(), MSISDN(phone))
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	require.ErrorContains(t, err, "HTTP status 101")
	require.Error(t, readOnce(t.Context(), client))
}

// Breaking out of a sweep does not wait for a body that never ends.
func TestLeavingASweepDoesNotWaitForABody(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		if calls.Add(1) == 1 {
			page := `{"resultCode":0,"page":{"page":1,"pageSize":1,"totalCount":9,"totalPage":9},"cards":[{"iccid":"89860000000000000000"}]}`
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(page))}, nil
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(readerFunc(func([]byte) (int, error) { select {} }))}, nil
	})}))
	require.NoError(t, err)
	for _, err := range client.Cards.All(t.Context(), &CardListParams{PageSize: 1}) {
		require.NoError(t, err)
		break
	}
}
