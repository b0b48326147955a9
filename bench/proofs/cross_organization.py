"""Nobody learns what another has: every advertised API in every version, over the raw protocol.

A cluster is one organization's, so what separates organizations inside a broker is what separates
principals without rights. The questions are the broker's own tests (`tests/acls/matrix.rs`): a
principal without rights asks about a topic, a group, a transactional id and a topic id that are
there, and about others that are not. The control asks the same with every right: each question
must then give something away, so that a check that is missing would be seen.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from bench.proofs.report import Finding
from tools.paths import BROKER

REPORTS = BROKER / "target" / "tmp"
APIS_MIN, QUESTIONS_MIN = 40, 150


def prove() -> Finding:
    """Run the matrix and its control, and count."""
    for name in ("matrix", "matrix-control"):
        (REPORTS / f"{name}.json").unlink(missing_ok=True)
    command = ["cargo", "test", "--locked", "--package", "headrace-broker", "--test", "acls"]
    done = subprocess.run(
        [*command, "matrix"], cwd=BROKER, capture_output=True, text=True, check=False
    )
    matrix, control = _read("matrix"), _read("matrix-control")
    return Finding(
        figures={**matrix, "exit_status": done.returncode, "negative_control": control},
        bar={"leaks": 0, "exit_status": 0, "apis_min": APIS_MIN, "questions_min": QUESTIONS_MIN},
        passed=(
            done.returncode == 0
            and matrix["leaks"] == 0
            and matrix["apis"] >= APIS_MIN
            and matrix["questions"] >= QUESTIONS_MIN
        ),
        control_red=control["that_notice_nothing"] == 0,
    )


def _read(name: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))
    return report
