"""Keys of an organization's own issuer: fetched again and again, and told to brokers when new."""

from datetime import timedelta
from typing import Any

import pytest

from control_plane.clusters.changes import Held
from control_plane.clusters.errors import IssuerKeysUnavailableError
from control_plane.clusters.issuer_keys import REFRESH_AFTER, fetch_keys
from control_plane.clusters.issuers import (
    KEYS_GOOD_FOR,
    KEYS_TOLD_AFTER,
    NO_ISSUER,
    IssuerChange,
    IssuerSettings,
    fetched_keys,
    newly_fetched,
)
from control_plane.clusters.lifecycle import ClusterPatch
from control_plane.clusters.models import Cluster
from control_plane.clusters.tasks import ISSUERS_JOB
from control_plane.kit.jobs import RECURRING_KEY, enqueue
from control_plane.outbound.http import OutboundHttp
from control_plane.provisioning.engine import KEYS_BYTES_MAX, OAuthIssuer
from tests.fixtures.identity_provider import AUDIENCE, IdentityProvider
from tests.fixtures.planes import Plane

PRIVATE = OutboundHttp(allows_private=True)
NOTHING = Held(partitions=0, stored_bytes=0)


@pytest.fixture
def plane(sqlite_plane: Plane) -> Plane:
    return sqlite_plane


@pytest.fixture
def cluster(plane: Plane, identity_provider: IdentityProvider) -> Cluster:
    """A cluster that trusts the provider."""
    made = plane.running(plane.organization())
    return trust(plane, made, identity_provider)


def trust(plane: Plane, cluster: Cluster, provider: IdentityProvider, **changes: Any) -> Cluster:
    wanted: dict[str, Any] = {
        "issuer": provider.url,
        "audience": AUDIENCE,
        "jwks_url": provider.jwks_url,
        "keys": None,
        "principal_claim": "sub",
        "algorithms": ["ES256"],
        "clock_skew_seconds": 30,
    }
    settings = IssuerSettings(**{**wanted, **changes})
    fetched = newly_fetched(provider.jwks()["keys"], plane.clock.now())
    return update(plane, cluster, IssuerChange(settings, fetched))


def update(plane: Plane, cluster: Cluster, wanted: Any) -> Cluster:
    patch = ClusterPatch(oauth_issuer=wanted)
    return plane.changed(cluster, "update", patch=patch, expected_tag=None, held=NOTHING)


def refresh(plane: Plane, after: timedelta = REFRESH_AFTER) -> None:
    """Let time pass, and do what is due then."""
    plane.clock.advance(after.total_seconds())
    with plane.core.database.transaction() as session:
        enqueue(session, ISSUERS_JOB, RECURRING_KEY, now=plane.clock.now())
    plane.run_jobs()


def told(plane: Plane, cluster: Cluster) -> OAuthIssuer:
    """What brokers know of the issuer."""
    issuer = plane.engine.credentials[cluster.id].oauth_issuer
    assert issuer is not None
    return issuer


def key_ids(plane: Plane, cluster: Cluster) -> list[str]:
    return [key["kid"] for key in told(plane, cluster).keys]


class TestTrust:
    def test_begins_and_ends_with_a_listener(self, plane: Plane, cluster: Cluster) -> None:
        assert plane.engine.specs[cluster.id].takes_issued_tokens
        assert cluster.kafka_oauth is not None
        assert key_ids(plane, cluster) == ["k1"]
        ended = update(plane, cluster, NO_ISSUER)
        assert not plane.engine.specs[cluster.id].takes_issued_tokens
        assert ended.kafka_oauth is None
        assert ended.issuer_keys is None
        assert plane.engine.credentials[cluster.id].oauth_issuer is None

    def test_in_another_issuer_starts_no_broker(
        self, plane: Plane, cluster: Cluster, identity_provider: IdentityProvider
    ) -> None:
        plane.engine.calls.clear()
        trust(plane, cluster, identity_provider, audience="other")
        assert plane.engine.calls == ["apply_credentials"]
        assert told(plane, cluster).audience == "other"


