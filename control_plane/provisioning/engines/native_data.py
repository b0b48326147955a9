"""What the data of a native broker consists of, beside what the control plane writes for it."""

import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.errors import BrokerRunningError, DataUnsoundError
from control_plane.provisioning.file_locks import exclusive
from control_plane.provisioning.files import sync_directory

LOCK = "broker.lock"
CATALOG = "topics.catalog"

# Without its catalog it is none, so that this comes last.
DATA = ("topics", "groups", "transactions", "acls", "quotas", "producer-ids", CATALOG)

# What a broker makes anew where it is not.
_OWN = ("wal", "usage", "users")


def put_in_place(source: Path, target: Path) -> None:
    """Move the data of `source` to where the broker of `target` looks for it, durably.

    What lies there is removed. May be repeated with data that was written anew.
    """
    for name in DATA:
        path = target / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name in DATA:
        if (source / name).exists():
            (source / name).replace(target / name)
    sync_directory(target)


def has_data(path: Path) -> bool:
    """Whether anything lies there that a broker has written as its data."""
    return any((path / name).exists() for name in (*DATA, *_OWN))


def put_aside(path: Path, aside: Path) -> None:
    """Move all data of a broker that does not run into a new directory beside it."""
    aside.mkdir(mode=0o700)
    # No broker begins on what is left without its catalog.
    for name in (*reversed(DATA), *_OWN):
        if (path / name).exists():
            (path / name).replace(aside / name)
    sync_directory(aside)
    sync_directory(path)


@contextmanager
def stopped_broker(path: Path) -> Generator[None]:
    """Keep brokers from starting on this directory; raises BrokerRunningError where one runs."""
    with exclusive(path / LOCK) as is_held:
        if not is_held:
            raise BrokerRunningError(
                "a broker runs on this directory: pause the cluster, or stop the service"
            )
        yield


def require_sound(broker: Path, path: Path) -> None:
    """Have the broker's program compute every checksum of a data directory.

    Raises DataUnsoundError.
    """
    require_no_unit_of_work()
    command = [str(broker), "inspect", str(path)]
    try:
        ended = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
    except OSError as error:
        raise DataUnsoundError(f"{broker} does not run: {error}") from error
    if ended.returncode != 0:
        raise DataUnsoundError(
            f"the data in {path} is damaged: `{' '.join(command)}` tells where, status "
            f"{ended.returncode}"
        )
