package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quecloud/quecloud-go"
)

// callCommand returns the command that calls a method by its name.
func (a *app) callCommand() *cobra.Command {
	return &cobra.Command{
		Use: "call METHOD [NAME=VALUE]…", Short: a.texts.get("Call any method of the platform, and print its response"),
		Args: a.checkArgs(spec{args: cobra.MinimumNArgs(1)}),
		RunE: func(cmd *cobra.Command, args []string) error {
			params := url.Values{}
			for _, arg := range args[1:] {
				name, value, ok := strings.Cut(arg, "=")
				if !ok {
					return usageError{fmt.Sprintf(a.texts.get("%q: want NAME=VALUE"), arg)}
				}
				params.Add(name, value)
			}
			client, err := a.client(cmd.Context(), quecloud.WithInterceptor(a.askFirst))
			if err != nil {
				return err
			}
			var response json.RawMessage
			err = client.Call(cmd.Context(), args[0], params, &response)
			if len(response) > 0 {
				if _, err := fmt.Fprintf(a.out, "%s\n", response); err != nil {
					return err
				}
			}
			return err
		},
	}
}

// askFirst asks before a call that changes something.
func (a *app) askFirst(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
	if info.Kind != quecloud.KindRead {
		if err := a.confirm(fmt.Sprintf(a.texts.get("call %s, which changes something or spends money"),
			info.Method)); err != nil {
			return err
		}
	}
	return next(ctx)
}
