"""Everything the gateway refuses or fails with, each with its code and status."""

from control_plane.kit.errors import AppError, FieldError, InvalidInputError, NotFoundError
from control_plane.kit.errors import UnavailableError as KitUnavailableError
from data_plane.gateway.limits import DOCUMENT_BYTES_MAX, RECORD_BYTES_MAX, RETRY_AFTER_SECONDS

RETRY_AFTER = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class TopicNotFoundError(NotFoundError):
    """The cluster has no topic of that name."""

    code = "topic_not_found"
    title = "Topic not found"

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"this cluster has no topic {topic[:64]!r}",
            advice="create the topic first, or list the topics of the cluster",
        )


class PartitionNotFoundError(NotFoundError):
    """The topic has no partition of that number."""

    code = "partition_not_found"
    title = "Partition not found"

    def __init__(self, topic: str, partition: int) -> None:
        super().__init__(
            f"topic {topic!r} has no partition {partition}",
            advice="partitions are numbered from 0; the topic tells how many it has",
        )


class MalformedJsonError(AppError):
    """The body is not JSON."""

    code = "json_malformed"
    status = 400
    title = "Malformed JSON"

    def __init__(self, detail: str) -> None:
        super().__init__(
            detail,
            advice="send one JSON object, or several after one another with nothing between "
            "them but white space",
        )


class RecordInvalidError(InvalidInputError):
    """The body is JSON, but not a record."""

    code = "record_invalid"
    title = "Record invalid"

    def __init__(self, field: str, detail: str, *, advice: str | None = None) -> None:
        error = FieldError(field, self.code, detail)
        super().__init__(f"{field}: {detail}", advice=advice, errors=[error])


class RecordSchemaUnsupportedError(RecordInvalidError):
    """The record asks for a schema, and this gateway has none yet."""

    code = "record_schema_unsupported"
    title = "Schemas are not supported"


class RecordTooLargeError(AppError):
    """The record is larger than a record may be."""

    code = "record_too_large"
    status = 413
    title = "Record too large"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(
            detail or f"a record may have {RECORD_BYTES_MAX} bytes of key, value and headers",
            advice="store large payloads elsewhere and send a reference",
        )


class DocumentTooLargeError(RecordTooLargeError):
    """The JSON text of one record is larger than it may be."""

    def __init__(self) -> None:
        super().__init__(f"the JSON of one record may have {DOCUMENT_BYTES_MAX} bytes")


class RecordRefusedError(InvalidInputError):
    """The broker looked at the record and refused it."""

    code = "record_refused"
    title = "Record refused"


class OffsetOutOfRangeError(InvalidInputError):
    """The offset lies before the first or after the last record of the partition."""

    code = "offset_out_of_range"
    title = "Offset out of range"

    def __init__(self, offset: str, earliest: int, end: int) -> None:
        super().__init__(
            f"offset {offset} is outside of {earliest} to {end}",
            advice=f"read from {earliest} (earliest), or from {end} (latest) for what is next",
        )


class ReadStartAmbiguousError(InvalidInputError):
    """The request names two places to begin reading."""

    code = "read_start_ambiguous"
    title = "Two places to begin"

    def __init__(self) -> None:
        detail = "offset and since both say where to begin"
        super().__init__(
            detail,
            advice="give one of them; without any, reading begins at the earliest record",
            errors=[FieldError("query.since", self.code, "not together with offset")],
        )


class ReadSinceFutureError(InvalidInputError):
    """The time to begin at lies in a future that no record has a timestamp of."""

    code = "read_since_future"
    title = "Time in the future"

    def __init__(self, since: str, now: str) -> None:
        super().__init__(
            f"{since} is in the future: it is {now}",
            advice="for what is written from now on, read from the offset latest",
            errors=[FieldError("query.since", self.code, "at most an hour ahead")],
        )


class ClusterRefusedCredentialError(AppError):
    """The cluster does not accept the caller's credential (any more)."""

    code = "credential_refused"
    status = 401
    title = "Credential refused by the cluster"

    def __init__(self) -> None:
        super().__init__(
            "the cluster does not accept this credential",
            advice="the API key may have been revoked; use another",
            headers={"WWW-Authenticate": 'Bearer realm="headrace"'},
        )


class AccessDeniedError(AppError):
    """The caller may not do this to this topic."""

    code = "access_denied"
    status = 403
    title = "Access denied"


class ClusterReadOnlyError(AppError):
    """The cluster takes no records at present, whoever sends them."""

    code = "cluster_read_only"
    status = 403
    title = "Cluster read-only"

    def __init__(self) -> None:
        super().__init__(
            "the cluster is read-only at present: nothing was written",
            advice="reading goes on; whoever keeps the cluster can tell why it is so",
        )


class CredentialBusyError(AppError):
    """The credential has as much in flight as one may have."""

    code = "credential_busy"
    status = 429
    title = "Too much in flight"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, advice="wait for answers, then send more", headers=RETRY_AFTER)


class GatewayBusyError(AppError):
    """The process has as much in flight as it may have."""

    code = "gateway_busy"
    status = 503
    title = "Gateway busy"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, advice="try again shortly", headers=RETRY_AFTER)


class ClusterUnreachableError(KitUnavailableError):
    """No broker of the cluster answers; nothing was written or read."""

    code = "cluster_unreachable"
    title = "Cluster unreachable"

    def __init__(self) -> None:
        super().__init__(
            "no broker of this cluster answers at present",
            advice="nothing was done; try again shortly, or look at the cluster's status",
            headers=RETRY_AFTER,
        )


class ProduceTimeoutError(AppError):
    """No acknowledgement came in time, so nobody knows whether the record was written."""

    code = "produce_timeout"
    status = 504
    title = "No acknowledgement in time"

    def __init__(self) -> None:
        super().__init__(
            "the cluster did not acknowledge the record in time",
            advice="the record may or may not have been written; sending it again may repeat it",
        )


class ClusterFailedError(AppError):
    """The cluster answered with an error that is neither the caller's nor a matter of time."""

    code = "cluster_error"
    status = 502
    title = "The cluster failed"
