package main

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// chunked takes the payload out of a body in chunks of AWS's own kind: `<hex size>[;signature]\r\n<bytes>\r\n`, a chunk of no bytes, trailers.
type chunked struct {
	from   io.Reader
	reader *bufio.Reader
	left   int64
	begun  bool
}

func (c *chunked) Read(into []byte) (int, error) {
	if c.reader == nil {
		c.reader = bufio.NewReaderSize(c.from, 64<<10)
	}
	if c.left == 0 {
		if c.begun {
			if _, err := c.reader.Discard(2); err != nil {
				return 0, io.ErrUnexpectedEOF
			}
		}
		line, err := c.reader.ReadString('\n')
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		c.left, err = strconv.ParseInt(size, 16, 64)
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		c.begun = true
		if c.left == 0 {
			io.Copy(io.Discard, c.reader)
			return 0, io.EOF
		}
	}
	n, err := c.reader.Read(into[:min(int64(len(into)), c.left)])
	c.left -= int64(n)
	return n, err
}
