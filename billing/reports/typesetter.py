"""The process that typesets one document: JSON on standard input, PDF on standard output.

It asks no network and reads no file but its template (and fonts), and is ended when it takes more
than it may. `pdf.py` starts it.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, datetime, time
from pathlib import Path

import typst

TEMPLATE = Path(__file__).parent / "daily.typ"
STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]
"""Kept for years (PDF/A) and read aloud (PDF/UA)."""

CPU_SECONDS_MAX = 20
MEMORY_BYTES_MAX = 2**30


def typeset(document: bytes) -> bytes:
    """Lay out a document; the same one gives the same bytes, dated by the report's own day.

    Letters that typst's own fonts lack (names may be in any script) are taken from fonts of the
    machine. The standards forbid letters that no font has, so then the document does without them.
    """
    try:
        return _compile(document, STANDARDS, only_own_fonts=True)
    except typst.TypstError:
        return _compile(document, [], only_own_fonts=False)


def _compile(document: bytes, standards: list[typst.PDFStandard], *, only_own_fonts: bool) -> bytes:
    day = datetime.combine(datetime.fromisoformat(json.loads(document)["date"]), time(), UTC)
    return typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        ignore_system_fonts=only_own_fonts,
        format="pdf",
        sys_inputs={"report": document.decode()},
        pdf_standards=standards,
        timestamp=day,
    )


def main() -> None:
    """Bound this process, then do the work."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    sys.stdout.buffer.write(typeset(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
