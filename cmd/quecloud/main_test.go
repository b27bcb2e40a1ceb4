package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestMain lets scripts and tests run the test program as the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quecloud": main})
}

// TestScripts runs the command against a stand-in, as the scripts in testdata/script say. Each script has a stand-in of
// its own, of which the script command sim changes and shows the state.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			var lose, drop atomic.Bool // the response to the next purchase, or itself, which comes after its verification
			var srv *quecloudtest.Server
			observe := quecloudtest.WithObserver(func(r quecloudtest.Request) {
				switch {
				case r.Params["preverify"] != "1":
				case lose.CompareAndSwap(true, false):
					srv.Inject(quecloudtest.CutAfter().On(r.Method).Times(1))
				case drop.CompareAndSwap(true, false):
					srv.Inject(quecloudtest.HTTPStatus(504).On(r.Method).Times(1))
				}
			})
			srv = quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(2100), observe)
			srv.Start()
			env.Values["lose"], env.Values["drop"] = &lose, &drop
			env.Defer(srv.Close)
			env.Values["sim"] = srv
			env.Setenv("QUECLOUD_APP_KEY", srv.AppKey)
			env.Setenv("QUECLOUD_APP_SECRET", srv.Secret)
			env.Setenv("QUECLOUD_BASE_URL", srv.URL)
			env.Setenv("QUECLOUD_STATE", env.WorkDir+"/state")
			env.Setenv("QUECLOUD_PROFILES", env.WorkDir+"/profiles.toml")
			env.Setenv("LANG", "en_US.UTF-8")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"sim": simCommand, "write": writeCommand},
	})
}

// simCommand is the script command sim:
//
//	sim status CARD     prints the status of a card
//	sim calls METHOD    prints the number of calls of a method
//	sim orders          prints the cards, products and external IDs of the orders
//	sim sms             prints the cards and texts of the SMS
//	sim fault FAULT     injects a fault, as quecloud-sim -fault has it
//	sim lose-purchase   cuts the response to the next purchase
//	sim drop-purchase   has a gateway respond to the next purchase, which the platform does not get
//	sim fail-order      fails the next order
func simCommand(ts *testscript.TestScript, neg bool, args []string) {
	srv, _ := ts.Value("sim").(*quecloudtest.Server)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sim COMMAND …")
	}
	out := ts.Stdout()
	switch args[0] {
	case "status":
		card, ok := srv.Card(args[1])
		if !ok {
			ts.Fatalf("no card %s", args[1])
		}
		fmt.Fprintln(out, card.Status)
	case "calls":
		fmt.Fprintln(out, len(srv.RequestsOf(args[1])))
	case "orders":
		for _, order := range srv.Orders() {
			fmt.Fprintln(out, order.ICCID, order.ProductName, order.ExternalID)
		}
	case "sms":
		for _, sms := range srv.SMS() {
			fmt.Fprintln(out, sms.MSISDN, sms.Content)
		}
	case "fault":
		fault, err := simulator.ParseFault(args[1])
		ts.Check(err)
		srv.Inject(fault)
	case "lose-purchase":
		ts.Value("lose").(*atomic.Bool).Store(true)
	case "drop-purchase":
		ts.Value("drop").(*atomic.Bool).Store(true)
	case "fail-order":
		srv.FailOrders(1, "no luck")
	default:
		ts.Fatalf("unknown command %s", args[0])
	}
}

// writeCommand is the script command write ENCODING FILE TEXT, which writes a text with Go's escapes to a file.
func writeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: write ENCODING FILE TEXT")
	}
	text, err := strconv.Unquote(`"` + args[2] + `"`)
	ts.Check(err)
	content := []byte(text)
	units := utf16.Encode([]rune("\ufeff" + text))
	switch args[0] {
	case "utf-16le":
		content, err = binary.Append(nil, binary.LittleEndian, units)
	case "utf-16be":
		content, err = binary.Append(nil, binary.BigEndian, units)
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), content, 0o600))
}
