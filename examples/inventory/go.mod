module github.com/quecloud/quecloud-go/examples/inventory

go 1.26.0

require (
	github.com/quecloud/quecloud-go v0.1.0
	github.com/schollz/progressbar/v3 v3.19.1
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	golang.org/x/sys v0.46.0 // indirect
	golang.org/x/term v0.44.0 // indirect
)

replace github.com/quecloud/quecloud-go => ../../
