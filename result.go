package quecloud

import (
	"context"
	"errors"
	"fmt"
)

// A caller is the way of a service to the pipeline.
type caller func(ctx context.Context, method string, params, result any, verdict ...verdict) error

// fetch makes a call whose whole answer is a T.
func fetch[T any](ctx context.Context, call caller, method string, params any) (*T, error) {
	result := new(T)
	return onSuccess(result, call(ctx, method, params, result))
}

// onSuccess returns a result only without an error, so that nobody takes what is left of a failed call for an answer.
func onSuccess[T any](result T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// queryResult is the error of a call whose answer has a verdict of its own besides resultCode. Where the verdict is no,
// the other members mean nothing, and it is no matter what is wrong with them.
func queryResult(method, name, verdict string, ok bool, err error) error {
	if verdict == "" || ok || err != nil && !errors.As(err, new(*FieldError)) {
		return err
	}
	return callError(method, fmt.Sprintf("%s is %q", name, verdict), ErrQueryFailed)
}
