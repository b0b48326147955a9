"""Table of clusters: what their owners want, and what is seen of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Index, Integer, String, Text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from control_plane.clusters.names import NAME_LENGTH_MAX
from control_plane.kit.db import ID_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned

WORD_LENGTH_MAX = 32
ADDRESS_LENGTH_MAX = 300
REASON_LENGTH_MAX = 2000


class Cluster(OrganizationOwned, Base):
    """A cluster. Services write the spec and raise its generations; the reconciler the rest."""

    __tablename__ = "clusters"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    # Spec.
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    plan: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    engine: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    deletion_protection: Mapped[bool] = mapped_column(Boolean, default=False)
    wake_on_connect: Mapped[bool] = mapped_column(Boolean, default=False)
    auto_pause_minutes: Mapped[int | None] = mapped_column(Integer)
    allowed_networks: Mapped[list[str]] = mapped_column(JSON, default=list)
    client_certificates: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    storage_limit_bytes: Mapped[int | None] = mapped_column(BigInteger)
    retention_ms_max: Mapped[int | None] = mapped_column(BigInteger)
    retention_bytes_max: Mapped[int | None] = mapped_column(BigInteger)
    maintenance_window: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    certificate_generation: Mapped[int] = mapped_column(Integer, default=0)
    # Whose tokens it takes, and what was fetched of the keys (see issuers.py).
    oauth_issuer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    issuer_keys: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    presence: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    generation: Mapped[int] = mapped_column(Integer)
    credentials_generation: Mapped[int] = mapped_column(Integer)

    # What operators decide: how far it is open, and what its owner is told of why.
    access: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX), default="full")
    access_reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))

    # Of a fork: whose data it begins with, up to where (see provisioning/forks.py), and, once it
    # is there, of which moment.
    source_id: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX))
    fork_cut: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    forked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # Observation. `metered_plan` is what use is told with: the plan that was last made true.
    status: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH_MAX))
    metered_plan: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    observed_generation: Mapped[int] = mapped_column(Integer)
    observed_credentials_generation: Mapped[int] = mapped_column(Integer)
    observed_version: Mapped[str | None] = mapped_column(String(WORD_LENGTH_MAX))
    kafka_sasl_ssl: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH_MAX))
    kafka_sasl_plaintext: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH_MAX))
    kafka_ssl: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH_MAX))
    kafka_oauth: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH_MAX))
    ca_certificate: Mapped[str | None] = mapped_column(Text)
    status_since: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    purge_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.id


# A name is free again once its cluster is deleted.
Index(
    "uq_clusters_live_name",
    Cluster.organization_id,
    Cluster.name,
    unique=True,
    sqlite_where=Cluster.deleted_at.is_(None),
    postgresql_where=Cluster.deleted_at.is_(None),
)
