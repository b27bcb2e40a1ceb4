package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quecloud/quecloud-go"
)

// An app is one run of the command.
type app struct {
	ctx         context.Context
	in          io.Reader
	out, errOut io.Writer
	getenv      func(string) string
	texts       texts

	output  output
	profile string // name in the file of profiles
	lang    string
	sim     bool
	yes     bool
	dryRun  bool
	debug   bool
	close   func() error           // ends what the command started
	hint    atomic.Pointer[string] // what a second interrupt prints

	accountName string // application key, or sim
	rowColumns  map[*cobra.Command][]string
	specs       map[*cobra.Command]spec

	wrap func(http.RoundTripper) http.RoundTripper // around the transport of the client; nil for nothing
}

// root returns the command with everything below it.
func (a *app) root() *cobra.Command {
	t := a.texts.get
	root := &cobra.Command{
		Use:           "quecloud",
		Short:         t("Operate a fleet of SIM cards on Quectel's platform"),
		Long:          a.long(),
		Version:       quecloud.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          a.checkArgs(spec{}),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.lang != "" && a.lang != "en" && a.lang != "zh" {
				return usageError{fmt.Sprintf(t("--lang %s: want en or zh"), a.lang)}
			}
			return a.output.check(nil)
		},
	}
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	root.SetIn(a.in)
	a.texts.translate(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return a.flagError(err) })
	f := root.PersistentFlags()
	a.output = output{form: formJSONL, w: a.out, texts: a.texts}
	if width, ok := terminal(a.out); ok {
		a.output.form, a.output.width = formTable, width
	}
	a.output.flags(f)
	f.StringVar(&a.profile, "profile", a.getenv("QUECLOUD_PROFILE"), t("profile with the credentials"))
	f.StringVar(&a.lang, "lang", "", t("language: en or zh"))
	f.BoolVar(&a.sim, "sim", false, t("call a simulator inside the command, not the platform"))
	f.BoolVarP(&a.yes, "yes", "y", false, t("do not ask before a change or a purchase"))
	f.BoolVar(&a.dryRun, "dry-run", false, t("show what would be sent; send only what reads"))
	f.BoolVar(&a.debug, "debug", false, t("log every request, with secrets and personal data masked"))
	root.CompletionOptions.DisableDefaultCmd = true
	a.completeFlags(root)
	a.rowColumns, a.specs = map[*cobra.Command][]string{}, map[*cobra.Command]spec{}
	root.AddCommand(a.groups()...)
	root.AddCommand(a.completionCommand(), a.docsCommand(), a.checkCommand(), a.callbacksCommand(), a.callCommand(),
		a.simCommand(), a.profileCommand(), a.describeCommand())
	a.helpFlags(root)
	return root
}

// helpFlags gives every command the flag --help in the language.
func (a *app) helpFlags(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = a.texts.get("show this help")
	for _, sub := range cmd.Commands() {
		a.helpFlags(sub)
	}
}

// exitTexts are the meanings of the exit codes.
var exitTexts = []struct {
	code int
	text string
}{
	{exitDone, "done"},
	{exitFailed, "failed, or not confirmed"},
	{exitUsage, "wrong arguments; nothing was changed"},
	{exitRefused, "refused by the platform"},
	{exitUnknown, "it is unknown whether something was changed or bought"},
	{exitPartly, "done for some of the cards only"},
	{exitInterrupted, "interrupted"},
}

// long returns the introduction of the help.
func (a *app) long() string {
	t := a.texts.get
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n", t("Operate a fleet of SIM cards on Quectel's platform"))
	fmt.Fprintf(&out, "    quecloud --sim cards list    %s\n", t("try it with a simulator"))
	fmt.Fprintf(&out, "    quecloud profile add work    %s\n\n", t("store the credentials of an account"))
	fmt.Fprintf(&out, "%s\n\n%s\n\n", t("QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET replace a profile."), t("Exit codes:"))
	for _, exit := range exitTexts {
		fmt.Fprintf(&out, "    %-3d  %s\n", exit.code, t(exit.text))
	}
	fmt.Fprint(&out, "\n", t("With -o json, the last line of stderr is an object with error, type, exit and resultCode."))
	return out.String()
}

// terminal returns the width of a terminal.
func terminal(w io.Writer) (width int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// client returns a client for the account of the profile, or for the simulator.
func (a *app) client(ctx context.Context, opts ...quecloud.Option) (*quecloud.Client, error) {
	opts = append(opts, quecloud.WithUserAgent("quecloud-cli/"+quecloud.Version))
	if a.debug {
		opts = append(opts, quecloud.WithLogger(slog.New(slog.NewTextHandler(a.errOut,
			&slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	if a.dryRun {
		opts = append(opts, quecloud.WithInterceptor(a.onlyReads))
	}
	if a.sim {
		return a.simulator(opts)
	}
	if a.wrap != nil {
		opts = append(opts, quecloud.WithHTTPClient(&http.Client{Transport: a.wrap(quecloud.NewTransport())}))
	}
	account, err := a.account(ctx)
	if err != nil {
		return nil, err
	}
	a.accountName = account.AppKey
	return account.client(opts)
}

// onlyReads shows a call that would change something, instead of making it.
func (a *app) onlyReads(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
	if info.Kind == quecloud.KindRead {
		return next(ctx)
	}
	fmt.Fprintf(a.errOut, a.texts.get("dry run: would call %s %s\n"), info.Method, printable(shown(info.Params)))
	return errDryRun
}

// dry reports whether the run is dry, in which case it says what would be done.
func (a *app) dry(english string, args ...any) bool {
	if a.dryRun {
		fmt.Fprintln(a.errOut, a.texts.get("dry run: would")+" "+printable(fmt.Sprintf(a.texts.get(english), args...)))
	}
	return a.dryRun
}

// errDryRun is the error of a call that a dry run has shown instead of making it.
var errDryRun = errors.New("dry run")

// shown returns parameters for people.
func shown(params url.Values) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		parts = append(parts, name+"="+params.Get(name))
	}
	return strings.Join(parts, " ")
}
