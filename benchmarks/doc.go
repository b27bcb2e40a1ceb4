// Package benchmarks compares the SDK with what it must not depend on. Its README holds all measured ratios, those of
// the root module too.
package benchmarks
