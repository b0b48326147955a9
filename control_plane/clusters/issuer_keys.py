"""Fetches the keys of organizations' own issuers, at once and again and again."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import structlog
from prometheus_client import Counter

from control_plane.clusters import repository
from control_plane.clusters.errors import IssuerKeysUnavailableError
from control_plane.clusters.issuers import (
    Keys,
    fetched_keys,
    is_worth_telling,
    issuer_settings,
    keys_row,
    newly_fetched,
    told_issuer,
)
from control_plane.clusters.models import REASON_LENGTH_MAX, Cluster
from control_plane.clusters.service import ClusterService
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.errors import AppError
from control_plane.kit.jobs import JobContext, enqueue
from control_plane.outbound.errors import OutboundError, OutboundUrlError
from control_plane.outbound.http import OutboundHttp
from control_plane.provisioning.engine import KEYS_BYTES_MAX, Engine

REFRESH_JOB = "issuer_keys.refresh"
REFRESH_AFTER = timedelta(minutes=5)
FETCH_SECONDS_MAX = 5.0

REFRESHES = Counter(
    "headrace_issuer_keys_refreshes", "Keys of issuers that were fetched, or not", ["outcome"]
)

log = structlog.stdlib.get_logger("clusters")

FetchKeys = Callable[[str], Keys]

_HEADERS = {"Accept": "application/json"}


def fetch_keys(http: OutboundHttp, url: str) -> Keys:
    """Return the keys of a JWKS (RFC 7517) as it is published; raise IssuerKeysUnavailableError."""
    try:
        document: Any = json.loads(_fetch(http, url))
    except (ValueError, RecursionError) as problem:
        raise _unavailable("the answer is no JSON") from problem
    keys = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise _unavailable("the answer is no JWKS: it has no list named keys")
    entries = cast("list[Any]", keys)
    if not all(isinstance(entry, dict) for entry in entries):
        raise _unavailable("the answer is no JWKS: a key is no object")
    return cast("list[dict[str, Any]]", entries)


def _fetch(http: OutboundHttp, url: str) -> bytes:
    limit = KEYS_BYTES_MAX + 1
    try:
        answer = http.ask("GET", url, headers=_HEADERS, answer_bytes_max=limit)
    except (OutboundError, OutboundUrlError) as problem:
        raise _unavailable(problem.detail) from problem
    if answer.status != HTTPStatus.OK:
        raise _unavailable(f"the answer has status {answer.status}, not {HTTPStatus.OK}")
    if len(answer.body) >= limit:
        raise _unavailable(f"the answer has more than {KEYS_BYTES_MAX} bytes")
    return answer.body


class IssuerKeysRefresher:
    """Handles `issuer_keys.sweep` (who is due) and `issuer_keys.refresh` (one cluster).

    What was fetched and is no better than what there is changes nothing: old keys stay until they
    are too old (see `issuers.KEYS_GOOD_FOR`).
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        clusters: ClusterService,
        fetch_keys: FetchKeys,
    ) -> None:
        self._database = database
        self._clock = clock
        self._clusters = clusters
        self._fetch_keys = fetch_keys

    def sweep(self, context: JobContext) -> None:
        """Ask for a refresh of each cluster whose keys were last asked for long enough ago."""
        now = self._clock.now()
        with self._database.snapshot() as session:
            trusting = repository.list_trusting_issuers(session)
        due = [cluster.id for cluster in trusting if self._is_due(cluster)]
        with context.apply() as session:
            for cluster_id in due:
                enqueue(session, REFRESH_JOB, cluster_id, now=now)

    def refresh(self, context: JobContext) -> None:
        """Fetch the keys of the cluster `context.key`, and have its brokers told what is new."""
        with self._database.snapshot() as session:
            seen = repository.find_any(session, context.key)
        if seen is None or seen.deleted_at is not None or not self._is_due(seen):
            return
        try:
            keys = self._fetched(seen, self._clusters.engine(seen.engine))
        except AppError as error:
            REFRESHES.labels("failed").inc()
            log.warning("issuer_keys_unavailable", cluster_id=seen.id, reason=error.detail)
            self._note(context, seen, None, error.detail)
            return
        REFRESHES.labels("fetched").inc()
        self._note(context, seen, keys, None)

    def _is_due(self, cluster: Cluster) -> bool:
        kept = fetched_keys(cluster)
        return kept is not None and kept.tried_at + REFRESH_AFTER <= self._clock.now()

    def _fetched(self, cluster: Cluster, engine: Engine) -> Keys:
        settings = issuer_settings(cluster)
        assert settings is not None, "keys are kept of issuers alone"
        assert settings.jwks_url is not None, "keys were fetched from somewhere"
        keys = self._fetch_keys(settings.jwks_url)
        engine.check_oauth_issuer(told_issuer(settings, newly_fetched(keys, self._clock.now())))
        return keys

    def _note(
        self, context: JobContext, seen: Cluster, keys: Keys | None, problem: str | None
    ) -> None:
        """Keep what was fetched, or why nothing was, unless another issuer is trusted by now."""
        now = self._clock.now()
        with context.apply() as session:
            self._clusters.request_run(session, seen.id)
            cluster = repository.lock(session, seen.id)
            assert cluster is not None, "rows of clusters are never deleted"
            kept = fetched_keys(cluster)
            if kept is None or cluster.oauth_issuer != seen.oauth_issuer:
                return
            if keys is None:
                reason = None if problem is None else problem[:REASON_LENGTH_MAX]
                cluster.issuer_keys = keys_row(replace(kept, tried_at=now, problem=reason))
            elif is_worth_telling(kept, keys, now):
                cluster.issuer_keys = keys_row(newly_fetched(keys, now))
                cluster.credentials_generation += 1
            else:
                cluster.issuer_keys = keys_row(
                    replace(kept, fetched_at=now, tried_at=now, problem=None)
                )


def _unavailable(problem: str) -> IssuerKeysUnavailableError:
    return IssuerKeysUnavailableError(
        f"the keys of the issuer can not be fetched: {problem}",
        advice="check jwks_url: it has to answer 200 with a JWKS, without a redirect",
    )
