package selftest_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// atOnce is how many goroutines make calls, and callsEach how many calls each makes before all wait for the others.
const (
	atOnce    = 64
	callsEach = 2
)

// inGoroutines returns a job that makes many calls at once.
func inGoroutines(name string, call func() error) selftest.Job {
	return selftest.Job{name, func() {
		var goroutines sync.WaitGroup
		for range atOnce {
			goroutines.Go(func() {
				for range callsEach {
					selftest.Must(true, call())
				}
			})
		}
		goroutines.Wait()
	}}
}

// BenchmarkConcurrent makes 64 times 2 calls over TLS on loopback: with the SDK; by hand, with as many connections and
// on a copy of http.DefaultTransport; and with neither signatures nor a look at the response, as no client can.
func BenchmarkConcurrent(b *testing.B) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, cardJSON)
	}))
	var opened atomic.Int64
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.StartTLS()
	defer srv.Close()
	on := func(t *http.Transport) *http.Client {
		t.TLSClientConfig = &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
		b.Cleanup(t.CloseIdleConnections)
		return &http.Client{Transport: t}
	}
	ours := func() selftest.Job {
		client, err := quecloud.NewClient(selftest.Key, selftest.Secret,
			quecloud.WithBaseURL(srv.URL), quecloud.WithHTTPClient(on(selftest.OwnTransport(b))))
		selftest.Must(true, err)
		return inGoroutines("quecloud", func() error {
			_, err := client.Cards.Info(context.Background(), quecloud.MSISDN("1064868950247"))
			return err
		})
	}
	byDefault := on(http.DefaultTransport.(*http.Transport).Clone())
	tuned := on(selftest.OwnTransport(b))
	form := "appKey=000001&method=fc.function.card.info&msisdn=1064868950247&sign=" + strings.Repeat("0", 40) +
		"&t=1732605510"
	byHand := func(name string, client *http.Client) selftest.Job {
		return inGoroutines(name, func() error {
			_, err := handInfo(context.Background(), client, srv.URL, selftest.Key, selftest.Secret, "1064868950247")
			return err
		})
	}
	for _, theirs := range []selftest.Job{
		byHand("tuned", tuned), byHand("default", byDefault),
		inGoroutines("post", func() error {
			resp, err := tuned.Post(srv.URL, "application/x-www-form-urlencoded", strings.NewReader(form))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		}),
	} {
		b.Run(theirs.Name, func(b *testing.B) { selftest.Compare(b, 1, ours(), theirs) })
	}
	b.Run("connections", func(b *testing.B) {
		job, before := ours(), opened.Load()
		for b.Loop() {
			job.Do()
		}
		b.ReportMetric(float64(opened.Load()-before), "connections")
	})
}

// A watch discards what is written, and measures the heap every 64 MiB.
type watch struct{ n, peak int64 }

func (w *watch) Write(p []byte) (int, error) {
	if w.n>>26 != (w.n+int64(len(p)))>>26 {
		w.peak = max(w.peak, heapInUse())
	}
	w.n += int64(len(p))
	return len(p), nil
}

// heapInUse returns the size of the heap, garbage included.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkDownload downloads zip files over plain HTTP on loopback: 64 MiB for the comparison, since the seconds that
// 1 GiB takes are not comparable on a busy machine, and 1 GiB for the memory.
func BenchmarkDownload(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mebibytes, err := strconv.Atoi(r.FormValue("taskId"))
		selftest.Must(true, err)
		size := mebibytes << 20
		end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
		binary.LittleEndian.PutUint32(end[16:], uint32(size-len(end))) // where the empty directory begins
		w.Header().Set("Content-Length", strconv.Itoa(size))
		block := make([]byte, 64<<10)
		copy(block, "PK\x03\x04")
		for rest := size - len(end); rest > 0; rest -= len(block) {
			block = block[:min(rest, len(block))]
			if _, err := w.Write(block); err != nil {
				return
			}
		}
		_, _ = w.Write(end)
	}))
	defer srv.Close()
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(srv.URL))
	selftest.Must(true, err)
	download := func(mebibytes int64) (to watch) {
		n, err := client.Files.Download(context.Background(), mebibytes, &to)
		selftest.Must(n == mebibytes<<20, err)
		return to
	}
	selftest.Compare(b, 1,
		selftest.Job{"quecloud", func() { download(64) }},
		selftest.Job{"io-copy", func() {
			resp, err := http.Post(srv.URL, "application/x-www-form-urlencoded", strings.NewReader("taskId=64"))
			selftest.Must(true, err)
			defer resp.Body.Close()
			n, err := io.Copy(&watch{}, resp.Body)
			selftest.Must(n == 64<<20, err)
		}})
	b.Run("1GiB", func(b *testing.B) {
		b.SetBytes(1 << 30)
		grown := int64(0)
		for b.Loop() {
			runtime.GC()
			before := heapInUse()
			grown = max(grown, download(1024).peak-before)
		}
		b.ReportMetric(float64(grown)/(1<<20), "heap-growth-MiB")
	})
}
