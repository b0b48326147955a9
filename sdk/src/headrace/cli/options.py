"""Options that every command has, before or after its name."""

from enum import StrEnum
from typing import Annotated

import typer


class OutputFormat(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


OutputOption = Annotated[
    OutputFormat | None,
    typer.Option("--output", "-o", help="Write results as a table (default), JSON or CSV."),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Write ids alone, and no notes or progress.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="Use this profile instead of `default`.")
]
ClusterOption = Annotated[
    str, typer.Option("--cluster", envvar="HEADRACE_CLUSTER", help="Id or name of the cluster.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")]
