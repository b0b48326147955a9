"""`headrace`, killed at one point: a topic is made, and its reply is neither kept nor given."""

import os
import signal
import sys

from control_plane.kit.idempotency import Claim, IdempotencyStore
from headrace.cli.main import main

MARK = b'"replication_factor"'

_keep_final = IdempotencyStore.keep_final


def keep_final(
    self: IdempotencyStore, claim: Claim, status: int, body: bytes, location: str | None = None
) -> None:
    """Keep any reply but that of a topic, instead of which the process ends."""
    if MARK in body:
        os.kill(os.getpid(), signal.SIGKILL)
    _keep_final(self, claim, status, body, location)


if __name__ == "__main__":
    IdempotencyStore.keep_final = keep_final
    sys.argv = sys.argv[1:]
    main()
