package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quecloud/quecloud-go"
)

// profileCommand returns the commands that change the file of profiles. They call nothing.
func (a *app) profileCommand() *cobra.Command {
	t := a.texts.get
	cmd := a.group(group{name: "profile", short: "Store the credentials of accounts"})
	var add profile
	adding := &cobra.Command{
		Use: "add NAME", Short: t("Store the credentials of an account; asks for them, or reads them as lines"),
		Args: a.checkArgs(spec{args: cobra.ExactArgs(1)}),
		RunE: func(_ *cobra.Command, args []string) error { return a.addProfile(args[0], add) },
	}
	f := adding.Flags()
	f.StringArrayVar(&add.SecretCommand, "secret-command", nil,
		t("command that prints the secret, which then is not stored; once for the program and each argument"))
	f.StringVar(&add.BaseURL, "base-url", "", t("address of the platform, if it is another"))
	f.BoolVar(&add.PlainHTTP, "plain-http", false, t("allow http:// in the address"))
	cmd.AddCommand(adding, &cobra.Command{
		Use: "list", Short: t("List the profiles"), Args: a.checkArgs(spec{}),
		RunE: func(*cobra.Command, []string) error { return a.listProfiles() },
	}, &cobra.Command{
		Use: "use NAME", Short: t("Use a profile when none is named"), Args: a.checkArgs(spec{args: cobra.ExactArgs(1)}),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeProfiles(args[0], func(p *profiles) { p.Current = args[0] })
		},
	}, &cobra.Command{
		Use: "remove NAME", Short: t("Remove a profile with its secret"), Args: a.checkArgs(spec{args: cobra.ExactArgs(1)}),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeProfiles(args[0], func(p *profiles) {
				delete(p.Profiles, args[0])
				if p.Current == args[0] {
					p.Current = ""
				}
			})
		},
	})
	return cmd
}

// addProfile asks for the credentials and stores them. The first profile becomes the current one.
func (a *app) addProfile(name string, p profile) (err error) {
	file, err := a.readProfiles()
	if err != nil {
		return err
	}
	in := bufio.NewReader(a.in)
	if p.AppKey, err = a.readLine(in, a.texts.get("appKey: "), false); err != nil {
		return err
	}
	if len(p.SecretCommand) == 0 {
		if p.AppSecret, err = a.readLine(in, a.texts.get("secret: "), true); err != nil {
			return err
		}
	}
	tried := p
	if tried.AppSecret == "" {
		tried.AppSecret = "printed-by-the-command"
	}
	if _, err := tried.client(nil); err != nil { // before it is stored
		return err
	}
	if file.Profiles == nil {
		file.Profiles = map[string]profile{}
	}
	if _, ok := file.Profiles[name]; ok && !a.yes {
		if err := a.confirm(fmt.Sprintf(a.texts.get("replace the profile %q"), name)); err != nil {
			return err
		}
	}
	file.Profiles[name] = p
	if file.Current == "" {
		file.Current = name
	}
	return a.writeProfiles(file)
}

// readLine reads a line of the input, without echo for a secret at a terminal.
func (a *app) readLine(in *bufio.Reader, prompt string, secret bool) (string, error) {
	f, _ := a.in.(*os.File)
	if !a.interactive() {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) && line != "" {
			err = nil
		}
		if errors.Is(err, io.EOF) {
			err = usageError{a.texts.get("want the appKey on the first line of the input, and the secret on the second")}
		}
		return strings.TrimRight(line, "\r\n"), err
	}
	fmt.Fprint(a.errOut, prompt)
	if secret {
		before, err := term.GetState(int(f.Fd()))
		if err != nil {
			return "", err
		}
		line, err := a.answer(func(byte) (string, error) {
			line, err := term.ReadPassword(int(f.Fd()))
			return string(line), err
		})
		fmt.Fprintln(a.errOut)
		return line, errors.Join(err, term.Restore(int(f.Fd()), before)) // an interrupt left the echo off
	}
	line, err := a.answer(in.ReadString)
	return strings.TrimRight(line, "\r\n"), err
}

// A profileRow is a profile as the output shows it.
type profileRow struct {
	Name, AppKey, BaseURL, Secret string
	Current                       bool
}

func (a *app) listProfiles() error {
	file, err := a.readProfiles()
	if err != nil {
		return err
	}
	return a.output.rows(func(yield func(record, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(file.Profiles)) {
			p := file.Profiles[name]
			row := profileRow{Name: name, AppKey: p.AppKey, BaseURL: p.BaseURL, Secret: "stored", Current: name == file.Current}
			if row.BaseURL == "" {
				row.BaseURL = quecloud.DefaultBaseURL
			}
			if len(p.SecretCommand) > 0 {
				row.Secret = p.SecretCommand[0]
			}
			if !yield(recordOf(row), nil) {
				return
			}
		}
	}, nil)
}

// changeProfiles changes the file of profiles, which must have that profile.
func (a *app) changeProfiles(name string, change func(*profiles)) error {
	file, err := a.readProfiles()
	if err != nil {
		return err
	}
	if _, ok := file.Profiles[name]; !ok {
		return usageError{fmt.Sprintf(a.texts.get("there is no profile %q"), name)}
	}
	change(&file)
	return a.writeProfiles(file)
}

func (a *app) completeProfiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	file, err := a.readProfiles()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return slices.Sorted(maps.Keys(file.Profiles)), cobra.ShellCompDirectiveNoFileComp
}
