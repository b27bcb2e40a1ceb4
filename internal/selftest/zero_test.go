package selftest_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// Every method refuses a nil context, and a client or service that NewClient did not make.
func TestClientZeroValuesAndNilContextsAreRejected(t *testing.T) {
	t.Parallel()
	made, err := quecloud.NewClient(selftest.Key, selftest.Secret)
	require.NoError(t, err)
	var none context.Context
	for name, c := range map[string]struct {
		client *quecloud.Client
		ctx    context.Context
		param  string
	}{
		"zero client": {&quecloud.Client{}, t.Context(), "client"},
		"services of their own": {&quecloud.Client{
			Cards: new(quecloud.CardsService), Flow: new(quecloud.FlowService), SMS: new(quecloud.SMSService),
			Orders: new(quecloud.OrdersService), Billing: new(quecloud.BillingService), Files: new(quecloud.FilesService),
		}, t.Context(), "client"},
		"nil context": {made, none, "ctx"},
	} {
		for _, service := range []any{
			c.client.Cards, c.client.Flow, c.client.SMS, c.client.Orders, c.client.Billing, c.client.Files,
		} {
			v := reflect.ValueOf(service)
			for i := range v.NumMethod() {
				method := v.Type().Method(i).Name
				err := callMethod(c.ctx, v.Method(i))
				var bad *quecloud.ParamError
				require.ErrorAs(t, err, &bad, "%s: %T.%s", name, service, method)
				require.Equal(t, c.param, bad.Param, "%s: %T.%s: %v", name, service, method, err)
			}
		}
		require.Error(t, c.client.Call(c.ctx, "fc.function.card.list", nil, nil), name)
	}
	_, err = new(quecloud.Client).With()
	require.Error(t, err)
	_, err = (*quecloud.Client)(nil).With()
	require.Error(t, err)
	require.Error(t, (*quecloud.Client)(nil).Call(t.Context(), "fc.function.card.list", nil, nil))
	for _, err := range quecloud.Each(t.Context(), iter.Seq[quecloud.CardID](nil), made.Cards.Pause) {
		require.ErrorAs(t, err, new(*quecloud.ParamError))
	}
	_, err = made.Files.DownloadLatest(t.Context(), (*bytes.Buffer)(nil))
	require.ErrorAs(t, err, new(*quecloud.ParamError))
	_, err = made.Files.Export(t.Context(), (*bytes.Buffer)(nil))
	require.ErrorAs(t, err, new(*quecloud.ParamError))
	for _, err := range quecloud.Each(none, quecloud.ICCIDs("89860000000000000000"), made.Cards.Pause) {
		require.ErrorAs(t, err, new(*quecloud.ParamError))
	}
}

// callMethod calls a service's method with a value of each parameter's type. It returns the method's error, or the
// first error of the iterator that the method returns.
func callMethod(ctx context.Context, method reflect.Value) error {
	args := []reflect.Value{reflect.Zero(reflect.TypeFor[context.Context]())}
	if ctx != nil {
		args[0] = reflect.ValueOf(ctx)
	}
	in := method.Type().NumIn()
	if method.Type().IsVariadic() {
		in--
	}
	for i := 1; i < in; i++ {
		args = append(args, valueOf(method.Type().In(i)))
	}
	out := method.Call(args)
	last := out[len(out)-1]
	if last.Kind() == reflect.Func {
		for _, v := range last.Seq2() {
			last = v
			break
		}
	}
	err, _ := reflect.TypeAssert[error](last)
	return err
}

func valueOf(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[quecloud.CardID]():
		return reflect.ValueOf(quecloud.ICCID("89860000000000000000"))
	case reflect.TypeFor[quecloud.CardIDs]():
		return reflect.ValueOf(quecloud.ICCIDs("89860000000000000000"))
	case reflect.TypeFor[quecloud.Month]():
		return reflect.ValueOf(quecloud.Month{Year: 2026, Month: 1})
	case reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(io.Discard)
	case reflect.TypeFor[string]():
		return reflect.ValueOf("name")
	case reflect.TypeFor[int64]():
		return reflect.ValueOf(int64(1))
	}
	if t.Kind() == reflect.Pointer {
		return reflect.New(t.Elem())
	}
	return reflect.Zero(t)
}
