"""Signatures of webhooks as Standard Webhooks 1.0 has them (standardwebhooks.com). Pure.

What is signed is `id.timestamp.body` with HMAC-SHA256; while a secret is being replaced a message
carries the signatures of both, separated by a space.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin is no secret
SECRET_BYTES = 32
SIGNATURE_VERSION = "v1"

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"


def new_secret() -> str:
    """Return a fresh secret in the form in which receivers keep it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signing_headers(
    message_id: str, timestamp: int, body: bytes, secrets_in_force: Sequence[str]
) -> dict[str, str]:
    """Return the three headers of a message, with one signature for each secret.

    `timestamp` is in whole seconds since 1970.
    """
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signatures = [
        f"{SIGNATURE_VERSION},{base64.b64encode(_mac(secret, signed)).decode()}"
        for secret in secrets_in_force
    ]
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(signatures),
    }


def _mac(secret: str, signed: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return hmac.digest(key, signed, hashlib.sha256)
