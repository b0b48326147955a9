"""The durable record of what should run."""

import json
import logging
import os
from pathlib import Path

from control_plane.provisioning.process import (
    InvalidSpecError,
    ProcessSpec,
    spec_from_json,
    to_json,
)
from control_plane.provisioning.supervisor.limits import MESSAGE_BYTES_MAX

_logger = logging.getLogger(__name__)


class SpecStore:
    """One file for each process, replaced atomically and synced before a call returns."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, spec: ProcessSpec) -> None:
        path = self._path(spec.process_id)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(to_json(spec), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self._sync_directory()

    def delete(self, process_id: str) -> None:
        self._path(process_id).unlink(missing_ok=True)
        self._sync_directory()

    def load(self) -> list[ProcessSpec]:
        """Read every spec; one that can not be read is kept as it is, logged and left out."""
        return [
            spec
            for path in sorted(self._directory.glob("*.json"))
            if (spec := self._read(path)) is not None
        ]

    def _read(self, path: Path) -> ProcessSpec | None:
        try:
            with path.open("rb") as file:
                return spec_from_json(json.loads(file.read(MESSAGE_BYTES_MAX)))
        except (OSError, ValueError, InvalidSpecError):
            _logger.exception("spec unreadable", extra={"path": str(path)})
            return None

    def _path(self, process_id: str) -> Path:
        return self._directory / f"{process_id}.json"

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
