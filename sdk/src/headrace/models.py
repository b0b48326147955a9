"""What the API answers. Fields that a newer service adds are ignored."""

from base64 import b64decode
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec

T = TypeVar("T")

DELIVERED = 200


class Model(msgspec.Struct, frozen=True):
    """Base of everything answered."""

    def as_dict(self) -> dict[str, Any]:
        """Return the plain values that JSON is written from."""
        found: dict[str, Any] = msgspec.to_builtins(self, builtin_types=(Decimal,))
        return {name: _written(value) for name, value in found.items()}


def _written(value: Any) -> Any:
    """Decimals as the API writes them: as text, never with an exponent."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {name: _written(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_written(one) for one in cast("list[Any]", value)]
    return value


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list."""

    items: list[T]
    next_page_token: str | None = None


class KafkaEndpoints(Model, frozen=True, kw_only=True):
    """Where Kafka clients connect, as host:port."""

    sasl_ssl: str
    sasl_plaintext: str | None = None
    ssl: str | None = None
    oauth: str | None = None


class Endpoints(Model, frozen=True, kw_only=True):
    """Where clients connect; `rest` is the base URL of /kafka/v3/clusters/{id}."""

    rest: str
    kafka: KafkaEndpoints | None = None


class ClientCertificates(Model, frozen=True, kw_only=True):
    """Clients that are known by their certificates, on the endpoint `ssl` of a cluster.

    `authorities` (PEM) sign them. `mapping_rules` are Kafka's ``ssl.principal.mapping.rules``. With
    `mode` requested, who shows none is ``User:ANONYMOUS``.
    """

    authorities: str
    mapping_rules: str = ""
    mode: Literal["requested", "required"] = "required"


class MaintenanceWindow(Model, frozen=True, kw_only=True):
    """Four hours of each week, from an hour of UTC on, in which a cluster may be moved."""

    weekday: str
    hour: int


class OAuthIssuer(Model, frozen=True, kw_only=True):
    """An issuer of tokens whose clients come in by the endpoint `oauth` of a cluster.

    Its public keys are at `jwks_url`, or they are `keys` (JWKs); the text of `principal_claim`
    makes the principal ``User:oauth:<text>``.
    """

    issuer: str
    audience: str
    jwks_url: str | None = None
    keys: tuple[dict[str, Any], ...] | None = None
    principal_claim: str = "sub"
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    clock_skew_seconds: int = 30


class TrustedIssuer(Model, frozen=True, kw_only=True):
    """The issuer that a cluster trusts, and the state of its keys.

    Fetched keys end at `keys_good_until` unless they are fetched again before;
    `keys_problem` says why the last try failed.
    """

    issuer: str
    audience: str
    jwks_url: str | None = None
    principal_claim: str
    algorithms: tuple[str, ...]
    clock_skew_seconds: int
    key_ids: tuple[str | None, ...] = ()
    keys_fetched_at: datetime | None = None
    keys_good_until: datetime | None = None
    keys_problem: str | None = None


class Cluster(Model, frozen=True, kw_only=True):
    """A cluster. `ca_certificate` (PEM) is what clients trust for sasl_ssl and rest."""

    id: str
    name: str
    organization_id: str
    plan: str
    engine: str
    status: str
    endpoints: Endpoints
    created_at: datetime
    updated_at: datetime
    reason: str | None = None
    generation: int = 0
    observed_generation: int = 0
    ca_certificate: str | None = None
    labels: dict[str, str] = {}
    deletion_protection: bool = False
    wake_on_connect: bool = False
    auto_pause_minutes: int | None = None
    allowed_networks: tuple[str, ...] = ()
    access: str = "full"
    access_reason: str | None = None
    client_certificates: ClientCertificates | None = None
    storage_limit_bytes: int | None = None
    retention_ms_max: int | None = None
    retention_bytes_max: int | None = None
    maintenance_window: MaintenanceWindow | None = None
    version: str | None = None
    oauth_issuer: TrustedIssuer | None = None
    status_since: datetime | None = None
    source_id: str | None = None
    forked_at: datetime | None = None
    deleted_at: datetime | None = None
    purge_at: datetime | None = None


class FieldDifference(Model, frozen=True, kw_only=True):
    """A field of what is wanted, before and after a change."""

    field: str
    before: Any
    after: Any


class PriceChange(Model, frozen=True, kw_only=True):
    """What a day costs before and after a change, with what the cluster holds and no traffic."""

    currency: str
    price_book_version: int
    per_day_before: str
    per_day_after: str
    daily_cap_before: str
    daily_cap_after: str


class ClusterChangePreview(Model, frozen=True, kw_only=True):
    """What a change would do; it was not made."""

    cluster_id: str
    diff: list[FieldDifference]
    steps: list[str]
    price: PriceChange


