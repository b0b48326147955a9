"""Settings: the only place that reads the environment (variables named HEADRACE_...)."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from control_plane.kit.token_buckets import Rate

PORT_DEFAULT = 8642
PORT_TLS_DEFAULT = 8643
HOUR_SECONDS = 3600


class Environment(StrEnum):
    """What the service may generate for itself (embedded) and must be given (production)."""

    EMBEDDED = "embedded"
    PRODUCTION = "production"


class JobsMode(StrEnum):
    """Where jobs run: on threads of the one process there is, or in workers told by a queue."""

    IN_PROCESS = "in-process"
    CELERY = "celery"


# On one machine all clients share an address, and nobody is to be kept from anybody.
RATES_EMBEDDED = {
    "address": Rate(20_000, 100_000),
    "anonymous": Rate(1_000, 10_000),
    "reads": Rate(2_000, 20_000),
    "writes": Rate(2_000, 20_000),
    "records": Rate(20_000, 100_000),
}
RATES_PRODUCTION = {
    "address": Rate(5_000, 20_000),
    "anonymous": Rate(20, 200),
    "reads": Rate(50, 200),
    "writes": Rate(50, 200),
    "records": Rate(2_000, 10_000),
}


class Settings(BaseSettings):
    """Everything that an operator can set. Constructor arguments win over the environment."""

    model_config = SettingsConfigDict(env_prefix="HEADRACE_", extra="ignore", frozen=True)

    environment: Environment = Environment.EMBEDDED
    data_dir: Path = Path.home() / ".local" / "share" / "headrace"
    database_url: str | None = None
    master_key_file: Path | None = None
    broker_binary: Path | None = None
    # Where Apache Kafka is installed, for the engine that is Kafka itself; also read from where
    # Kafka's own users set it.
    kafka_home: Annotated[
        Path | None, Field(validation_alias=AliasChoices("headrace_kafka_home", "kafka_home"))
    ] = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = PORT_DEFAULT
    port_tls: Annotated[int, Field(ge=0, le=65535)] = PORT_TLS_DEFAULT
    public_host: str = "localhost"
    broker_bind_host: str = "127.0.0.1"
    # Names that clients reach the service by, separated by commas; "*" for any.
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "[::1]")

    # The base URL that clients reach the HTTP edge by, where a proxy or several processes serve it.
    public_url: str | None = None

    jobs: JobsMode = JobsMode.IN_PROCESS
    # Redis or Valkey, such as redis://host:6379/0: carries the ids of jobs to workers.
    queue_url: str | None = None
    job_workers: Annotated[int, Field(ge=1, le=64)] = 4
    # How soon the job of a worker that died is taken over, and how often lost ones are looked for.
    job_lease_seconds: Annotated[float, Field(ge=1, le=HOUR_SECONDS)] = 15
    job_sweep_seconds: Annotated[float, Field(ge=1, le=HOUR_SECONDS)] = 10
    # How long brokers count into one usage window (a divisor of an hour), and how often closed
    # ones are collected. Together they are how far behind usage and cost are.
    usage_window_seconds: Annotated[int, Field(ge=1, le=HOUR_SECONDS)] = 60
    usage_collect_seconds: Annotated[int, Field(ge=1, le=HOUR_SECONDS)] = 10
    # Requests as PER_SECOND:BURST: from an address, from an address without credentials, and of
    # one credential what reads, what changes, and what produces or consumes records.
    rate_address: Annotated[Rate | None, NoDecode] = None
    rate_anonymous: Annotated[Rate | None, NoDecode] = None
    rate_reads: Annotated[Rate | None, NoDecode] = None
    rate_writes: Annotated[Rate | None, NoDecode] = None
    rate_records: Annotated[Rate | None, NoDecode] = None
    # How mail is sent, such as smtp://user:password@host:587 (STARTTLS), smtps:// or, without
    # TLS, smtp+plain://; and from whom. Without, nobody can sign up or be mailed a link.
    smtp_url: SecretStr | None = None
    mail_from: Annotated[str, Field(max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")] | None = None
    # Whether strangers may sign up, each with an organization of its own.
    sign_up: bool = False
    # Whether webhooks and issuers may name addresses of this machine and its networks, and plain
    # HTTP. Not set, they may where the users of an installation are its operators: in the embedded
    # service.
    webhook_private_addresses: bool | None = None
    # A bucket of any S3 that clusters are copied to by `headrace tier upload`; off without one.
    # The endpoint is AWS's own where none is given. The file holds `access_key_id` and
    # `secret_access_key` as JSON (by default secrets/tier.json, if it is there); without one the
    # role of the machine is used.
    tier_bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$")] | None = None
    tier_prefix: Annotated[str, Field(max_length=512, pattern=r"^([A-Za-z0-9._-]+/)*$")] = ""
    tier_endpoint_url: Annotated[str, Field(pattern=r"^https?://[^\s@/]+/?$")] | None = None
    tier_region: str | None = None
    tier_credentials_file: Path | None = None
    # How often a cluster is copied, and for how many days an edition of each is kept.
    tier_interval_seconds: Annotated[int, Field(ge=1, le=24 * HOUR_SECONDS)] = 300
    tier_keep_days: Annotated[int, Field(ge=0, le=3650)] = 7
    log_level: str = "INFO"

    @field_validator(
        "rate_address",
        "rate_anonymous",
        "rate_reads",
        "rate_writes",
        "rate_records",
        mode="before",
    )
    @classmethod
    def _parse_rate(cls, value: object) -> object:
        return Rate.parse(value) if isinstance(value, str) else value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(host.strip() for host in value.split(",") if host.strip())

    @field_validator("usage_window_seconds")
    @classmethod
    def _divide_the_hour(cls, value: int) -> int:
        if HOUR_SECONDS % value != 0:
            raise ValueError(f"{value} does not divide the {HOUR_SECONDS} seconds of an hour")
        return value

    @model_validator(mode="after")
    def _refuse_insecure_production(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("database_url", "master_key_file"):
                if getattr(self, name) is None:
                    raise ValueError(f"HEADRACE_{name.upper()} must be set in production")
        return self

    @model_validator(mode="after")
    def _require_sender(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError("HEADRACE_SMTP_URL and HEADRACE_MAIL_FROM are set together")
        if self.sign_up and self.smtp_url is None:
            raise ValueError("HEADRACE_SMTP_URL must be set where HEADRACE_SIGN_UP is on")
        return self

    @model_validator(mode="after")
    def _require_queue(self) -> Self:
        if self.jobs is JobsMode.CELERY and self.queue_url is None:
            raise ValueError("HEADRACE_QUEUE_URL must be set where HEADRACE_JOBS is celery")
        return self

    def rate(self, allowance: str) -> Rate:
        """Return the rate of an allowance: the one that was set, or the environment's default."""
        chosen: Rate | None = getattr(self, f"rate_{allowance}")
        is_embedded = self.environment is Environment.EMBEDDED
        return chosen or (RATES_EMBEDDED if is_embedded else RATES_PRODUCTION)[allowance]

    @property
    def console_url(self) -> str:
        """Where links that are mailed lead; never what a request says of itself."""
        base = self.public_url or f"https://{self.public_host}:{self.port_tls}"
        return f"{base.rstrip('/')}/console"

    @property
    def allows_private_addresses(self) -> bool:
        """Whether customers may have us connect to addresses that are not public."""
        if self.webhook_private_addresses is not None:
            return self.webhook_private_addresses
        return self.environment is Environment.EMBEDDED

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy URL: the one given, or the SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'headrace.db'}"

    @property
    def resolved_tier_credentials_file(self) -> Path:
        """The file that holds the bucket's credentials; it need not be there."""
        return self.tier_credentials_file or self.data_dir / "secrets" / "tier.json"

    @property
    def resolved_master_key_file(self) -> Path:
        """The file that holds the master key, outside the database it protects."""
        return self.master_key_file or self.data_dir / "secrets" / "master.key"


def keep_loopback_direct() -> None:
    """Exempt loopback addresses from any HTTP proxy that the environment names for libcurl."""
    exempt = [name for name in os.environ.get("no_proxy", "").split(",") if name]
    if "127.0.0.1" not in exempt:
        os.environ["no_proxy"] = ",".join([*exempt, "127.0.0.1"])
