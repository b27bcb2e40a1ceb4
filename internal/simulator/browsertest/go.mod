module github.com/quecloud/quecloud-go/internal/simulator/browsertest

go 1.26.0

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/quecloud/quecloud-go v0.1.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
)

replace github.com/quecloud/quecloud-go => ../../../
