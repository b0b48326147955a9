"""`make durability`: every sweep in full, each with its negative control; one JSON line each."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.durability.outcome import UnableError
from bench.durability.sizes import CONTROLLED_BY_BUILD, FULL, SMALL, SWEEPS
from bench.proofs.ack_after_sync import build_control
from tools.paths import BUILD


def main(arguments: list[str]) -> int:
    """Run the named sweeps, or all; 1 when one is red, 2 when something is missing."""
    parser = argparse.ArgumentParser(prog="make durability", description=__doc__)
    parser.add_argument("sweeps", nargs="*", help=f"of {', '.join(SWEEPS)}")
    parser.add_argument("--small", action="store_true", help="as in `make test`")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.sweeps if name not in SWEEPS]
    if unknown:
        parser.error(f"no such sweep: {', '.join(unknown)}")
    size = SMALL if options.small else FULL
    green = True
    BUILD.mkdir(exist_ok=True)
    try:
        names: list[str] = options.sweeps or list(SWEEPS)
        needs_build = not options.small and not CONTROLLED_BY_BUILD.isdisjoint(names)
        control = build_control() if needs_build else None
        for name in names:
            started = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="durability-", dir=BUILD) as root:
                outcome = SWEEPS[name](size, Path(root), control)
            line = {"sweep": name, "seconds": round(time.monotonic() - started, 1)}
            line |= {"figures": outcome.figures, "control": outcome.control}
            line |= {"verdict": "green" if outcome.green else "red"}
            print(json.dumps(line), flush=True)
            green &= outcome.green
    except UnableError as error:
        print(f"durability: {error}", file=sys.stderr)
        return 2
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
