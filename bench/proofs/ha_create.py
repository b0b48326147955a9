"""A cluster of three real brokers by one command, and a first record that it acknowledged.

As a customer does it: `headrace cluster create NAME --plan ha --wait` on a service that has never
made one, so that the plugins are compiled too; then a key, a topic, and a record with ``acks=all``
by SASL over TLS. The control asks for it where Kafka is not installed, and is refused.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.proofs.first_produce import produce_one
from bench.proofs.report import Finding
from tools.running_service import RunningService, start_service
from tools.service_access import ServiceError

ROUNDS = 3
CREATE_SECONDS_MAX = 45.0
BROKERS = 3


def prove(rounds: int = ROUNDS) -> Finding:
    """Time the creation of clusters, the first one on a fresh service."""
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        found = [_one_round(service, number) for number in range(rounds)]
    created = [one["create"] for one in found]
    produced = [one["first_produce"] for one in found]
    brokers = min(one["brokers"] for one in found)
    return Finding(
        figures={
            "rounds": rounds,
            "brokers": brokers,
            "create_seconds_first": round(created[0], 1),
            "create_seconds_median": round(statistics.median(created), 1),
            "create_seconds_max": round(max(created), 1),
            "create_to_first_produce_seconds_first": round(produced[0], 1),
            "create_to_first_produce_seconds_median": round(statistics.median(produced), 1),
            "create_to_first_produce_seconds_max": round(max(produced), 1),
        },
        bar={"create_seconds_max": CREATE_SECONDS_MAX, "brokers": BROKERS},
        passed=max(created) <= CREATE_SECONDS_MAX and brokers == BROKERS,
        control_red=_is_refused_without_kafka(),
        notes=["the first one compiles the plugins"],
    )


def _one_round(service: RunningService, number: int) -> dict[str, float]:
    """Seconds from the command on until it has returned, and until a record is acknowledged."""
    began = time.perf_counter()
    cluster: dict[str, Any] = service.command(
        "cluster", "create", f"round-{number}", "--plan", "ha", "--wait"
    )
    created = time.perf_counter()
    service.command("topic", "create", "first", "--cluster", cluster["id"], "--partitions", "1")
    key = service.command("api-key", "create", "--cluster", cluster["id"])
    produce_one(cluster, key)
    acknowledged = time.perf_counter()
    brokers = len(cluster["endpoints"]["kafka"]["sasl_ssl"].split(","))
    with service.http() as http:
        http.delete(f"/v1/clusters/{cluster['id']}", params={"purge": "true"}).raise_for_status()
    return {
        "create": created - began,
        "first_produce": acknowledged - began,
        "brokers": brokers,
    }


def _is_refused_without_kafka() -> bool:
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as empty:
        nothing = {"HEADRACE_KAFKA_HOME": empty}
        with start_service(Path(directory), variables=nothing) as service:
            try:
                service.command("cluster", "create", "refused", "--plan", "ha", "--wait")
            except ServiceError as error:
                return "engine_not_installed" in str(error)
    return False
