"""Whose rows a caller may see: the one helper through which organizations' rows are read."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Select, String, false, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX


@dataclass(frozen=True)
class Scope:
    """An organization, or one cluster of it; everything outside does not exist for the caller."""

    organization_id: str
    cluster_id: str | None = None

    def includes_cluster(self, cluster_id: str | None) -> bool:
        return self.cluster_id is None or self.cluster_id == cluster_id


class OrganizationOwned:
    """Mixin of every table whose rows belong to an organization."""

    organization_id: Mapped[str] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("organizations.id"), index=True
    )

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any] | None:
        """Return the column that holds the row's cluster id, None where rows have no cluster."""
        return None


OwnedT = TypeVar("OwnedT", bound=OrganizationOwned)


def scoped(model: type[OwnedT], scope: Scope) -> Select[OwnedT]:
    """Select the rows of `model` that exist for `scope`.

    A scope of one cluster sees only rows of that cluster, and nothing of a table without one.
    """
    statement = select(model).where(model.organization_id == scope.organization_id)
    if scope.cluster_id is None:
        return statement
    column = model.cluster_column()
    return statement.where(false() if column is None else column == scope.cluster_id)
