"""What docs/roles.md says of who may do what: the page is held against the routes, not the code."""

from __future__ import annotations

from dataclasses import dataclass

from tools.paths import ROOT

PAGE = ROOT / "docs" / "roles.md"
ROLES = ("owner", "admin", "operator", "developer", "viewer", "billing")
OPERATORS = "installation."
"""How the actions begin that are the operators' of the installation, as the page says."""


@dataclass(frozen=True)
class Oracle:
    """Actions by role, and those that a role in one cluster reaches."""

    by_role: dict[str, frozenset[str]]
    in_one_cluster: frozenset[str]

    def allows(
        self, role: str | None, action: str, *, in_one_cluster: bool, operates: bool
    ) -> bool:
        """Whether `role` may do `action`; None has a key that operates the installation alone."""
        if operates and action.startswith(OPERATORS):
            return True
        if role is None:
            return action == "whoami.read"
        if in_one_cluster and action not in self.in_one_cluster:
            return False
        return action in self.by_role[role]


def read_oracle() -> Oracle:
    """Read the page's table."""
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    table = [row for row in rows if len(row) == len(ROLES) + 2]
    return Oracle(
        by_role={
            role: frozenset(row[0] for row in table if row[column])
            for column, role in enumerate(ROLES, start=1)
        },
        in_one_cluster=frozenset(row[0] for row in table if row[-1]),
    )
