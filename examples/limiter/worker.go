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

// taskEnv is the environment variable with the task of a process that this program has started.
const taskEnv = "QUECLOUD_LIMITER_TASK"

// A task is what a process does.
type task struct {
	URL, AppKey, Secret string
	Redis               string // host:port
	Limit               redis_rate.Limit
	Calls               int
}

// command is this program once more, with the task.
func (t task) command(ctx context.Context) (*exec.Cmd, error) {
	encoded, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), taskEnv+"="+string(encoded))
	return cmd, nil
}

// work does a task: as a program of yours would, but for the stand-in's address.
func work(ctx context.Context, out io.Writer, encoded string) error {
	var t task
	if err := json.Unmarshal([]byte(encoded), &t); err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: t.Redis})
	defer rdb.Close()
	client, err := quecloud.NewClient(t.AppKey, t.Secret,
		quecloud.WithBaseURL(t.URL),
		quecloud.WithLimiter(newSharedLimiter(rdb, t.AppKey, t.Limit)))
	if err != nil {
		return err
	}
	start := time.Now()
	for range t.Calls {
		if _, err := client.Billing.Account(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d calls in %.2f s\n", t.Calls, time.Since(start).Seconds())
	return nil
}
