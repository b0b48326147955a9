"""From nothing to a first acknowledged record: cluster, key, topic, then TLS and SASL."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
from confluent_kafka import KafkaError, Message, Producer

from bench.proofs.report import Finding
from bench.proofs.samples import summary_ms
from tools.running_service import start_service
from tools.service_access import Ready

ROUNDS = 20
MEDIAN_MS_MAX = 500
ACK_SECONDS_MAX = 30.0


def prove() -> Finding:
    """Median of 20 rounds, each with a cluster of its own on one running service."""
    with tempfile.TemporaryDirectory() as directory, start_service(Path(directory)) as service:
        rounds = [one_round(service.ready, number) for number in range(ROUNDS)]
    figures = {step: summary_ms([each[step] for each in rounds]) for step in rounds[0]}
    median = figures["total"]["median_ms"]
    bar = {"total_median_ms_max": MEDIAN_MS_MAX}
    return Finding(figures=figures, bar=bar, passed=median <= MEDIAN_MS_MAX)


def one_round(service: Ready, number: int) -> dict[str, float]:
    """Seconds of each step of one customer's first minute, the cluster deleted afterwards."""
    headers = {"Authorization": f"Bearer {service.api_key}"}
    with httpx2.Client(base_url=service.api_url, headers=headers, timeout=30) as client:
        client.get("/v1/whoami").raise_for_status()
        started = time.perf_counter()
        cluster = _post(client, "/v1/clusters", {"name": f"round-{number}", "plan": "dev"})
        created = time.perf_counter()
        key = _post(client, "/v1/api-keys", {"name": "first", "cluster_id": cluster["id"]})
        keyed = time.perf_counter()
        topics = f"/v1/clusters/{cluster['id']}/topics"
        _post(client, topics, {"name": "first", "partitions": 1})
        made = time.perf_counter()
        produce_one(cluster, key)
        acknowledged = time.perf_counter()
        client.delete(f"/v1/clusters/{cluster['id']}").raise_for_status()
    return {
        "cluster": created - started,
        "api_key": keyed - created,
        "topic": made - keyed,
        "first_produce": acknowledged - made,
        "total": acknowledged - started,
    }


def produce_one(cluster: dict[str, Any], key: dict[str, Any]) -> None:
    """Connect with the cluster's certificate authority and the key; return once acknowledged."""
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer(
        {
            "bootstrap.servers": cluster["endpoints"]["kafka"]["sasl_ssl"],
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": key["id"],
            "sasl.password": key["secret"],
            "ssl.ca.pem": cluster["ca_certificate"],
            "acks": "all",
            "linger.ms": 0,
        }
    )
    producer.produce("first", value=b"hello", on_delivery=on_delivery)
    undelivered = producer.flush(ACK_SECONDS_MAX)
    assert undelivered == 0, "the first record was not acknowledged"
    assert not failures, failures


def _post(client: httpx2.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    return answer.json()
