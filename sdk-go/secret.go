package approute

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

const redacted = "[redacted]"

// A Secret is a string that never prints itself: a webhook's secret, a link's password, a confirmation's token.
//
// However it is formatted or logged, it shows as "[redacted]"; [Secret.Expose] gives the value. Only JSON holds it, since
// that is how it is sent.
type Secret struct {
	// A pointer, because fmt calls no methods on what it finds in unexported fields of other structs, and prints a
	// string there as it is, but a pointer as an address.
	value *string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Expose gives the value itself. Take care where it goes.
func (s Secret) Expose() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal says whether both hold the same value.
func (s Secret) Equal(other Secret) bool { return s.Expose() == other.Expose() }

// IsZero says whether it is empty.
func (s Secret) IsZero() bool { return s.Expose() == "" }

// String gives "[redacted]".
func (s Secret) String() string { return redacted }

// GoString gives "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue gives "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON writes the value itself.
func (s Secret) MarshalJSON() ([]byte, error) { return marshal(s.Expose()) }

// UnmarshalJSON reads a string.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var value string
	if err := unmarshal(data, &value); err != nil {
		return err
	}
	*s = NewSecret(value)
	return nil
}

// isHiddenHeader says whether a header's value must not reach a log, an error or a hook.
func isHiddenHeader(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "authorization", "proxy-authorization", "approute-confirmation", "cookie", "set-cookie",
		"x-approute-signature", "webhook-signature":
		return true
	}
	for _, part := range []string{"token", "secret", "password", "api-key", "api_key"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// shownHeader copies a header without what must not be shown.
func shownHeader(header http.Header) http.Header {
	shown := make(http.Header, len(header))
	for name, values := range header {
		if !isHiddenHeader(name) {
			shown[name] = append([]string(nil), values...)
		}
	}
	return shown
}

// hide takes the API key out of a text, should a server or a proxy have repeated it.
func hide(text, key string) string {
	if key == "" {
		return text
	}
	return strings.ReplaceAll(text, key, redacted)
}
