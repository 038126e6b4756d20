package approute

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A Binary is a body that is not JSON, such as the image of a QR code.
type Binary struct {
	// ContentType is the media type, such as "image/png"; "application/octet-stream" when the server sent none.
	ContentType string
	// Data is the bytes.
	Data []byte
	// Response holds the facts of the answer.
	Response Response
}

// WriteTo writes the bytes to a stream.
func (b *Binary) WriteTo(stream io.Writer) (int64, error) {
	n, err := stream.Write(b.Data)
	return int64(n), err
}

// WriteFile writes the bytes to a file, which is created or replaced. They go to a new file beside it first, which then
// takes its place: a full disk leaves what was there.
func (b *Binary) WriteFile(path string) error {
	partial, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial")
	if err != nil {
		return err
	}
	_, err = partial.Write(b.Data)
	// A temporary file can be read by its owner alone, which is not what one expects of an image.
	if chmod := partial.Chmod(0o644); err == nil {
		err = chmod
	}
	if closed := partial.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		// What is left of a failed write is of no use, and the first error is the one that counts.
		_ = os.Remove(partial.Name())
	}
	return err
}

// Format prints type and length.
func (b Binary) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "Binary(%s, %d bytes)", b.ContentType, len(b.Data))
}
