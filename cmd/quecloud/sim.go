package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// simCommand returns the command that serves a simulator.
func (a *app) simCommand() *cobra.Command {
	t := a.texts.get
	cfg := simulator.Config{AppKey: quecloudtest.DefaultAppKey, Secret: quecloudtest.DefaultSecret}
	var cards int
	cmd := &cobra.Command{
		Use: "sim", Short: t("Serve a simulator of the platform, with a page to look at"), Args: a.checkArgs(spec{}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cards < 0 {
				return usageError{fmt.Sprintf(t("--cards %d: want 0 or more"), cards)}
			}
			if a.dry("listen at %s", cfg.Addr) {
				return nil
			}
			cfg.Options = []quecloudtest.Option{
				quecloudtest.WithFleet(cards), quecloudtest.WithTimeCheck(quecloudtest.ServerOrRealTime),
			}
			return simulator.Run(cmd.Context(), &cfg, a.out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Addr, "addr", "127.0.0.1:8080", t("address of the platform"))
	f.StringVar(&cfg.Control, "control", "127.0.0.1:9090", t("address of the page and of the control"))
	f.IntVar(&cards, "cards", quecloudtest.DefaultFleet, t("number of cards"))
	return cmd
}

// simulator returns a client for a simulator in this process. Its state is kept in a file from run to run.
func (a *app) simulator(opts []quecloud.Option) (*quecloud.Client, error) {
	path, err := a.stateFile("sim.json")
	if err != nil {
		return nil, err
	}
	srv := quecloudtest.NewUnstartedServer()
	if err := loadSim(srv, path); err != nil {
		srv.Close()
		return nil, fmt.Errorf(a.texts.get("the state of the simulator, %s: %w; remove the file to start anew"), path, err)
	}
	changed := false
	a.accountName = "sim"
	a.close = func() error {
		defer srv.Close()
		if !changed {
			return nil
		}
		return saveSim(srv, path)
	}
	opts = append(srv.Options(), opts...)
	opts = append(opts, quecloud.WithInterceptor(
		func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
			if info.Kind != quecloud.KindRead {
				changed = true
			}
			return next(ctx)
		}))
	if a.wrap != nil {
		opts = append(opts, quecloud.WithHTTPClient(&http.Client{Transport: a.wrap(srv.Transport())}))
	}
	return quecloud.NewClient(srv.AppKey, srv.Secret, opts...)
}

// loadSim loads the state of the last run, if there is one, and lets the time since then pass.
func loadSim(srv *quecloudtest.Server, path string) error {
	state, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := srv.Load(state); err != nil {
		return err
	}
	var clock struct{ Running bool }
	if err := json.Unmarshal(state, &clock); err != nil {
		return err
	}
	if passed := time.Since(srv.Now()); clock.Running && passed > 0 {
		srv.Advance(passed)
	}
	return nil
}

// saveSim replaces the file of the state.
func saveSim(srv *quecloudtest.Server, path string) error {
	state, err := json.Marshal(srv.Snapshot())
	if err != nil {
		return err
	}
	return replaceFile(path, state)
}

// replaceFile replaces a file that only its owner may read. The file is whole at any time.
func replaceFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)) // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
