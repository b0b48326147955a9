"""What refusals of the cluster are to whoever sends records over HTTP."""

import pytest
from confluent_kafka import KafkaError

from data_plane.gateway.kafka_errors import produce_error


@pytest.mark.parametrize(
    ("code", "expected", "status"),
    [
        (KafkaError.POLICY_VIOLATION, "cluster_read_only", 403),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "access_denied", 403),
        (KafkaError.INVALID_RECORD, "record_refused", 422),
        (KafkaError.REQUEST_TIMED_OUT, "produce_timeout", 504),
    ],
)
def test_refusals_say_whose_matter_they_are(code: int, expected: str, status: int) -> None:
    error = produce_error(KafkaError(code), "orders", 0)
    assert (error.code, error.status) == (expected, status)
