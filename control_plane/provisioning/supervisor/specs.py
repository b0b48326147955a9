"""The durable record of what should run."""

import json
import logging
from pathlib import Path

from control_plane.provisioning.files import sync_directory, write_atomically
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
        content = json.dumps(to_json(spec), indent=1).encode()
        write_atomically(self._path(spec.process_id), content)

    def delete(self, process_id: str) -> None:
        self._path(process_id).unlink(missing_ok=True)
        sync_directory(self._directory)

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
