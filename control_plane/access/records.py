"""Turns the keys of an organization into the credentials that a broker is given. Pure."""

import base64
from collections.abc import Sequence

from control_plane.identity.secrets import ScramVerifier
from control_plane.identity.service import ClusterCredential
from control_plane.provisioning.engine import (
    ClusterOpenness,
    CredentialRecord,
    CredentialSet,
    OAuthIssuer,
    ScramCredential,
    ScramProof,
)

EVERYBODY = ClusterOpenness()


def credential_set(
    generation: int,
    keys: Sequence[ClusterCredential],
    openness: ClusterOpenness = EVERYBODY,
    oauth_issuer: OAuthIssuer | None = None,
) -> CredentialSet:
    return CredentialSet(generation, tuple(_record(key) for key in keys), openness, oauth_issuer)


def _record(key: ClusterCredential) -> CredentialRecord:
    record: CredentialRecord = {
        "username": key.username,
        "principal": f"User:{key.username}",
        "plain": {"salt": _base64(key.hmac_salt), "hmac_sha256": _base64(key.secret_hmac)},
        "scram_sha_256": _scram(key.scram_sha_256),
        "scram_sha_512": _scram(key.scram_sha_512),
    }
    if key.previous is not None:
        record["previous"] = {
            "plain": {"hmac_sha256": _base64(key.previous.secret_hmac)},
            "scram_sha_256": _proof(key.previous.scram_sha_256),
            "scram_sha_512": _proof(key.previous.scram_sha_512),
        }
    if key.bounds is not None:
        record["bounds"] = key.bounds.to_json()
    return record


def _scram(verifier: ScramVerifier) -> ScramCredential:
    salt, iterations = _base64(verifier.salt), verifier.iterations
    return {"salt": salt, "iterations": iterations, **_proof(verifier)}


def _proof(verifier: ScramVerifier) -> ScramProof:
    return {
        "stored_key": _base64(verifier.stored_key),
        "server_key": _base64(verifier.server_key),
    }


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