class ClusterForkPreview(Model, frozen=True, kw_only=True):
    """A fork that is possible; its price is a day of the source, and of both together."""

    source_id: str
    name: str
    plan: str
    engine: str
    steps: list[str]
    price: PriceChange


class TopicConfig(Model, frozen=True, kw_only=True):
    """One configuration entry of a topic."""

    value: str | None
    source: str
    is_default: bool


class Topic(Model, frozen=True, kw_only=True):
    """A topic; lists leave `configs` empty."""

    name: str
    id: str
    cluster_id: str
    partitions: int
    replication_factor: int
    configs: dict[str, TopicConfig] = {}


class Group(Model, frozen=True, kw_only=True):
    """A consumer group. `is_simple`: nobody has joined it, programs only keep offsets in it."""

    group_id: str
    cluster_id: str
    state: str
    type: str
    is_simple: bool


class AccessRule(Model, frozen=True, kw_only=True):
    """Who may, or may not, do what with which resource of a cluster, from where: Kafka's ACL."""

    cluster_id: str
    resource_type: str
    resource_name: str
    pattern_type: str
    principal: str
    host: str
    operation: str
    permission: str


class DeletedAccessRules(Model, frozen=True, kw_only=True):
    """The rules that are gone, or with a dry run those that would be."""

    is_dry_run: bool
    items: list[AccessRule]


class ScramLogin(Model, frozen=True, kw_only=True):
    """A way in which a SCRAM user may log in."""

    mechanism: str
    iterations: int


class ScramUser(Model, frozen=True, kw_only=True):
    """A login of one cluster that is no API key; `password` is there where it was just made."""

    name: str
    cluster_id: str
    principal: str
    logins: list[ScramLogin]
    password: str | None = None


class QuotaEntityPart(Model, frozen=True, kw_only=True):
    """A user, client id or ip; `name` None stands for all that have no quota of their own."""

    type: str
    name: str | None


class ClientQuota(Model, frozen=True, kw_only=True):
    """The rates that clients of one entity may reach."""

    cluster_id: str
    entity: list[QuotaEntityPart]
    rates: dict[str, float]


class Partition(Model, frozen=True, kw_only=True):
    """A partition of a topic."""

    topic: str
    partition: int


class GroupMember(Model, frozen=True, kw_only=True):
    """A consumer that is in a group now, and what it reads."""

    member_id: str
    client_id: str
    host: str
    partitions: list[Partition]
    instance_id: str | None = None


class GroupMembers(Group, frozen=True, kw_only=True):
    """A consumer group with its members."""

    assignor: str
    members: list[GroupMember]


class PartitionLag(Model, frozen=True, kw_only=True):
    """How far a group is behind in a partition.

    In unread records, and in milliseconds between the first unread record and the newest one; None
    where it is not known.
    """

    topic: str
    partition: int
    committed_offset: int | None = None
    log_start_offset: int | None = None
    log_end_offset: int | None = None
    lag: int | None = None
    lag_ms: int | None = None
    first_unread_at: datetime | None = None
    newest_at: datetime | None = None
    member_id: str | None = None
    client_id: str | None = None


class GroupLag(Model, frozen=True, kw_only=True):
    """How far a group is behind over all of its partitions, and in the first of them.

    `lag_ms` is that of the partition that is furthest behind; it may be further where
    `is_lag_ms_complete` is false.
    """

    group_id: str
    partitions: int
    lag: int
    max_lag: int
    is_lag_ms_complete: bool
    items: list[PartitionLag]
    lag_ms: int | None = None
    next_page_token: str | None = None


class OffsetChange(Model, frozen=True, kw_only=True):
    """What a reset changes in a partition; None is no committed offset."""

    topic: str
    partition: int
    is_clamped: bool
    before: int | None = None
    after: int | None = None
    lag_before: int | None = None
    lag_after: int | None = None


class OffsetReset(Model, frozen=True, kw_only=True):
    """What a reset changed, or would change; `undo` is the body that puts everything back."""

    group_id: str
    is_dry_run: bool
    lag_before: int
    lag_after: int
    changes: list[OffsetChange]
    undo: dict[str, Any]


class ApiKeyBounds(Model, frozen=True, kw_only=True):
    """Topics that a key may read and write at most, by beginnings of names; `*` is every topic."""

    read: list[str] = msgspec.field(default_factory=list[str])
    write: list[str] = msgspec.field(default_factory=list[str])


class ApiKey(Model, frozen=True, kw_only=True):
    """An API key. `secret` is there only when it was just made.

    Until `previous_secret_until` the secret before works too.
    """

    id: str
    name: str
    scope: str
    role: str
    created_at: datetime
    cluster_id: str | None = None
    bounds: ApiKeyBounds | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    previous_secret_until: datetime | None = None
    secret: str | None = None


