"""Unix socket paths of any length. Standard library only."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ADDRESS_BYTES_MAX = 107
"""Length of ``sun_path`` less its terminating zero, see unix(7)."""


@contextmanager
def reachable(path: str | Path) -> Generator[str]:
    """Yield an address for ``path`` that fits in a socket address.

    A path that is too long is reached through a descriptor of its directory, so the address is
    good only inside the block. Raises OSError when the directory can not be opened.
    """
    if len(os.fsencode(path)) <= ADDRESS_BYTES_MAX:
        yield os.fspath(path)
        return
    directory = os.open(Path(path).parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{Path(path).name}"
    finally:
        os.close(directory)
