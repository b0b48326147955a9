"""The secret of an API key: its form, its checksum, and the verifiers made from it. Pure.

A secret reads `hrs_<16 base32>_<43 base62>_<6 base62>`: the id part of its key, 256 random bits,
and a CRC-32 of all before it, so that scanners recognise a leaked one and a mistyped one is
refused without a look-up. The checksum's number stands in base62, most significant digit first.
Callers may bring a secret of their own; docs/api-keys.md has the form with an example.
"""

import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass

from control_plane.kit.ids import BASE32_ALPHABET, BASE62_ALPHABET, random_text

KEY_ID_PREFIX = "hk_"
SECRET_PREFIX = "hrs_"  # noqa: S105 - the prefix of every secret, not one of them
ID_PART_LENGTH = 16
RANDOM_LENGTH = 43
CHECKSUM_LENGTH = 6
# Of 43 evenly drawn characters fewer than 16 differ once in 8 million million times.
RANDOM_DISTINCT_MIN = 16
SALT_BYTES = 32
SCRAM_ITERATIONS = 8192
SCRAM_MECHANISMS = ("sha256", "sha512")

_SECRET = re.compile(
    rf"hrs_([{BASE32_ALPHABET}]{{{ID_PART_LENGTH}}})"
    rf"_([0-9A-Za-z]{{{RANDOM_LENGTH}}})_[0-9A-Za-z]{{{CHECKSUM_LENGTH}}}"
)


@dataclass(frozen=True)
class ScramVerifier:
    """StoredKey and ServerKey of RFC 5802 with the salt and iterations they were made with."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


def new_secret() -> tuple[str, str]:
    """Return the id of a new key and its secret."""
    key_id = KEY_ID_PREFIX + random_text(BASE32_ALPHABET, ID_PART_LENGTH)
    return key_id, new_secret_of(key_id)


def new_secret_of(key_id: str) -> str:
    """Draw another secret for a key."""
    id_part = key_id.removeprefix(KEY_ID_PREFIX)
    body = f"{SECRET_PREFIX}{id_part}_{random_text(BASE62_ALPHABET, RANDOM_LENGTH)}_"
    return body + _checksum(body)


def key_id_of(secret: str) -> str | None:
    """Return the id of the key that `secret` claims to be of, None if it is no secret at all."""
    matched = _SECRET.fullmatch(secret)
    if matched is None:
        return None
    body, checksum = secret[:-CHECKSUM_LENGTH], secret[-CHECKSUM_LENGTH:]
    return KEY_ID_PREFIX + matched[1] if checksum == _checksum(body) else None


def weakness_of(secret: str) -> str | None:
    """Say why `secret` is not taken from a caller, None if it is; the reason quotes nothing of it.

    Randomness is judged by form alone: 43 characters of 62 have room for 256 bits, and what was
    plainly not drawn at random, such as a repeated character, is told apart.
    """
    matched = _SECRET.fullmatch(secret)
    if matched is None:
        return (
            f"it does not read {SECRET_PREFIX}<{ID_PART_LENGTH} of {BASE32_ALPHABET}>"
            f"_<{RANDOM_LENGTH} letters and digits>_<{CHECKSUM_LENGTH} letters and digits>"
        )
    if key_id_of(secret) is None:
        return f"its last {CHECKSUM_LENGTH} characters are not the checksum of those before"
    if len(set(matched[2])) < RANDOM_DISTINCT_MIN:
        return f"fewer than {RANDOM_DISTINCT_MIN} characters of its random part differ"
    return None


def secret_hmac(salt: bytes, secret: str) -> bytes:
    """HMAC-SHA256 keyed by the key's own salt: 256 random bits need no slow hash."""
    return hmac.digest(salt, secret.encode(), "sha256")


def salted_password(mechanism: str, secret: str, salt: bytes) -> bytes:
    """Hi() of RFC 5802 with `SCRAM_ITERATIONS`; `mechanism` is sha256 or sha512.

    Secrets are ASCII, so SASLprep is the identity.
    """
    return hashlib.pbkdf2_hmac(mechanism, secret.encode(), salt, SCRAM_ITERATIONS)


def scram_verifier(mechanism: str, salt: bytes, salted: bytes) -> ScramVerifier:
    """Derive what a broker checks with from the salted password (RFC 5802 section 3)."""
    client_key = hmac.digest(salted, b"Client Key", mechanism)
    return ScramVerifier(
        salt=salt,
        iterations=SCRAM_ITERATIONS,
        stored_key=hashlib.new(mechanism, client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", mechanism),
    )


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits: list[str] = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(BASE62_ALPHABET))
        digits.append(BASE62_ALPHABET[digit])
    return "".join(reversed(digits))
