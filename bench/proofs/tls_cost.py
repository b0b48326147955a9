"""What TLS costs: a client produces and reads with it and without it, here and with Apache Kafka.

Both brokers run side by side, each with a listener of either kind. Rounds go round all four, so
that what the machine does beside weighs on all alike. Records can not be compressed. A client takes
its share of the cores, and encrypts and decrypts as the broker does: the broker's own processor
time for a gigabyte is told beside the rates.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from api.embedded.authority import Authority
from bench.broker.brokers import (
    CLUSTER_ID,
    HEADRACE,
    KAFKA,
    KAFKA_JAVA,
    KAFKA_PROPERTIES,
    Broker,
    await_answer,
    class_path,
    java,
)
from bench.proofs.abuse import abused_broker
from bench.proofs.broker_start import free_port
from bench.proofs.report import Finding
from control_plane.kafka.admin import KafkaAdmin
from control_plane.kit.clock import SystemClock

ROUNDS = 5
RECORDS = 40_000
RECORD_BYTES = 1_024
SECONDS_MAX = 120.0

PLAIN, TLS = "plaintext", "tls"
# What TLS leaves of our plaintext rate has to be so much of what it leaves of Apache Kafka's.
RATIO_TO_KAFKAS_MIN = 0.9

Options = Mapping[str, str]

_KAFKA_TLS_PROPERTIES = (
    KAFKA_PROPERTIES.replace(
        "PLAINTEXT://127.0.0.1:{port}", "PLAINTEXT://127.0.0.1:{port},SSL://127.0.0.1:{tls_port}"
    )
    + """\
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={directory}/keystore.pem
"""
)


@dataclass(frozen=True, kw_only=True)
class Side:
    """A broker, and how a client reaches it in either way."""

    process: psutil.Process
    options: Mapping[str, Options]


@dataclass(kw_only=True)
class Rates:
    """Bytes a second, and the broker's processor seconds for a gigabyte, of each round."""

    produce: list[float] = field(default_factory=list[float])
    fetch: list[float] = field(default_factory=list[float])
    produce_cpu: list[float] = field(default_factory=list[float])
    fetch_cpu: list[float] = field(default_factory=list[float])

    def medians(self) -> dict[str, float]:
        return {
            "produce_mb_per_second": round(statistics.median(self.produce) / 1e6, 1),
            "fetch_mb_per_second": round(statistics.median(self.fetch) / 1e6, 1),
            "produce_broker_seconds_per_gb": round(statistics.median(self.produce_cpu), 2),
            "fetch_broker_seconds_per_gb": round(statistics.median(self.fetch_cpu), 2),
        }


Measured = Mapping[str, Mapping[str, Rates]]
"""By broker, then by way."""


def prove() -> Finding:
    """Five rounds of both brokers in both ways."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with _headrace(directory / HEADRACE) as ours, _kafka(directory / KAFKA) as theirs:
            measured = _measure({HEADRACE: ours, KAFKA: theirs})
    return judge(measured)


def judge(measured: Measured) -> Finding:
    """Compare medians under TLS with those without, ours with Apache Kafka's."""
    medians = {
        name: {way: rates.medians() for way, rates in ways.items()}
        for name, ways in measured.items()
    }
    ratios = {
        f"{name}_{kind}_ratio": round(
            ways[TLS][f"{kind}_mb_per_second"] / ways[PLAIN][f"{kind}_mb_per_second"], 3
        )
        for name, ways in medians.items()
        for kind in ("produce", "fetch")
    }
    shares = {
        f"{kind}_share_of_kafka": round(
            medians[HEADRACE][TLS][f"{kind}_mb_per_second"]
            / medians[KAFKA][TLS][f"{kind}_mb_per_second"],
            3,
        )
        for kind in ("produce", "fetch")
    }
    beside = {
        f"{kind}_ratio_to_kafkas": round(
            ratios[f"{HEADRACE}_{kind}_ratio"] / ratios[f"{KAFKA}_{kind}_ratio"], 3
        )
        for kind in ("produce", "fetch")
    }
    return Finding(
        figures={**ratios, **beside, **shares, "medians": medians, "rounds": ROUNDS},
        bar={"ratio_to_kafkas_min": RATIO_TO_KAFKAS_MIN},
        passed=min(beside.values()) >= RATIO_TO_KAFKAS_MIN,
        notes=[_kernel_tls()],
    )


def _kernel_tls() -> str:
    """Whether the kernel could do TLS in the broker's stead."""
    offered = Path("/proc/sys/net/ipv4/tcp_available_ulp")
    words = offered.read_text(encoding="utf-8").split() if offered.exists() else []
    return f"kernel TLS is {'there, and not used' if 'tls' in words else 'not in this kernel'}"


