package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/quecloud/quecloud-go"
)

// A profile has the credentials of an account, and where its platform is.
type profile struct {
	AppKey        string   `toml:"app_key"`
	AppSecret     string   `toml:"app_secret,omitempty"`
	SecretCommand []string `toml:"secret_command,omitempty"` // prints the secret
	BaseURL       string   `toml:"base_url,omitempty"`
	PlainHTTP     bool     `toml:"plain_http,omitempty"`
}

// profiles are the content of the file of profiles.
type profiles struct {
	Current  string             `toml:"current,omitempty"`
	Profiles map[string]profile `toml:"profiles"`
}

// client returns a client with the credentials.
func (p profile) client(opts []quecloud.Option) (*quecloud.Client, error) {
	if p.BaseURL != "" {
		opts = append(opts, quecloud.WithBaseURL(p.BaseURL))
	}
	if p.PlainHTTP {
		opts = append(opts, quecloud.WithPlainHTTP())
	}
	return quecloud.NewClient(p.AppKey, p.AppSecret, opts...)
}

// account returns the credentials of the environment, or those of the profile.
func (a *app) account(ctx context.Context) (profile, error) {
	env := profile{
		AppKey: a.getenv("QUECLOUD_APP_KEY"), AppSecret: a.getenv("QUECLOUD_APP_SECRET"),
		BaseURL: a.getenv("QUECLOUD_BASE_URL"),
	}
	env.PlainHTTP = strings.HasPrefix(env.BaseURL, "http://")
	if a.profile == "" && (env.AppKey != "" || env.AppSecret != "") {
		if env.AppKey == "" || env.AppSecret == "" {
			return profile{}, usageError{a.texts.get("want both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET")}
		}
		return env, nil
	}
	file, err := a.readProfiles()
	if err != nil {
		return profile{}, err
	}
	name := a.profile
	if name == "" {
		name = file.Current
	}
	p, ok := file.Profiles[name]
	switch {
	case !ok && name == "":
		return profile{}, usageError{a.texts.get("no credentials: set QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, " +
			"add a profile with quecloud profile add, or try the simulator with --sim")}
	case !ok:
		return profile{}, usageError{fmt.Sprintf(a.texts.get("there is no profile %q"), name)}
	case p.AppSecret == "" && len(p.SecretCommand) > 0:
		p.AppSecret, err = a.secretOf(ctx, p.SecretCommand)
	}
	return p, err
}

// secretOf runs a command that prints a secret.
func (a *app) secretOf(ctx context.Context, command []string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr, cmd.Stdin = a.errOut, a.in
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf(a.texts.get("secret_command %s: %w"), command[0], err)
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}

// profilesPath returns the path of the file of profiles.
func (a *app) profilesPath() (string, error) {
	if path := a.getenv("QUECLOUD_PROFILES"); path != "" {
		return path, nil
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "quecloud", "profiles.toml"), err
}

// readProfiles reads the file of profiles, which may not exist. It refuses a file that others can read.
func (a *app) readProfiles() (p profiles, err error) {
	path, err := a.profilesPath()
	if err != nil {
		return p, err
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return p, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return p, fmt.Errorf(a.texts.get("%s has mode %#o, so that others can read the secrets in it: run chmod 600 %[1]s"),
			path, mode)
	}
	strict := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := strict.Decode(&p); err != nil {
		// The error's own text quotes lines of the file, which may hold a secret.
		_, unknown := errors.AsType[*toml.StrictMissingError](err)
		if syntax, ok := errors.AsType[*toml.DecodeError](err); ok && !unknown {
			row, column := syntax.Position()
			return p, fmt.Errorf(a.texts.get("%s: line %d, column %d is no TOML"), path, row, column)
		}
		return p, fmt.Errorf(
			a.texts.get("%s: a key is not known; want app_key, app_secret, secret_command, base_url, plain_http"), path)
	}
	return p, nil
}

// writeProfiles replaces the file of profiles.
func (a *app) writeProfiles(p profiles) error {
	path, err := a.profilesPath()
	if err != nil {
		return err
	}
	content, err := toml.Marshal(p)
	if err != nil || a.dry("write %s", path) {
		return err
	}
	return replaceFile(path, content)
}
