"""`make bench-broker`: measure both brokers, judge, and write docs/benchmarks.md and its plot.

`--quick` shows in two minutes that everything works and writes nothing into docs. Names of groups
select; what is selected is printed and not written either.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.broker.groups import GROUPS, LONG, judge, measure
from bench.broker.page import Run, write
from bench.broker.session import say
from bench.broker.size import FULL, QUICK
from bench.proofs.report import commit, machine
from tools.paths import BUILD


def main(arguments: list[str]) -> int:
    """Run and tell; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench-broker", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join([*GROUPS, *LONG])}")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--dir", type=Path, help="the file system that is measured")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.groups if name not in GROUPS | LONG]
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}")
    size = QUICK if options.quick else FULL
    proved = commit()
    root: Path = options.dir or BUILD
    root.mkdir(parents=True, exist_ok=True)
    found = measure(options.groups or list(GROUPS), size, root)
    run = Run.of(found, commit=proved, machine=machine(), size=size.name)
    bars = judge(found)
    print(json.dumps({**run.as_json(), "bars": [bar.as_json() for bar in bars]}, indent=2))
    for bar in bars:
        say(f"{'kept  ' if bar.kept else 'MISSED'} {bar.what}: {bar.figure}")
    if not options.quick and not options.groups:
        write(run, bars)
    return 0 if all(bar.kept for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
