"""Every answer of the protocol becomes one coded error."""

import pytest
from confluent_kafka import KafkaError

from control_plane.kafka.errors import DETAIL_LENGTH_MAX, ConnectionLostError
from control_plane.topics.kafka_errors import to_app_error


class TestToAppError:
    @pytest.mark.parametrize(
        ("kafka_code", "code", "status"),
        [
            (KafkaError.TOPIC_ALREADY_EXISTS, "topic_name_taken", 409),
            (KafkaError.TOPIC_EXCEPTION, "topic_name_invalid", 422),
            (KafkaError.INVALID_PARTITIONS, "topic_partitions_invalid", 422),
            (KafkaError.INVALID_REPLICATION_FACTOR, "topic_replication_factor_invalid", 422),
            (KafkaError.INVALID_CONFIG, "topic_config_invalid", 422),
            (KafkaError.INVALID_REQUEST, "topic_request_invalid", 422),
            (KafkaError.POLICY_VIOLATION, "partitions_limit_reached", 409),
            (KafkaError.UNKNOWN_TOPIC_OR_PART, "topic_not_found", 404),
            (KafkaError.TOPIC_AUTHORIZATION_FAILED, "topic_forbidden", 403),
            (KafkaError.CLUSTER_AUTHORIZATION_FAILED, "topic_forbidden", 403),
            (KafkaError.THROTTLING_QUOTA_EXCEEDED, "topic_changes_throttled", 429),
            (KafkaError.NOT_CONTROLLER, "cluster_unavailable", 503),
            (KafkaError.SASL_AUTHENTICATION_FAILED, "cluster_unavailable", 503),
            (-195, "cluster_unavailable", 503),  # _TRANSPORT
            (-185, "cluster_unavailable", 503),  # _TIMED_OUT
            (-187, "cluster_unavailable", 503),  # _ALL_BROKERS_DOWN
            (-188, "topic_not_found", 404),  # _UNKNOWN_TOPIC
            (KafkaError.KAFKA_STORAGE_ERROR, "cluster_request_failed", 502),
            (KafkaError.UNKNOWN, "cluster_request_failed", 502),
        ],
    )
    def test_maps_to_a_code_and_a_status(self, kafka_code: int, code: str, status: int) -> None:
        error = to_app_error(KafkaError(kafka_code, "the broker's words"))
        assert (error.code, error.status) == (code, status)
        assert "the broker's words" in error.detail

    @pytest.mark.parametrize(
        ("kafka_code", "advice"),
        [
            (KafkaError.INVALID_CONFIG, "topic-settings.md"),
            (KafkaError.TOPIC_EXCEPTION, "letters, digits"),
            (KafkaError.INVALID_REPLICATION_FACTOR, "leave it out"),
            (KafkaError.TOPIC_AUTHORIZATION_FAILED, "access rule"),
        ],
    )
    def test_says_what_to_do(self, kafka_code: int, advice: str) -> None:
        error = to_app_error(KafkaError(kafka_code))
        assert error.advice is not None
        assert advice in error.advice

    def test_says_when_to_ask_again(self) -> None:
        error = to_app_error(KafkaError(KafkaError.REQUEST_TIMED_OUT))
        assert int(error.headers["Retry-After"]) > 0

    def test_warns_that_a_lost_answer_may_hide_a_change(self) -> None:
        lost = to_app_error(KafkaError(KafkaError.REQUEST_TIMED_OUT))
        never_sent = to_app_error(KafkaError(-187))
        assert lost.advice is not None
        assert "may have been lost" in lost.advice
        assert never_sent.advice is not None
        assert "may have been lost" not in never_sent.advice

    def test_bounds_what_it_repeats(self) -> None:
        error = to_app_error(KafkaError(KafkaError.INVALID_CONFIG, "x" * 100_000))
        assert len(error.detail) <= DETAIL_LENGTH_MAX

    def test_names_an_answer_it_does_not_know(self) -> None:
        error = to_app_error(KafkaError(KafkaError.INVALID_TXN_STATE))
        assert "INVALID_TXN_STATE" in error.detail

    def test_a_lost_connection_is_known_as_one_so_that_a_read_is_asked_again(self) -> None:
        assert isinstance(to_app_error(KafkaError(-195)), ConnectionLostError)  # _TRANSPORT
        assert isinstance(to_app_error(KafkaError(-137)), ConnectionLostError)  # _DESTROY_BROKER
        assert not isinstance(to_app_error(KafkaError(-185)), ConnectionLostError)  # _TIMED_OUT