class TestRefresh:
    def test_tells_brokers_of_new_keys(
        self, plane: Plane, cluster: Cluster, identity_provider: IdentityProvider
    ) -> None:
        identity_provider.rotate()
        plane.engine.calls.clear()
        refresh(plane, REFRESH_AFTER - timedelta(seconds=1))
        assert key_ids(plane, cluster) == ["k1"], "not due yet"
        refresh(plane, timedelta(seconds=1))
        assert key_ids(plane, cluster) == ["k1", "k2"]
        assert plane.engine.calls == ["apply_credentials"], "no broker is started anew"

    def test_of_the_same_keys_tells_brokers_of_a_later_end_now_and_then(
        self, plane: Plane, cluster: Cluster
    ) -> None:
        generation = plane.reload(cluster).credentials_generation
        ends = told(plane, cluster).keys_good_until_ms
        assert ends == int((plane.clock.now() + KEYS_GOOD_FOR).timestamp() * 1000)
        refresh(plane)
        assert plane.reload(cluster).credentials_generation == generation
        assert told(plane, cluster).keys_good_until_ms == ends
        refresh(plane, KEYS_TOLD_AFTER - REFRESH_AFTER)
        assert plane.reload(cluster).credentials_generation == generation + 1
        later = told(plane, cluster).keys_good_until_ms
        assert later == int((plane.clock.now() + KEYS_GOOD_FOR).timestamp() * 1000)

    def test_that_fails_leaves_the_keys_as_they_are_and_says_why(
        self, plane: Plane, cluster: Cluster, identity_provider: IdentityProvider
    ) -> None:
        ends = told(plane, cluster).keys_good_until_ms
        identity_provider.answer = (503, {}, b"")
        for _ in range(3):
            refresh(plane, timedelta(hours=6))
        kept = fetched_keys(plane.reload(cluster))
        assert kept is not None
        assert "status 503" in (kept.problem or "")
        assert (key_ids(plane, cluster), told(plane, cluster).keys_good_until_ms) == (["k1"], ends)
        identity_provider.answer = None
        refresh(plane)
        kept = fetched_keys(plane.reload(cluster))
        assert kept is not None
        assert kept.problem is None
        assert (told(plane, cluster).keys_good_until_ms or 0) > (ends or 0)

    def test_takes_no_keys_that_brokers_would_refuse(
        self, plane: Plane, cluster: Cluster, identity_provider: IdentityProvider
    ) -> None:
        identity_provider.retire("k1")
        refresh(plane)
        kept = fetched_keys(plane.reload(cluster))
        assert kept is not None
        assert "no key" in (kept.problem or "")
        assert key_ids(plane, cluster) == ["k1"]

    def test_of_written_down_keys_never_happens(
        self, plane: Plane, identity_provider: IdentityProvider
    ) -> None:
        made = plane.running(plane.organization())
        settings = IssuerSettings(
            identity_provider.url,
            AUDIENCE,
            jwks_url=None,
            keys=identity_provider.jwks()["keys"],
            principal_claim="sub",
            algorithms=["ES256"],
            clock_skew_seconds=30,
        )
        update(plane, made, IssuerChange(settings, None))
        refresh(plane)
        assert identity_provider.asked == 0
        assert told(plane, made).keys_good_until_ms is None


class TestFetchKeys:
    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": [7]}', b"[" * 20_000, b"\xff"]
    )
    def test_refuses_what_is_no_jwks(
        self, identity_provider: IdentityProvider, body: bytes
    ) -> None:
        identity_provider.answer = (200, {}, body)
        with pytest.raises(IssuerKeysUnavailableError):
            fetch_keys(PRIVATE, identity_provider.jwks_url)

    def test_is_limited_in_length(self, identity_provider: IdentityProvider) -> None:
        for length, is_taken in ((KEYS_BYTES_MAX, True), (KEYS_BYTES_MAX + 1, False)):
            identity_provider.answer = (200, {}, b'{"keys": []}'.ljust(length))
            if is_taken:
                assert fetch_keys(PRIVATE, identity_provider.jwks_url) == []
            else:
                with pytest.raises(IssuerKeysUnavailableError, match="more than"):
                    fetch_keys(PRIVATE, identity_provider.jwks_url)

    def test_goes_to_no_private_address_unless_allowed(
        self, identity_provider: IdentityProvider
    ) -> None:
        strict = OutboundHttp(allows_private=False)
        for url in (identity_provider.jwks_url, identity_provider.jwks_url.replace("p:", "ps:")):
            with pytest.raises(IssuerKeysUnavailableError, match=r"https|not public"):
                fetch_keys(strict, url)
        assert identity_provider.asked == 0

    def test_follows_no_redirect(self, identity_provider: IdentityProvider) -> None:
        identity_provider.answer = (302, {"Location": identity_provider.jwks_url}, b"")
        with pytest.raises(IssuerKeysUnavailableError, match="status 302"):
            fetch_keys(PRIVATE, identity_provider.jwks_url)
        assert identity_provider.asked == 1
