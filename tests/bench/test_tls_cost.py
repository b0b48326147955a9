"""What is judged of the cost of TLS."""

from __future__ import annotations

from bench.broker.brokers import HEADRACE, KAFKA
from bench.proofs.tls_cost import PLAIN, TLS, Rates, judge


def rates(*produced: float, fetched: float) -> Rates:
    spent = [1.0] * len(produced)
    return Rates(
        produce=[one * 1e6 for one in produced],
        fetch=[fetched * 1e6] * len(produced),
        produce_cpu=spent,
        fetch_cpu=spent,
    )


def test_medians_are_compared_with_plaintext_and_with_apache_kafka() -> None:
    kafka = {PLAIN: rates(80, fetched=100), TLS: rates(40, fetched=50)}
    ours = {PLAIN: rates(1, 100, 999, fetched=200), TLS: rates(1, 60, 999, fetched=90)}
    finding = judge({HEADRACE: ours, KAFKA: kafka})
    assert finding.green
    assert finding.figures["headrace_produce_ratio"] == 0.6
    assert finding.figures["headrace_fetch_ratio"] == 0.45
    assert finding.figures["apache-kafka_produce_ratio"] == 0.5
    assert finding.figures["produce_ratio_to_kafkas"] == 1.2
    assert finding.figures["fetch_ratio_to_kafkas"] == 0.9
    assert finding.figures["produce_share_of_kafka"] == 1.5


def test_tls_that_costs_more_than_apache_kafkas_fails() -> None:
    kafka = {PLAIN: rates(80, fetched=100), TLS: rates(40, fetched=50)}
    slow = {PLAIN: rates(80, fetched=100), TLS: rates(40, fetched=44)}
    assert not judge({HEADRACE: slow, KAFKA: kafka}).green
