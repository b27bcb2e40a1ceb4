package simulator

import (
	_ "embed"
	"net/http"
)

// openAPI describes the control. A test writes it from the table of routes, the types of their inputs and results, and
// the comments of these types: go test ./internal/simulator -run OpenAPI -update.
//
//go:embed openapi.json
var openAPI []byte

func (c *Control) openAPI(w http.ResponseWriter, _ *http.Request, _ nothing) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(openAPI) // fails when the client disconnected
	return nil
}