class Webhook(Model, frozen=True, kw_only=True):
    """A URL that is told of events. `secret` is there only when it was just made."""

    id: str
    url: str
    description: str
    enabled: bool
    created_at: datetime
    updated_at: datetime
    event_types: list[str] | None = None
    disabled_reason: str | None = None
    failing_since: datetime | None = None
    old_secret_ends_at: datetime | None = None
    secret: str | None = None


class WebhookDelivery(Model, frozen=True, kw_only=True):
    """One event for one webhook, and how telling it goes: pending, delivered or failed."""

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    body: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    response_status: int | None = None
    error_code: str | None = None
    finished_at: datetime | None = None


class WebhooksReplayed(Model, frozen=True, kw_only=True):
    """How many deliveries are made again."""

    replayed: int


class OperatorGrant(Model, frozen=True, kw_only=True):
    """That a key or member of an organization operates the installation too."""

    principal_id: str
    holder_organization_id: str
    granted_at: datetime
    granted_by: str | None = None


class OperatorKey(Model, frozen=True, kw_only=True):
    """A key of an operator of the installation. `secret` is there only when it was just created."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    secret: str | None = None


class Organization(Model, frozen=True, kw_only=True):
    """An organization. `api_key` (a secret) is there only when it was just created."""

    id: str
    name: str
    created_at: datetime
    api_key: str | None = None
    api_key_id: str | None = None


class OperationError(Model, frozen=True, kw_only=True):
    """Why an operation failed."""

    code: str
    detail: str


class OperationStep(Model, frozen=True, kw_only=True):
    """A step of an operation that is done."""

    name: str
    finished_at: datetime


class Operation(Model, frozen=True, kw_only=True):
    """Work that goes on after a request was accepted.

    Of `steps_left` the first is being done. `progress_percent` is None where it is not known.
    """

    id: str
    kind: str
    resource_type: str
    resource_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    error: OperationError | None = None
    steps: list[OperationStep] = []
    steps_left: list[str] = []
    progress_percent: int | None = None


class Member(Model, frozen=True, kw_only=True):
    """A person of an organization; `cluster_id` is the only cluster in which the role holds."""

    id: str
    organization_id: str
    email: str
    name: str
    role: str
    created_at: datetime
    cluster_id: str | None = None


class Session(Model, frozen=True, kw_only=True):
    """A live session of one's own; `address` and `user_agent` are of who opened it."""

    id: str
    organization_id: str
    principal_id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str | None = None
    user_agent: str | None = None
    is_current: bool = False


class AuditEvent(Model, frozen=True, kw_only=True):
    """One thing that was done or refused; `hash` covers all of it and the hash before."""

    sequence: int
    at: str
    actor: dict[str, Any]
    action: str
    outcome: str
    resource_id: str | None
    request: dict[str, Any]
    details: dict[str, Any]
    result: dict[str, Any]
    previous_hash: str
    hash: str


class AuditVerification(Model, frozen=True, kw_only=True):
    """Whether a chain of events holds; `sequence` and `hash` are of the last one that does."""

    holds: bool
    is_complete: bool
    events: int
    sequence: int
    hash: str
    broken_at: int | None = None


class Caller(Model, frozen=True, kw_only=True):
    """Whose credentials are used, and what they are good for."""

    id: str
    kind: str
    organization_id: str
    role: str | None = None
    cluster_id: str | None = None
    expires_at: datetime | None = None
    operates: bool = False


class RecordReport(Model, frozen=True, kw_only=True):
    """What became of a record: `error_code` 200 and its place, or why it was not written."""

    error_code: int
    cluster_id: str | None = None
    topic_name: str | None = None
    partition_id: int | None = None
    offset: int | None = None
    timestamp: datetime | None = None
    message: str | None = None
    code: str | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the record was written and acknowledged."""
        return self.error_code == DELIVERED


class RecordHeader(Model, frozen=True, kw_only=True):
    """A header of a record as it is transferred."""

    name: str
    value: str | None

    @property
    def content(self) -> bytes | None:
        """The header's bytes."""
        return None if self.value is None else b64decode(self.value)


class StoredRecord(Model, frozen=True, kw_only=True):
    """A record of a partition. `timestamp` is in milliseconds since 1970."""

    offset: int
    timestamp: int | None
    timestamp_type: str | None
    key: str | None
    value: str | None
    headers: list[RecordHeader]

    @property
    def key_bytes(self) -> bytes | None:
        """The key's bytes."""
        return None if self.key is None else b64decode(self.key)

    @property
    def value_bytes(self) -> bytes | None:
        """The value's bytes."""
        return None if self.value is None else b64decode(self.value)


class RecordPage(Model, frozen=True, kw_only=True):
    """Records in the order of their offsets; read on from `next_offset`."""

    records: list[StoredRecord]
    next_offset: int
    earliest_offset: int
    end_offset: int
