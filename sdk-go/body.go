package approute

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// largestKept bounds the buffers that are kept for the next answer.
const largestKept = 1 << 20

var buffers = sync.Pool{New: func() any {
	buffer := make([]byte, 0, 4096)
	return &buffer
}}

func takeBuffer() *[]byte { return buffers.Get().(*[]byte) }

func giveBuffer(buffer *[]byte) {
	if cap(*buffer) <= largestKept {
		*buffer = (*buffer)[:0]
		buffers.Put(buffer)
	}
}

// readBody reads a body into a buffer. The limit counts what comes out of decompression, so that a bomb is noticed before
// it has gone off.
func readBody(response *http.Response, limit int64, buffer []byte) ([]byte, *tryError) {
	source := &source{reader: response.Body}
	var reader io.Reader = source
	compressed := false
	switch encoding := strings.ToLower(strings.TrimSpace(response.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzipped, err := unzip(source)
		if err == io.EOF {
			return buffer, nil // nothing at all, which needs no decompression
		}
		if err != nil {
			return buffer, source.loss(err)
		}
		defer unzipped.release()
		response.Header.Del("Content-Encoding")
		response.Header.Del("Content-Length")
		reader, compressed = unzipped, true
	default:
		return buffer, &tryError{kind: lostUndecodable,
			message: "the answer cannot be decompressed: it came as " + encoding + ", which was not asked for"}
	}
	announced := response.ContentLength
	if announced > limit && !compressed {
		return buffer, tooLarge(limit)
	}
	if !compressed && announced > int64(cap(buffer)) {
		// One more byte, so that the end is seen without growing.
		buffer = make([]byte, 0, min(announced, largestKept)+1)
	}
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := reader.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if int64(len(buffer)) > limit {
			return buffer, tooLarge(limit)
		}
		if err == io.EOF {
			return buffer, nil
		}
		if err != nil {
			return buffer, source.loss(err)
		}
	}
}

// A source remembers what the connection reported, apart from what the decompressor makes of it.
type source struct {
	reader io.Reader
	err    error
}

func (s *source) Read(to []byte) (int, error) {
	n, err := s.reader.Read(to)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// loss tells a broken connection from broken data. Data that ends early is a broken connection too: a server that closes
// without ado looks like that.
func (s *source) loss(err error) *tryError {
	if s.err != nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		if s.err != nil {
			err = s.err
		}
		return &tryError{kind: lostInterrupted, cause: err,
			message: "the connection broke within the answer's body: " + innermost(err)}
	}
	return &tryError{kind: lostUndecodable, cause: err, message: "the answer cannot be decompressed: " + err.Error()}
}

type unzipper struct {
	buffered *bufio.Reader
	*gzip.Reader
}

var unzippers = sync.Pool{New: func() any {
	return &unzipper{bufio.NewReader(nil), new(gzip.Reader)}
}}

// unzip gives io.EOF for an empty body.
func unzip(reader io.Reader) (*unzipper, error) {
	u := unzippers.Get().(*unzipper)
	u.buffered.Reset(reader)
	if _, err := u.buffered.Peek(1); err != nil {
		u.release()
		return nil, err
	}
	if err := u.Reset(u.buffered); err != nil {
		u.release()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return u, nil
}

func (u *unzipper) release() {
	u.buffered.Reset(nil)
	unzippers.Put(u)
}
