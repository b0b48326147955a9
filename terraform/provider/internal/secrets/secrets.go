// Package secrets draws secrets of API keys and tells well-formed ones, as docs/api-keys.md describes them:
// hrs_, 16 characters of base 32 that name the key, 43 of base 62 that hold 256 random bits, a checksum.
package secrets

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strings"
)

const (
	base32           = "0123456789abcdefghjkmnpqrstvwxyz"
	base62           = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	prefix           = "hrs_"
	keyIDPrefix      = "hk_"
	idPartLength     = 16
	randomLength     = 43
	checksumLength   = 6
	byteValues       = 256
	randomBlockBytes = 64
)

var form = regexp.MustCompile(fmt.Sprintf(
	`^%s([%s]{%d})_[0-9A-Za-z]{%d}_[0-9A-Za-z]{%d}$`, prefix, base32, idPartLength, randomLength, checksumLength,
))

// ErrMalformed says that a text is no secret of an API key. It quotes nothing of it.
var ErrMalformed = errors.New("it is no secret of an API key: hrs_<16>_<43>_<6 characters of checksum> is expected")

// New draws a secret from a cryptographic source.
func New(random io.Reader) (string, error) {
	idPart, err := draw(random, base32, idPartLength)
	if err != nil {
		return "", err
	}
	randomPart, err := draw(random, base62, randomLength)
	if err != nil {
		return "", err
	}
	body := prefix + idPart + "_" + randomPart + "_"
	return body + checksum(body), nil
}

// KeyID returns the id of the key that a secret is of; ErrMalformed for what is none.
func KeyID(secret string) (string, error) {
	matched := form.FindStringSubmatch(secret)
	if matched == nil {
		return "", ErrMalformed
	}
	body := secret[:len(secret)-checksumLength]
	if checksum(body) != secret[len(body):] {
		return "", ErrMalformed
	}
	return keyIDPrefix + matched[1], nil
}

// draw returns characters drawn evenly: bytes beyond the last whole multiple of the alphabet's length are
// passed over.
func draw(random io.Reader, alphabet string, length int) (string, error) {
	limit := byteValues - byteValues%len(alphabet)
	block := make([]byte, randomBlockBytes)
	var drawn strings.Builder
	for {
		if _, err := io.ReadFull(random, block); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		for _, value := range block {
			if int(value) >= limit {
				continue
			}
			drawn.WriteByte(alphabet[int(value)%len(alphabet)])
			if drawn.Len() == length {
				return drawn.String(), nil
			}
		}
	}
}

func checksum(body string) string {
	number := crc32.ChecksumIEEE([]byte(body))
	digits := make([]byte, checksumLength)
	for at := checksumLength - 1; at >= 0; at-- {
		digits[at] = base62[number%uint32(len(base62))]
		number /= uint32(len(base62))
	}
	return string(digits)
}
