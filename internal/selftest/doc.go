// Package selftest has the tests of the SDK that belong to no single file, and the helpers that tests of several
// packages share:
//
//   - [Platform] responds in memory and records requests: as [Step]s say ([Scripted], [NewPlatform]), with one text
//     ([TextPlatform]), with a recorded response ([FilePlatform]), with a function's JSON ([FuncPlatform]), or with the
//     pages of a listing ([ListingPlatform]). [TimedPlatform] checks the time of requests too.
//   - [FaultyPlatform] serves over real connections, HTTP/1 or HTTP/2, and fails as each [Fault] says.
//   - [HTTP2Platform] speaks HTTP/2 frame by frame.
//   - [Calls] has one call of each kind of method, [Methods] a case for every method, and [Callbacks] the kinds of
//     callbacks.
//   - [Endpoints] is the endpoint table, and [GoNames] the Go method of each endpoint.
//   - [Fixture] reads testdata from any package. [Variants] says the same in other JSON.
//   - [Compare] measures the SDK against a baseline. Those of decoding are in internal/lenient.
//
// The package imports quecloud, so only external tests (package quecloud_test) can use it.
package selftest
