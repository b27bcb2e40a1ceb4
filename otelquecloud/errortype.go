package otelquecloud

import (
	"context"
	"errors"

	"github.com/quecloud/quecloud-go"
)

// errorType returns the error.type of a call.
func errorType(err error) string {
	if errors.Is(err, errUnfinished) {
		return "panic"
	}
	return quecloud.ErrorType(err)
}

// requestErrorType returns the error.type of a request without a response.
func requestErrorType(ctx context.Context, err error) string {
	if errors.Is(context.Cause(ctx), quecloud.ErrAttemptTimeout) || ctx.Err() == context.DeadlineExceeded {
		return "timeout"
	}
	if ctx.Err() == context.Canceled {
		return "canceled"
	}
	switch word := quecloud.ErrorType(err); word {
	case "timeout", "certificate":
		return word
	case "deadline_exceeded":
		return "timeout"
	}
	return "network"
}
