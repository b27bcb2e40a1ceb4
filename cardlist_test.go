package quecloud_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestReadCardListReportsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	damaged := zipOf(t, zip.Store, "card_list.txt", "1,a\n2,b\n")
	damaged[bytes.Index(damaged, []byte("2,b"))] = '3'
	tests := map[string]struct {
		file []byte
		rows int
		text string
	}{
		"no zip":       {[]byte("PK"), 0, "not a valid zip file"},
		"no list":      {zipOf(t, zip.Store, "a.txt", "1"), 0, "no card_list.txt among its 1 files"},
		"two lists":    {zipOf(t, zip.Store, "a/card_list.txt", "1", "b/card_list.txt", "2"), 0, "two files card_list.txt"},
		"a bomb":       {zipOf(t, zip.Deflate, "card_list.txt", strings.Repeat("1,a\n", 20<<20)), 0, "the limit is 200 times"},
		"checksum":     {damaged, 2, "after line 2: zip: checksum error"},
		"endless line": {zipOf(t, zip.Deflate, "card_list.txt", "1\n"+strings.Repeat("x", 2<<20)), 1, "after line 1: bufio.Scanner: token too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := collect(quecloud.ReadCardList(bytes.NewReader(test.file), int64(len(test.file))))
			assert.ErrorContains(t, err, test.text)
			assert.Len(t, rows, test.rows)
		})
	}
}

func TestReadCardListFindsTheListBehindBackslashes(t *testing.T) {
	t.Parallel()
	file := zipOf(t, zip.Deflate, `export\card_list.txt`, "1,a\n")
	rows, err := collect(quecloud.ReadCardList(bytes.NewReader(file), int64(len(file))))
	require.NoError(t, err)
	assert.Len(t, rows, 1)
}
