package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/quecloud/quecloud-go"
)

// workloadEnv is the environment variable with the workload of a process that this program has started.
const workloadEnv = "QUECLOUD_LIMITER_WORKLOAD"

// A workload says what a process does.
type workload struct {
	URL, AppKey, Secret string
	Redis               string // host:port
	Limit               redis_rate.Limit
	Calls               int
}

// command returns a command that runs this program with the workload.
func (w workload) command(ctx context.Context) (*exec.Cmd, error) {
	encoded, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), workloadEnv+"="+string(encoded))
	return cmd, nil
}

// work runs a workload. Apart from the address of the stand-in, your program would do the same.
func work(ctx context.Context, out io.Writer, encoded string) error {
	var w workload
	if err := json.Unmarshal([]byte(encoded), &w); err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: w.Redis})
	defer rdb.Close()
	client, err := quecloud.NewClient(w.AppKey, w.Secret,
		quecloud.WithBaseURL(w.URL),
		quecloud.WithLimiter(newSharedLimiter(rdb, w.AppKey, w.Limit)))
	if err != nil {
		return err
	}
	start := time.Now()
	for range w.Calls {
		if _, err := client.Billing.Account(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d calls in %.2f s\n", w.Calls, time.Since(start).Seconds())
	return nil
}
