import json
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select

from control_plane.identity.models import SigningKey
from control_plane.identity.tokens import load_signer
from control_plane.kit.secrets import MasterKey, SealedValueError, Vault
from tests.fixtures.clocks import ManualClock
from tests.fixtures.service import Service


class TestSign:
    def test_says_who_may_act_where_and_until_when(
        self, service: Service, clock: ManualClock
    ) -> None:
        signer = service.core.signer
        token = signer.sign("hk_one", "lkc_one")
        decoded = jwt.decode(
            token.value, KeySet.import_key_set(cast("Any", signer.jwks())), algorithms=["ES256"]
        )
        claims = decoded.claims
        assert claims["iss"] == signer.issuer
        assert claims["aud"] == "lkc_one"
        assert claims["sub"] == "hk_one"
        assert claims["iat"] == int(clock.now().timestamp())
        assert claims["exp"] == int(token.expires_at.timestamp())
        assert 0 < claims["exp"] - claims["iat"] <= 15 * 60
        assert decoded.header["alg"] == "ES256"
        assert decoded.header["kid"] == signer.jwks()["keys"][0]["kid"]

    def test_no_two_tokens_are_alike(self, service: Service) -> None:
        tokens = {service.core.signer.sign("hk_one", "lkc_one").value for _ in range(20)}
        assert len(tokens) == 20

    def test_another_key_does_not_verify(self, service: Service) -> None:
        signer = service.core.signer
        other = ECKey.generate_key("P-256", {"kid": signer.jwks()["keys"][0]["kid"]})
        with pytest.raises(BadSignatureError):
            jwt.decode(
                signer.sign("hk_one", "lkc_one").value, KeySet([other]), algorithms=["ES256"]
            )


class TestKeys:
    def test_jwks_holds_public_parts_alone(self, service: Service) -> None:
        (key,) = service.core.signer.jwks()["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
        json.dumps(key)

    def test_a_restart_finds_the_same_key_and_issuer(
        self, service: Service, clock: ManualClock
    ) -> None:
        with service.core.database.transaction() as session:
            again = load_signer(session, service.core.vault, clock)
        assert again.jwks() == service.core.signer.jwks()
        assert again.issuer == service.core.signer.issuer

    def test_the_private_key_is_sealed(self, service: Service, clock: ManualClock) -> None:
        with service.core.database.transaction() as session:
            row = session.scalars(select(SigningKey)).one()
            assert b"PRIVATE KEY" not in row.private_sealed
            stolen = Vault(MasterKey(b"x" * 32), clock)
            with pytest.raises(SealedValueError):
                load_signer(session, stolen, clock)
