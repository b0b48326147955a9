"""Makes PDFs in processes of their own, a few at a time.

Inside of this one a typesetter could not be stopped, and its memory would be this one's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from os import pathsep

from billing.reports.document import document
from billing.reports.errors import ReportBusyError, ReportTimeoutError
from billing.reports.report import DailyReport

TYPESETTERS_MAX = 2
WAIT_SECONDS_MAX = 10.0
TYPESET_SECONDS_MAX = 30.0
RETRY_SECONDS = 5
SAID_CHARACTERS_MAX = 2_000

COMMAND = [sys.executable, "-P", "-m", "billing.reports.typesetter"]


class PdfRenderer:
    """Renders reports as PDF; safe to use from many threads."""

    def __init__(
        self,
        *,
        typesetters_max: int = TYPESETTERS_MAX,
        wait_seconds: float = WAIT_SECONDS_MAX,
        typeset_seconds: float = TYPESET_SECONDS_MAX,
    ) -> None:
        self._free = threading.BoundedSemaphore(typesetters_max)
        self._wait_seconds = wait_seconds
        self._typeset_seconds = typeset_seconds

    def render(self, report: DailyReport) -> bytes:
        """The document; the same report gives the same bytes.

        Raises ReportBusyError and ReportTimeoutError.
        """
        given = json.dumps(document(report), ensure_ascii=False).encode()
        if not self._free.acquire(timeout=self._wait_seconds):
            raise ReportBusyError(
                "other documents are being typeset",
                advice="try again in a moment, or ask for format=html",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        try:
            return self._typeset(given)
        finally:
            self._free.release()

    def _typeset(self, given: bytes) -> bytes:
        try:
            done = subprocess.run(
                COMMAND,
                input=given,
                capture_output=True,
                env=_environment(),
                timeout=self._typeset_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ReportTimeoutError(
                f"the document was not ready after {self._typeset_seconds:.0f} seconds",
                advice="ask for one cluster by cluster_id, or for format=html",
                headers={"Retry-After": str(RETRY_SECONDS)},
            ) from error
        if done.returncode != 0:
            raise TypesettingError(done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout


def _environment() -> dict[str, str]:
    """Where modules are found; nothing of this process's settings is a typesetter's business."""
    return {"PYTHONPATH": pathsep.join(path for path in sys.path if path)}


class TypesettingError(Exception):
    """The typesetter failed: a defect of the template, or a limit of its process."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"the typesetter ended with {code}: {said.strip()[-SAID_CHARACTERS_MAX:]}")