def _measure(sides: Mapping[str, Side]) -> Measured:
    measured = {name: {PLAIN: Rates(), TLS: Rates()} for name in sides}
    payload = os.urandom(RECORD_BYTES * 64)
    for number in range(-1, ROUNDS):
        for way in (PLAIN, TLS):
            for name, side in sides.items():
                # The first round warms up, and counts for nothing.
                rates = Rates() if number < 0 else measured[name][way]
                _one_round(side, way, f"{way}-{number + 1}", payload, rates)
    return measured


def _one_round(side: Side, way: str, topic: str, payload: bytes, rates: Rates) -> None:
    options = side.options[way]
    total = RECORDS * RECORD_BYTES
    admin = _admin(options)
    made = admin.create_topics(
        [NewTopic(topic, 1, 1)], request_timeout=SECONDS_MAX, validate_only=False
    )
    made[topic].result(SECONDS_MAX)
    for kind, work in (("produce", _produce), ("fetch", _fetch)):
        cpu, started = _cpu_seconds(side.process), time.perf_counter()
        work(options, topic, payload)
        seconds = time.perf_counter() - started
        getattr(rates, kind).append(total / seconds)
        getattr(rates, f"{kind}_cpu").append((_cpu_seconds(side.process) - cpu) / total * 1e9)
    admin.delete_topics([topic], request_timeout=SECONDS_MAX)[topic].result(SECONDS_MAX)


def _admin(options: Options) -> KafkaAdmin:
    return AdminClient({**options})


def _produce(options: Options, topic: str, payload: bytes) -> None:
    producer = Producer(
        {
            **options,
            "linger.ms": 5,
            "batch.size": 256 * 1024,
            "queue.buffering.max.messages": RECORDS,
        }
    )
    for number in range(RECORDS):
        start = number % 63 * RECORD_BYTES
        producer.produce(topic, payload[start : start + RECORD_BYTES], partition=0)
    left = producer.flush(SECONDS_MAX)
    assert left == 0, f"{left} records were not acknowledged"


def _fetch(options: Options, topic: str, _payload: bytes) -> None:
    consumer = Consumer(
        {**options, "group.id": "tls-cost", "enable.auto.commit": False, "fetch.wait.max.ms": 100}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    count, deadline = 0, time.monotonic() + SECONDS_MAX
    while count < RECORDS:
        assert time.monotonic() < deadline, f"only {count} records came back"
        for message in consumer.consume(10_000, timeout=1):
            assert message.error() is None, message.error()
            count += 1
    consumer.close()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def _headrace(directory: Path) -> Generator[Side]:
    directory.mkdir()
    with abused_broker(directory, {}) as target:
        login = {
            "sasl.mechanism": "PLAIN",
            "sasl.username": "hk_good",
            "sasl.password": "hk_good",
        }
        authority = Authority.open(directory / "ca", SystemClock())
        yield Side(
            process=target.process,
            options={
                PLAIN: {**_options(target.plain, "SASL_PLAINTEXT"), **login},
                TLS: {**_options(target.tls, "SASL_SSL", authority), **login},
            },
        )


@contextmanager
def _kafka(directory: Path) -> Generator[Side]:
    directory.mkdir()
    plain, tls = free_port(), free_port()
    authority = Authority.open(directory / "ca", SystemClock())
    chain, key = authority.issue("localhost", ["localhost"])
    (directory / "keystore.pem").write_bytes(key + chain)
    properties = directory / "server.properties"
    text = _KAFKA_TLS_PROPERTIES.format(
        port=plain, tls_port=tls, controller_port=free_port(), directory=directory
    )
    properties.write_text(text, encoding="utf-8")
    formatting = ["--cluster-id", CLUSTER_ID, "--standalone", "--config", str(properties)]
    tool = [*java(*class_path()), "kafka.tools.StorageTool", "format", *formatting]
    subprocess.run(tool, check=True, capture_output=True)
    command = [*java(*KAFKA_JAVA, *class_path()), "kafka.Kafka", str(properties)]
    with (directory / "output.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    broker = Broker(name=KAFKA, process=process, port=plain, directory=directory, start_seconds=0.0)
    try:
        await_answer(broker)
        yield Side(
            process=psutil.Process(process.pid),
            options={
                PLAIN: _options(plain, "PLAINTEXT"),
                TLS: _options(tls, "SSL", authority),
            },
        )
    finally:
        if process.poll() is None:
            broker.stop()


def _options(port: int, protocol: str, authority: Authority | None = None) -> Options:
    options = {"bootstrap.servers": f"127.0.0.1:{port}", "security.protocol": protocol}
    if authority is None:
        return options
    # The certificates are for the name; the address that metadata tells is the same machine.
    trust = {"ssl.ca.pem": authority.ca_certificate}
    return {**options, **trust, "ssl.endpoint.identification.algorithm": "none"}
