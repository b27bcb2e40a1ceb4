module github.com/quecloud/quecloud-go/examples/redisdedup

go 1.26.0

require (
	github.com/alicebob/miniredis/v2 v2.40.0
	github.com/quecloud/quecloud-go v0.1.0
	github.com/redis/go-redis/v9 v9.23.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	github.com/yuin/gopher-lua v1.1.1 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

replace github.com/quecloud/quecloud-go => ../../
