package otelquecloud

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/quecloud/quecloud-go"
)

// errorType returns the error.type of a call. The package documentation lists them.
func errorType(ctx context.Context, info *quecloud.CallInfo, err error) string {
	switch {
	case errors.Is(err, errUnfinished):
		return "panic"
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		return "outcome_unknown"
	case errors.Is(err, quecloud.ErrPartial):
		return "partial"
	case errors.Is(err, quecloud.ErrQueryFailed):
		return "query_failed"
	}
	if refusal, ok := errors.AsType[*quecloud.APIError](err); ok {
		return "result_code_" + strconv.Itoa(refusal.Code)
	}
	// Ask the context itself: a timeout of the network is a context.DeadlineExceeded, too.
	switch {
	case errors.Is(err, context.Canceled) || ctx.Err() == context.Canceled:
		return "canceled"
	case ctx.Err() == context.DeadlineExceeded:
		return "deadline_exceeded"
	}
	if class := networkErrorType(err); class != "" {
		return class
	}
	if bad, ok := errors.AsType[*quecloud.ResponseError](err); ok {
		if bad.HTTPStatus != http.StatusOK {
			return strconv.Itoa(bad.HTTPStatus)
		}
		return "bad_response"
	}
	if info.Attempts == 0 {
		return "not_sent"
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return "connection"
	}
	return "_OTHER"
}

// requestErrorType returns the error.type of a request without a response.
func requestErrorType(ctx context.Context, err error) string {
	if errors.Is(context.Cause(ctx), quecloud.ErrAttemptTimeout) || ctx.Err() == context.DeadlineExceeded {
		return "timeout"
	}
	if ctx.Err() == context.Canceled {
		return "canceled"
	}
	return cmp.Or(networkErrorType(err), "connection")
}

// networkErrorType returns the error.type of a network error, or "" if it has no special one.
func networkErrorType(err error) string {
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return "timeout"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "server_certificate_invalid"
	}
	return ""
}
