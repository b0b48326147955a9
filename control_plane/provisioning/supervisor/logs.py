"""The supervisor's own log, and the bound on the logs that its processes write."""

import json
import logging
import logging.handlers
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from control_plane.provisioning.supervisor.limits import (
    LOG_TAIL_BYTES,
    PROCESS_LOG_BYTES_MAX,
    SUPERVISOR_LOG_BYTES_MAX,
)

_STANDARD_ATTRIBUTES = frozenset(
    vars(logging.LogRecord("", 0, "", 0, "", (), None)) | {"message": None, "taskName": None}
)


class JsonLines(logging.Formatter):
    """One JSON object for each event, extra fields beside the standard ones."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {k: v for k, v in vars(record).items() if k not in _STANDARD_ATTRIBUTES}
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **fields,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def open_log(path: Path) -> None:
    """Send the log of this process to ``path``, of which at most two generations are kept."""
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=SUPERVISOR_LOG_BYTES_MAX, backupCount=1, encoding="utf-8"
    )
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def bound_log(path: Path) -> None:
    """Move a log that has grown too long aside; its writer appends, so it may stay open.

    Lines written between the copy and the truncation are lost.
    """
    try:
        if path.stat().st_size <= PROCESS_LOG_BYTES_MAX:
            return
    except FileNotFoundError:
        return
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)


def last_line(path: Path) -> str:
    """Return the last line of a log, as far as it fits in a message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = file.read(LOG_TAIL_BYTES).decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
