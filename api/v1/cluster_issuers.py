"""An organization's own issuer of tokens, as it is written in requests and answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from api.schemas import Instant, RequestModel, ResponseModel
from control_plane.clusters.issuer_keys import FetchKeys
from control_plane.clusters.issuers import (
    NO_ISSUER,
    IssuerChange,
    IssuerSettings,
    fetched_keys,
    issuer_settings,
    newly_fetched,
    told_issuer,
)
from control_plane.clusters.models import Cluster
from control_plane.kit.clock import Clock
from control_plane.outbound.http import URL_LENGTH_MAX
from control_plane.provisioning.engine import KEYS_BYTES_MAX, Engine

# As the broker takes them (docs/oauth-issuer.md).
ISSUER_LENGTH_MAX = 500
PRINCIPAL_CLAIM_LENGTH_MAX = 100
CLOCK_SKEW_SECONDS_MAX = 300
KEYS_COUNT_MAX = 32

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
ALGORITHMS_DEFAULT: Final[Sequence[Algorithm]] = ("RS256", "ES256")

Issuer = Annotated[
    str,
    Field(
        min_length=1,
        max_length=ISSUER_LENGTH_MAX,
        description="What the tokens' iss has to be.",
        examples=["https://login.example.com/realms/mill"],
    ),
]
Audience = Annotated[
    str,
    Field(
        min_length=1,
        max_length=ISSUER_LENGTH_MAX,
        description="What the tokens' aud has to be, or to have among others.",
        examples=["kafka"],
    ),
]
JwksUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=URL_LENGTH_MAX,
        description="Where the issuer publishes its keys: https, at a public address.",
        examples=["https://login.example.com/realms/mill/protocol/openid-connect/certs"],
    ),
]
PrincipalClaim = Annotated[
    str,
    Field(
        min_length=1,
        max_length=PRINCIPAL_CLAIM_LENGTH_MAX,
        description="The claim whose text makes the principal User:oauth:<text>.",
        examples=["sub"],
    ),
]
Algorithms = Annotated[
    list[Algorithm], Field(min_length=1, max_length=9, description="How tokens may be signed.")
]
ClockSkewSeconds = Annotated[int, Field(ge=0, le=CLOCK_SKEW_SECONDS_MAX)]


class Jwks(RequestModel):
    """A set of public keys (RFC 7517), as issuers publish it."""

    keys: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=KEYS_COUNT_MAX)]


class OAuthIssuerUpdate(RequestModel):
    """An issuer whose clients come in by a listener of their own; replaced as a whole."""

    mode: Annotated[Literal["on", "off"], Field(description="off: no such listener.")] = "on"
    issuer: Issuer | None = None
    audience: Audience | None = None
    jwks_url: JwksUrl | None = None
    jwks: Annotated[
        Jwks | None, Field(description="The keys themselves, where there is no URL for them.")
    ] = None
    principal_claim: PrincipalClaim = "sub"
    algorithms: Algorithms = Field(default_factory=lambda: list(ALGORITHMS_DEFAULT))
    clock_skew_seconds: ClockSkewSeconds = 30

    @model_validator(mode="after")
    def _has_what_the_mode_needs(self) -> Self:
        if self.mode == "off":
            if self.model_fields_set != {"mode"}:
                raise ValueError("off takes nothing else: leave it out")
            return self
        if self.issuer is None or self.audience is None:
            raise ValueError("issuer and audience expected: whose tokens, and for whom")
        if (self.jwks_url is None) == (self.jwks is None):
            raise ValueError("one of jwks_url and jwks expected: where its keys are, or they")
        if self.jwks is not None and len(self.jwks.model_dump_json()) > KEYS_BYTES_MAX:
            raise ValueError(f"jwks has at most {KEYS_BYTES_MAX} bytes")
        return self

    def wanted(
        self, engine: Engine, fetch_keys: FetchKeys, clock: Clock
    ) -> IssuerChange | Literal["off"]:
        """Return what is asked for, its keys fetched and all of it checked by the engine.

        Raises IssuerKeysUnavailableError, OAuthIssuerInvalidError or OAuthIssuerNotOfferedError.
        """
        if self.issuer is None or self.audience is None:
            return NO_ISSUER
        settings = IssuerSettings(
            issuer=self.issuer,
            audience=self.audience,
            jwks_url=self.jwks_url,
            keys=None if self.jwks is None else self.jwks.keys,
            principal_claim=self.principal_claim,
            algorithms=self.algorithms,
            clock_skew_seconds=self.clock_skew_seconds,
        )
        fetched = None
        if self.jwks_url is not None:
            fetched = newly_fetched(fetch_keys(self.jwks_url), clock.now())
        engine.check_oauth_issuer(told_issuer(settings, fetched))
        return IssuerChange(settings, fetched)


class OAuthIssuerResponse(ResponseModel):
    """The issuer whose clients come in by the endpoint `oauth`."""

    issuer: Issuer
    audience: Audience
    jwks_url: JwksUrl | None
    principal_claim: PrincipalClaim
    algorithms: Algorithms
    clock_skew_seconds: ClockSkewSeconds
    key_ids: Annotated[
        list[str | None], Field(description="The kid of each key that is trusted now.")
    ]
    keys_fetched_at: Annotated[Instant | None, Field(description="None for keys given as jwks.")]
    keys_good_until: Annotated[
        Instant | None,
        Field(description="When the keys end unless they are fetched before; None for jwks."),
    ]
    keys_problem: Annotated[
        str | None, Field(description="Why they could not be fetched when last tried.")
    ]


def oauth_issuer_response(cluster: Cluster) -> OAuthIssuerResponse | None:
    """Render a cluster's issuer of tokens, None where it trusts none."""
    settings = issuer_settings(cluster)
    if settings is None:
        return None
    fetched = fetched_keys(cluster)
    keys = settings.keys if fetched is None else fetched.keys
    kids = [key.get("kid") for key in keys or ()]
    return OAuthIssuerResponse.model_validate(
        {
            "issuer": settings.issuer,
            "audience": settings.audience,
            "jwks_url": settings.jwks_url,
            "principal_claim": settings.principal_claim,
            "algorithms": list(settings.algorithms),
            "clock_skew_seconds": settings.clock_skew_seconds,
            "key_ids": [kid if isinstance(kid, str) else None for kid in kids],
            "keys_fetched_at": None if fetched is None else fetched.fetched_at,
            "keys_good_until": None if fetched is None else fetched.told_until,
            "keys_problem": None if fetched is None else fetched.problem,
        }
    )
