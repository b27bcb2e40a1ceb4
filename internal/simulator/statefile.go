package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/quecloud/quecloud-go/internal/zipfile"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// load loads the file of the state or, before the first one was saved, the scenario. It also finds out early whether
// the state can be saved.
func (c *Config) load(sim *quecloudtest.Server, scenario []byte) error {
	if scenario != nil {
		if err := loadFile(sim, c.Scenario, scenario); err != nil {
			return err
		}
	}
	if c.State == "" {
		return nil
	}
	pending, err := zipfile.CreatePending(c.State)
	if target, ok := errors.AsType[*zipfile.TargetError](err); ok {
		return fmt.Errorf("the file of the state, %s, is %s", target.Name, target.Kind)
	}
	if err != nil {
		return fmt.Errorf("the file of the state: %w", err)
	}
	pending.Discard()
	text, err := os.ReadFile(c.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return loadFile(sim, c.State, text)
}

func loadFile(sim *quecloudtest.Server, name string, text []byte) error {
	if err := loadState(sim, text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// loadState replaces the state. Its error begins with the member that is wrong.
func loadState(sim *quecloudtest.Server, text []byte) error {
	if err := sim.Load(text); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "quecloudtest: Load: "))
	}
	return nil
}

// save saves the state, if it has a file, which it replaces as a whole.
func (c *Config) save(sim *quecloudtest.Server) error {
	if c.State == "" {
		return nil
	}
	text, err := json.MarshalIndent(sim.Snapshot(), "", "  ")
	if err != nil {
		return err
	}
	pending, err := zipfile.CreatePending(c.State)
	if err != nil {
		return err
	}
	defer pending.Discard()
	if _, err := pending.Write(append(text, '\n')); err != nil {
		return err
	}
	return pending.Commit()
}
