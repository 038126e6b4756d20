package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/internal/wire"
)

// The headers of a delivery, in the form that http.Header keeps them.
const (
	approuteSignature = "X-Approute-Signature"
	standardID        = "Webhook-Id"
	standardTimestamp = "Webhook-Timestamp"
	standardSignature = "Webhook-Signature"
)

// Sign signs a payload as AppRoute does, for tests of a receiver: it gives all four headers of a delivery.
//
// X-Approute-Signature covers the body alone, so the body must hold its sent_at; id and time go into the headers of
// Standard Webhooks.
func Sign(payload []byte, secret, id string, at time.Time) (http.Header, error) {
	if isEmpty(secret) {
		return nil, noSecret()
	}
	key, ok := decodeSecret(secret)
	if !ok {
		return nil, noBase64()
	}
	if at.Unix() < 0 {
		return nil, configuration("the time is before 1970")
	}
	for i := range len(id) {
		if id[i] < ' ' || id[i] == 0x7f {
			return nil, configuration("the id has characters that headers cannot have")
		}
	}
	seconds := strconv.FormatInt(at.Unix(), 10)
	signed := mac(key, []byte(id+"."+seconds+"."), payload)
	return http.Header{
		approuteSignature: {"sha256=" + hex.EncodeToString(mac([]byte(secret), payload))},
		standardID:        {id},
		standardTimestamp: {seconds},
		standardSignature: {"v1," + base64.StdEncoding.EncodeToString(signed)},
	}, nil
}

// checkApproute reads sha256=<hex>[, sha256=<hex>], keyed with the secret's own bytes, and gives when the body was sent.
func (v *Verifier) checkApproute(payload []byte, list string) (time.Time, *approute.Error) {
	var given [][]byte
	for _, entry := range strings.Split(list, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(entry), "=")
		switch {
		case found && name == "sha256":
			signature, err := hex.DecodeString(value)
			if err != nil || len(signature) != sha256.Size {
				return time.Time{}, refuse(approute.WebhookMalformed)
			}
			given = append(given, signature)
		// An algorithm of the future, beside the one that is known.
		case found && name != "" && value != "":
		default:
			return time.Time{}, refuse(approute.WebhookMalformed)
		}
	}
	if len(given) == 0 {
		return time.Time{}, refuse(approute.WebhookMalformed)
	}
	matched := false
	for _, secret := range v.Secrets {
		matched = matches(mac([]byte(secret.Expose()), payload), given) || matched
	}
	if !matched {
		return time.Time{}, refuse(approute.WebhookNoMatch)
	}
	sentAt, ok := readSentAt(payload)
	if !ok {
		return time.Time{}, refuse(approute.WebhookMalformed)
	}
	return sentAt, nil
}

// matches compares with all that is given, without an early end: how long it takes must not tell which was nearly right.
func matches(expected []byte, given [][]byte) bool {
	matched := false
	for _, signature := range given {
		matched = hmac.Equal(expected, signature) || matched
	}
	return matched
}

// readSentAt gives the sent_at of a body that is known to be genuine.
func readSentAt(payload []byte) (time.Time, bool) {
	r := wire.NewReader(payload)
	// The rest of the body is not looked at here.
	r.Loose = true
	var sentAt string
	found := 0
	for r.BeginObject(); ; {
		key, ok := r.Key()
		if !ok {
			break
		}
		if string(key) == "sent_at" {
			sentAt = r.String()
			found++
		} else {
			r.Skip()
		}
	}
	if r.End() != nil || found != 1 {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, sentAt)
	return at, err == nil
}

// checkStandard reads v1,<base64>[ v1,<base64>] over id, timestamp and body, keyed with the secret's decoded base64.
func (v *Verifier) checkStandard(payload []byte, header http.Header) (time.Time, *approute.Error) {
	list, found := joined(header, standardSignature, " ")
	if !found {
		return time.Time{}, refuse(approute.WebhookNoSignature)
	}
	id, okID := single(header, standardID)
	timestamp, okTimestamp := single(header, standardTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if !okID || !okTimestamp || err != nil || strings.Trim(timestamp, "0123456789") != "" {
		return time.Time{}, refuse(approute.WebhookMalformed)
	}
	var given [][]byte
	for _, entry := range strings.Fields(list) {
		version, value, found := strings.Cut(entry, ",")
		switch {
		case found && version == "v1":
			signature, ok := decodeBase64(value)
			if !ok || len(signature) != sha256.Size {
				return time.Time{}, refuse(approute.WebhookMalformed)
			}
			given = append(given, signature)
		// v1a and what else may come, beside the one that is known.
		case found && version != "" && value != "":
		default:
			return time.Time{}, refuse(approute.WebhookMalformed)
		}
	}
	if len(given) == 0 {
		return time.Time{}, refuse(approute.WebhookMalformed)
	}
	matched := false
	for _, secret := range v.Secrets {
		key, ok := decodeSecret(secret.Expose())
		if !ok {
			return time.Time{}, noBase64()
		}
		matched = matches(mac(key, []byte(id+"."+timestamp+"."), payload), given) || matched
	}
	if !matched {
		return time.Time{}, refuse(approute.WebhookNoMatch)
	}
	return time.Unix(seconds, 0), nil
}

// joined puts all values of a header together, whatever the case of its name.
func joined(header http.Header, name, separator string) (string, bool) {
	var values []string
	for key, list := range header {
		if strings.EqualFold(key, name) {
			for _, value := range list {
				values = append(values, strings.TrimSpace(value))
			}
		}
	}
	return strings.Join(values, separator), len(values) > 0
}

// single gives a header that must be there once; repeats of the same value count as one.
func single(header http.Header, name string) (string, bool) {
	all, found := joined(header, name, "\n")
	values := strings.Split(all, "\n")
	for _, value := range values {
		if value != values[0] {
			return "", false
		}
	}
	return values[0], found && values[0] != ""
}

func mac(key []byte, parts ...[]byte) []byte {
	hash := hmac.New(sha256.New, key)
	for _, part := range parts {
		hash.Write(part)
	}
	return hash.Sum(nil)
}

func isEmpty(secret string) bool { return strings.ReplaceAll(secret, "whsec_", "") == "" }

func decodeSecret(secret string) ([]byte, bool) {
	key, ok := decodeBase64(strings.TrimPrefix(secret, "whsec_"))
	return key, ok && len(key) > 0
}

// decodeBase64 refuses line breaks, which Go's decoder skips.
func decodeBase64(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	return data, err == nil
}
