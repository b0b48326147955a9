"""Identifiers: a prefix that names the kind of thing, then random characters nobody can guess."""

import secrets

BASE32_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u to misread
BASE62_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

ID_LENGTH = 16


def random_text(alphabet: str, length: int) -> str:
    """Return `length` characters drawn evenly from `alphabet`."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def new_id(prefix: str, length: int = ID_LENGTH) -> str:
    """Return a fresh identifier such as `lkc_4q8x0n1w2e3r5t6y` (80 random bits by default)."""
    return f"{prefix}_{random_text(BASE32_ALPHABET, length)}"
