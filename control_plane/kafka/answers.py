"""Waiting for what a cluster answers, within a bound, as values or as coded errors."""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

import structlog
from confluent_kafka import KafkaError, KafkaException

from control_plane.kafka.admin import KafkaAdmin
from control_plane.kafka.admin_clients import AdminClients, Connection
from control_plane.kafka.errors import ConnectionLostError, Refusals, unavailable

# A broker that restarts is back within this time; one that is not is not worth a caller's wait.
REQUEST_SECONDS_MAX = 5.0
# librdkafka ends a request by itself; this is only for a client that was closed meanwhile.
ANSWER_SECONDS_MAX = REQUEST_SECONDS_MAX + 2.0
# A connection may break twice: librdkafka knows a broker by its bootstrap address and by its id.
READ_REPEATS_MAX = 2

_log = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")


def answer(future: "Future[ResultT]", refusals: Refusals) -> ResultT:
    """Return what the future holds; raise the coded form of what the cluster refused with."""
    try:
        return future.result(ANSWER_SECONDS_MAX)
    except KafkaException as error:
        raise refusals.to_app_error(kafka_error(error)) from error
    except FutureTimeoutError as error:
        raise unavailable("no answer in time", is_outcome_unknown=True) from error


def answer_unless(future: "Future[ResultT]", refusals: Refusals, *codes: int) -> ResultT | None:
    """Return None where the cluster refused with one of `codes`, as of what is gone meanwhile."""
    try:
        return future.result(ANSWER_SECONDS_MAX)
    except KafkaException as error:
        reason = kafka_error(error)
        if reason.code() in codes:
            return None
        raise refusals.to_app_error(reason) from error
    except FutureTimeoutError as error:
        raise unavailable("no answer in time") from error


def read(
    clients: AdminClients, connection: Connection, ask: Callable[[KafkaAdmin], ResultT]
) -> ResultT:
    """Ask, and ask again if the connection broke under the question: a read may be."""
    with clients.client(connection) as client:
        for _ in range(READ_REPEATS_MAX):
            try:
                return ask(client)
            except ConnectionLostError as error:
                _log.info("a cluster is asked again", reason=error.detail)
        return ask(client)


def kafka_error(error: Exception) -> KafkaError:
    """Return the error that a KafkaException carries."""
    reason = error.args[0]
    assert isinstance(reason, KafkaError)
    return reason
