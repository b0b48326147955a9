"""Tables of identity."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned

EMAIL_LENGTH_MAX = 254  # RFC 5321, 4.5.3.1.3 less the angle brackets
ROLE_LENGTH_MAX = 32
ADDRESS_LENGTH_MAX = 64
USER_AGENT_LENGTH_MAX = 256
INSTALLATION_ROLE = "installation"  # of operators' keys, beside the roles of organizations


class Member(OrganizationOwned, Base):
    """A person of an organization, who has a role in all of it or in one of its clusters."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("organization_id", "email"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH_MAX))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    role: Mapped[str] = mapped_column(String(ROLE_LENGTH_MAX))
    cluster_id: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiKey(OrganizationOwned, Base):
    """An API key: verifiers only, the two salted passwords sealed."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    cluster_id: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX), index=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    role: Mapped[str] = mapped_column(String(ROLE_LENGTH_MAX))
    bounds: Mapped[dict[str, list[str]] | None] = mapped_column(JSON(none_as_null=True))
    created_by: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX))
    hmac_salt: Mapped[bytes] = mapped_column(LargeBinary)
    secret_hmac: Mapped[bytes] = mapped_column(LargeBinary)
    scram_sha256_salt: Mapped[bytes] = mapped_column(LargeBinary)
    scram_sha256_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    scram_sha512_salt: Mapped[bytes] = mapped_column(LargeBinary)
    scram_sha512_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    scram_iterations: Mapped[int] = mapped_column(Integer)
    # The secret before, under the same salts, while it still works.
    previous_secret_hmac: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_scram_sha256_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_scram_sha512_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class Session(OrganizationOwned, Base):
    """A signed-in browser of a member or of an API key; the cookie's value is stored hashed.

    `address` and `user_agent` are of the request that opened it.
    """

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("(member_id IS NULL) <> (api_key_id IS NULL)", "one_holder"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    member_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("members.id"), index=True
    )
    api_key_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("api_keys.id"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    address: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH_MAX))
    user_agent: Mapped[str | None] = mapped_column(String(USER_AGENT_LENGTH_MAX))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OperatorGrant(OrganizationOwned, Base):
    """That a key or member of some organization operates the installation, beside its role.

    The row belongs to the installation's own organization; whose the principal is stands beside.
    """

    __tablename__ = "operator_grants"

    principal_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    holder_organization_id: Mapped[str] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("organizations.id")
    )
    granted_by: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInToken(OrganizationOwned, Base):
    """A link that signs a member in once; stored hashed."""

    __tablename__ = "sign_in_tokens"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    member_id: Mapped[str] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("members.id"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigningKey(Base):
    """A key that signs the control plane's tokens; the private half is sealed."""

    __tablename__ = "signing_keys"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    private_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Installation(Base):
    """The installation itself: one row, whose id names the issuer of its tokens."""

    __tablename__ = "installations"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
