"""Who may call what: every described route, every role, ids of its own, of others, of nothing.

The answers are held against the table of docs/roles.md. The controls take one check away each:
roles are not asked, one action is open to all, rows are not asked whose they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.proofs.report import Finding
from tests.api.authorization.controls import CONTROLS
from tests.api.authorization.matrix import Matrix
from tests.api.authorization.oracle import read_oracle
from tests.api.authorization.routes import all_routes
from tests.fixtures.clocks import ManualClock
from tests.fixtures.planes import plain_logs
from tests.fixtures.service import Service, build_service

ROUTES_MIN, CALLS_MIN = 40, 1_000


def prove() -> Finding:
    """Run the matrix, and again with each check missing."""
    routes, oracle = all_routes(), read_oracle()
    with _service() as service:
        tally = Matrix(service, oracle).run(routes)
    missed: list[str] = []
    found: dict[str, int] = {}
    for control in CONTROLS:
        with _service() as service:
            matrix = Matrix(service, oracle)
            with control():
                wrong = matrix.run([route for route in routes if route.is_read]).wrong
        found[control.__name__] = len(wrong)
        if not wrong:
            missed.append(control.__name__)
    return Finding(
        figures={**tally.figures(), "negative_controls": found},
        bar={"wrong": 0, "routes_min": ROUTES_MIN, "calls_min": CALLS_MIN},
        passed=(not tally.wrong and len(tally.routes) >= ROUTES_MIN and tally.calls >= CALLS_MIN),
        control_red=not missed,
    )


@contextmanager
def _service() -> Generator[Service]:
    with tempfile.TemporaryDirectory() as directory, plain_logs():
        data_dir = Path(directory)
        url = f"sqlite:///{data_dir / 'authorization.db'}"
        service = build_service(url, data_dir, ManualClock())
        try:
            yield service
        finally:
            service.close()
