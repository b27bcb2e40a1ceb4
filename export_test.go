package quecloud

// An Endpoint shows a row of the endpoint table to the tests outside the package.
type Endpoint struct {
	Section, Method, Title string
	Kind                   Kind
	Unsigned               []string
}

// Endpoints returns the endpoint table.
func Endpoints() []Endpoint {
	var all []Endpoint
	for _, e := range endpoints {
		all = append(all, Endpoint{e.section, e.method, e.title, e.kind, e.unsigned})
	}
	return all
}
