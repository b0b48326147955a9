"""`headrace supervisor`: the process that owns the brokers of this machine."""

import typer

from api.embedded.options import DataDir, read_settings
from api.processes.checks import require_prepared
from control_plane.provisioning.supervisor.__main__ import supervise


def supervisor(data_dir: DataDir = None) -> None:
    """Keep the brokers of this machine running; ending it leaves them to its successor."""
    settings = read_settings(data_dir, {})
    require_prepared(settings)
    raise typer.Exit(supervise(settings.data_dir))
