"""An organization's own issuer of tokens: as it is kept in a cluster's row, and told to brokers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from control_plane.clusters.models import Cluster
from control_plane.provisioning.engine import OAuthIssuer

# How long keys that were fetched are good while their issuer can not be asked, and how much of
# that is used up before brokers are told of a later end: telling them costs a publication.
KEYS_GOOD_FOR = timedelta(hours=24)
KEYS_TOLD_AFTER = timedelta(hours=1)

NO_ISSUER: Final = "off"

Keys = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """Whose tokens a cluster takes. Its keys are at a URL, or written down here (JWKs)."""

    issuer: str
    audience: str
    jwks_url: str | None
    keys: Keys | None
    principal_claim: str
    algorithms: Sequence[str]
    clock_skew_seconds: int


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """Keys as an issuer last published them, when that was, and why it is not newer.

    Brokers were told that they are good until `told_until`.
    """

    keys: Keys
    fetched_at: datetime
    told_until: datetime
    tried_at: datetime
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class IssuerChange:
    """An issuer that its engine has checked, with the keys that were fetched from its URL."""

    settings: IssuerSettings
    fetched: FetchedKeys | None


def newly_fetched(keys: Keys, now: datetime) -> FetchedKeys:
    """Return keys that were fetched just now."""
    return FetchedKeys(keys, fetched_at=now, told_until=now + KEYS_GOOD_FOR, tried_at=now)


def is_worth_telling(kept: FetchedKeys, keys: Keys, now: datetime) -> bool:
    """Tell whether brokers have to hear of these keys: they are others, or good for longer."""
    is_other = list(keys) != list(kept.keys)
    return is_other or now + KEYS_GOOD_FOR >= kept.told_until + KEYS_TOLD_AFTER


def issuer_settings(cluster: Cluster) -> IssuerSettings | None:
    """Return the issuer that a cluster is to trust, None where it trusts none."""
    row = cluster.oauth_issuer
    return None if row is None else IssuerSettings(**row)


def fetched_keys(cluster: Cluster) -> FetchedKeys | None:
    """Return what was fetched for a cluster, None where keys are written down or there are none."""
    row = cluster.issuer_keys
    if row is None:
        return None
    moments = {name: datetime.fromisoformat(row[name]) for name in _MOMENTS}
    return FetchedKeys(keys=row["keys"], problem=row["problem"], **moments)


def settings_row(settings: IssuerSettings | None) -> dict[str, Any] | None:
    """Return what the column holds for it."""
    return None if settings is None else {**asdict(settings), "algorithms": [*settings.algorithms]}


def keys_row(fetched: FetchedKeys | None) -> dict[str, Any] | None:
    """Return what the column holds for it."""
    if fetched is None:
        return None
    moments = {name: getattr(fetched, name).astimezone(UTC).isoformat() for name in _MOMENTS}
    return {"keys": [*fetched.keys], "problem": fetched.problem, **moments}


def told_issuer(settings: IssuerSettings, fetched: FetchedKeys | None) -> OAuthIssuer:
    """Return what brokers are told of an issuer."""
    keys = settings.keys if fetched is None else fetched.keys
    assert keys is not None, "keys are written down, or fetched before anything is"
    until = None if fetched is None else int(fetched.told_until.timestamp() * 1000)
    return OAuthIssuer(
        issuer=settings.issuer,
        audience=settings.audience,
        principal_claim=settings.principal_claim,
        algorithms=tuple(settings.algorithms),
        clock_skew_seconds=settings.clock_skew_seconds,
        keys=tuple(keys),
        keys_good_until_ms=until,
    )


def issuer_of(cluster: Cluster) -> OAuthIssuer | None:
    """Return what the brokers of a cluster are told."""
    settings = issuer_settings(cluster)
    return None if settings is None else told_issuer(settings, fetched_keys(cluster))


_MOMENTS = ("fetched_at", "told_until", "tried_at")
