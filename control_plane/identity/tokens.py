"""Short-lived tokens (ES256 JWTs) by which the control plane and the gateway reach brokers.

A broker verifies them offline with the JWKS (docs/broker-process.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.identity.models import Installation, SigningKey
from control_plane.kit.clock import Clock
from control_plane.kit.ids import new_id
from control_plane.kit.secrets import INSTALLATION_OWNER, SecretPlace, Vault

TOKEN_SECONDS = 600  # brokers refuse more than 15 minutes
ALGORITHM = "ES256"
CONTROL_PLANE_SUBJECT = "control-plane"


@dataclass(frozen=True)
class SignedToken:
    """A token in compact form, and when it ends."""

    value: str
    expires_at: datetime


class TokenSigner:
    """Signs tokens with this installation's key."""

    def __init__(self, key: ECKey, issuer: str, clock: Clock) -> None:
        self._key = key
        self._issuer = issuer
        self._clock = clock

    @property
    def issuer(self) -> str:
        return self._issuer

    def sign(self, subject: str, cluster_id: str) -> SignedToken:
        """Let `subject` (an `hk_...`, `u_...` or `control-plane`) act on one cluster."""
        now = self._clock.now()
        expires_at = (now + timedelta(seconds=TOKEN_SECONDS)).replace(microsecond=0)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": cluster_id,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": new_id("tok"),
        }
        header = {"alg": ALGORITHM, "kid": self._key.kid}
        return SignedToken(jwt.encode(header, claims, self._key, [ALGORITHM]), expires_at)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as brokers read them."""
        return {"keys": [_public_jwk(self._key)]}


def load_signer(session: Session, vault: Vault, clock: Clock) -> TokenSigner:
    """Load this installation's signer, making its id and key on the first start."""
    installation = session.scalars(select(Installation)).one_or_none()
    if installation is None:
        installation = Installation(id=new_id("in"), created_at=clock.now())
        session.add(installation)
    row = session.scalars(
        select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at)
    ).first()
    key = _create_key(session, vault, clock) if row is None else _open_key(session, vault, row)
    return TokenSigner(key, f"headrace:{installation.id}", clock)


def _create_key(session: Session, vault: Vault, clock: Clock) -> ECKey:
    key_id = new_id("sk")
    key = ECKey.generate_key("P-256", {"kid": key_id, "alg": ALGORITHM, "use": "sig"})
    sealed = vault.seal(session, _place(key_id), key.as_pem(private=True))
    session.add(SigningKey(id=key_id, private_sealed=sealed, created_at=clock.now()))
    session.flush()
    return key


def _open_key(session: Session, vault: Vault, row: SigningKey) -> ECKey:
    pem = vault.open(session, _place(row.id), row.private_sealed)
    return ECKey.import_key(pem, {"kid": row.id, "alg": ALGORITHM, "use": "sig"})


def _place(key_id: str) -> SecretPlace:
    return SecretPlace(INSTALLATION_OWNER, SigningKey.__tablename__, key_id, "private_sealed")


def _public_jwk(key: ECKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))
