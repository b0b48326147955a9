"""What a proof found, as one JSON line and as a file in docs/proofs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.paths import ROOT

PROOFS = ROOT / "docs" / "proofs"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Figures against bars. `control_red` tells that the negative control failed as it must."""

    figures: dict[str, Any]
    bar: dict[str, Any]
    passed: bool
    control_red: bool | None = None
    notes: list[str] = field(default_factory=list[str])

    @property
    def green(self) -> bool:
        return self.passed and self.control_red is not False


def machine() -> dict[str, Any]:
    """Which kind of machine the figures are of."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "python": platform.python_version(),
    }


def commit() -> str:
    """The commit that was proved, marked when the work tree differs from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return described.stdout.strip()


def publish(name: str, finding: Finding, proved: str, directory: Path = PROOFS) -> str:
    """Keep what was found of the commit `proved` in docs/proofs; return it as one JSON line."""
    line = {
        "check": name,
        "commit": proved,
        "at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "machine": machine(),
        "figures": finding.figures,
        "bar": finding.bar,
        "control_red": finding.control_red,
        "notes": finding.notes,
        "verdict": "green" if finding.green else "red",
    }
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(line, indent=2) + "\n", encoding="utf-8")
    return json.dumps(line)
