package secrets

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
)

// Of docs/api-keys.md, and of the service's own tests.
var examples = []string{
	"hrs_0123456789abcdef_" + strings.Repeat("0", randomLength) + "_1dKB64",
	"hrs_0123456789abcdef_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg_1HiPKt",
}

func TestWhatIsDocumentedIsWellFormed(t *testing.T) {
	for _, example := range examples {
		if id, err := KeyID(example); err != nil || id != "hk_0123456789abcdef" {
			t.Errorf("%s: %q %v", example, id, err)
		}
	}
}

func TestWhatIsDrawnIsWellFormedAndNeverTheSame(t *testing.T) {
	drawn := map[string]bool{}
	for range 200 {
		secret, err := New(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		id, err := KeyID(secret)
		if err != nil || !strings.Contains(secret, strings.TrimPrefix(id, keyIDPrefix)) {
			t.Errorf("%q %v", id, err)
		}
		drawn[secret] = true
	}
	if len(drawn) != 200 {
		t.Errorf("%d of 200 differ", len(drawn))
	}
}

func TestWhatIsNoSecretIsTold(t *testing.T) {
	good := examples[1]
	for _, text := range []string{
		"", "password", good + "0", good + "\n", " " + good, good[:len(good)-1],
		strings.Replace(good, "hrs_", "hk_", 1),
		strings.Replace(good, "abcdef_", "abcdel_", 1),
		strings.Replace(good, "g_", "f_", 1),
	} {
		if id, err := KeyID(text); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q is taken for a secret of %q", text, id)
		}
	}
}

func TestCharactersAreDrawnEvenly(t *testing.T) {
	// Every byte once: each character as often as any other, and the bytes that are over passed over.
	every := make([]byte, byteValues)
	for value := range every {
		every[value] = byte(value)
	}
	for _, alphabet := range []string{base32, base62} {
		whole := byteValues / len(alphabet)
		drawn, err := draw(bytes.NewReader(every), alphabet, whole*len(alphabet))
		if err != nil {
			t.Fatal(err)
		}
		for _, character := range alphabet {
			if count := strings.Count(drawn, string(character)); count != whole {
				t.Errorf("%c was drawn %d times, not %d", character, count, whole)
			}
		}
	}
}

func TestASourceThatEndsIsAnError(t *testing.T) {
	for length := range 2 * randomBlockBytes {
		if secret, err := New(bytes.NewReader(make([]byte, length))); err == nil {
			t.Errorf("%d bytes gave %s", length, secret)
		}
	}
}
