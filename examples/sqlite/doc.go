// Package sqlite shows, in its tests, how the SDK's values are stored in SQLite and read back.
package sqlite
