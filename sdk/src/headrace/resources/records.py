"""Records: produced in streams, read from an offset or a time."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Literal

import httpx2
import msgspec

from headrace.errors import ConnectionFailedError, ProblemError
from headrace.models import RecordPage, RecordReport
from headrace.records import NewRecord, batches, encode
from headrace.transport import Request, Transport, path_of

PRODUCE_TIMEOUT_SECONDS = 120.0
READ_MARGIN_SECONDS = 30.0
READ_BYTES_DEFAULT = 1024 * 1024

Start = int | Literal["earliest", "latest"] | datetime


class Records:
    """What `client.records` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def produce(
        self, cluster_id: str, topic: str, records: Iterable[NewRecord]
    ) -> Iterator[RecordReport]:
        """Send records in order, as they come, and yield a report of each in the same order.

        Records are sent while reports are taken: nothing is sent unless this is iterated. A
        record that is not written has its reason in its report, and those after it are sent
        nevertheless. Raises ProblemError where the cluster or topic does not exist, and
        ConnectionFailedError when the outcome of the last batch is unknown.
        """
        for batch in batches(encode(record) for record in records):
            yield from self.send(cluster_id, topic, batch)

    def send(self, cluster_id: str, topic: str, documents: list[bytes]) -> list[RecordReport]:
        """Send encoded records in one request; return their reports."""
        request = Request(
            "POST",
            "/kafka/v3" + path_of("clusters", cluster_id, "topics", topic, "records"),
            content=b"\n".join(documents),
            headers={"Content-Type": "application/json"},
            is_repeatable=False,
            timeout_seconds=PRODUCE_TIMEOUT_SECONDS,
        )
        try:
            response = self._transport.send(request)
        except ProblemError as error:
            if len(documents) == 1 and _is_about_record(error):
                return [_failure(error)]
            raise
        return _reports(response, len(documents))

    def read(
        self,
        cluster_id: str,
        topic: str,
        partition: int,
        offset: Start = "earliest",
        *,
        max_bytes: int = READ_BYTES_DEFAULT,
        wait_ms: int = 0,
    ) -> RecordPage:
        """Read records of one partition; go on from the page's `next_offset`.

        A datetime as `offset` begins at the first record whose timestamp is not before it, or at
        the end where all are older; it needs a time zone, else ValueError is raised. Waits up to
        `wait_ms` for a first record; the page is empty if none came.
        """
        path = path_of(
            "clusters", cluster_id, "topics", topic, "partitions", str(partition), "records"
        )
        request = Request(
            "GET",
            "/v1" + path,
            query={**_start(offset), "max_bytes": max_bytes, "wait_ms": wait_ms},
            timeout_seconds=wait_ms / 1000 + READ_MARGIN_SECONDS,
        )
        return self._transport.decode(self._transport.send(request), RecordPage)


def _start(offset: Start) -> dict[str, int | str]:
    if not isinstance(offset, datetime):
        return {"offset": offset}
    if offset.tzinfo is None:
        raise ValueError(f"{offset} has no time zone")
    return {"since": offset.isoformat()}


_RECORD_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_RECORD_CODES = frozenset({"partition_not_found", "json_malformed"})


def _is_about_record(error: ProblemError) -> bool:
    return error.status in _RECORD_STATUSES or error.code in _RECORD_CODES


def _failure(error: ProblemError) -> RecordReport:
    return RecordReport(error_code=error.status, message=error.problem.detail, code=error.code)


def _reports(response: httpx2.Response, count: int) -> list[RecordReport]:
    try:
        reports = msgspec.json.Decoder(RecordReport).decode_lines(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConnectionFailedError(f"{response.url} sent reports that are cut off") from error
    if len(reports) != count:
        raise ConnectionFailedError(
            f"{response.url} reported on {len(reports)} of {count} records; "
            "what became of the others is not known"
        )
    return reports
