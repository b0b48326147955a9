"""Uploads the clusters of a machine, one after the other, again and again."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import structlog

from api.tiering.metrics import UploaderMetrics
from control_plane.kit.clock import Clock
from control_plane.kit.errors import AppError
from control_plane.kit.ids import new_id
from control_plane.provisioning.engines.native_directory import NativeDirectory
from control_plane.provisioning.engines.native_twins import remove_twins, twin
from control_plane.provisioning.errors import ClusterNotRunningError
from control_plane.provisioning.file_locks import exclusive
from control_plane.provisioning.files import write_atomically
from data_plane.tiering.bucket import Bucket
from data_plane.tiering.documents import Edition
from data_plane.tiering.editions import Editions
from data_plane.tiering.errors import TieringError, UploaderRunningError
from data_plane.tiering.layout import Layout
from data_plane.tiering.limits import SWEEP_SECONDS
from data_plane.tiering.lineage import MARK, Mark, decode_mark, encode_mark, next_mark
from data_plane.tiering.sweep import Sweep
from data_plane.tiering.upload import Sent, Twin, Upload

LOCK = "tier.lock"

_logger = structlog.stdlib.get_logger("tier")


@dataclass(frozen=True, slots=True)
class Uploading:
    """What is uploaded, and what of it is kept for how long."""

    clusters_dir: Path
    prefix: str
    keep_days: int


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of one cluster: an edition, or why there is none."""

    cluster_id: str
    edition: Edition | None = None
    sent: Sent | None = None
    code: str | None = None
    detail: str | None = None


class Uploader:
    """Copies clusters whose brokers run on this machine. What it was killed in does no harm."""

    def __init__(
        self, uploading: Uploading, bucket: Bucket, clock: Clock, metrics: UploaderMetrics
    ) -> None:
        self._uploading = uploading
        self._bucket = bucket
        self._clock = clock
        self._metrics = metrics
        self._swept_at: dict[str, float] = {}

    def run(self, stopping: Event, *, interval_seconds: float, only: Collection[str]) -> None:
        """Pass over the clusters until `stopping` is set."""
        while not stopping.is_set():
            self.pass_over(stopping, only)
            stopping.wait(interval_seconds)

    def pass_over(self, stopping: Event, only: Collection[str]) -> list[Passed]:
        """Upload every cluster once, or only some; return what came of each."""
        found = self._clusters()
        self._metrics.keep(frozenset(found))
        missing = [
            Passed(one, code="cluster_unknown", detail="it is not on this machine")
            for one in only
            if one not in found
        ]
        wanted = [one for one in found if not only or one in only]
        passed = [self._pass(one, stopping) for one in wanted if not stopping.is_set()]
        return [*missing, *passed]

    def _clusters(self) -> list[str]:
        """Return the ids of the native clusters of this machine."""
        root = self._uploading.clusters_dir
        directories = root.iterdir() if root.is_dir() else ()
        return sorted(one.name for one in directories if NativeDirectory(one).config_file.exists())

    def _pass(self, cluster_id: str, stopping: Event) -> Passed:
        try:
            edition, sent = self._upload(cluster_id, stopping)
        except ClusterNotRunningError as error:
            # What a paused cluster has is what its last edition has, or comes with the next one.
            return Passed(cluster_id, code=error.code, detail=error.detail)
        except (TieringError, AppError, OSError) as error:
            code = error.code if isinstance(error, TieringError | AppError) else "files_failed"
            _logger.warning("not_uploaded", cluster_id=cluster_id, code=code, reason=str(error))
            self._metrics.failed(code)
            return Passed(cluster_id, code=code, detail=str(error))
        return Passed(cluster_id, edition=edition, sent=sent)

    def _upload(self, cluster_id: str, stopping: Event) -> tuple[Edition, Sent]:
        path = self._uploading.clusters_dir / cluster_id
        layout = Layout(self._uploading.prefix, cluster_id)
        with exclusive(path / LOCK) as is_held:
            if not is_held:
                raise UploaderRunningError("another process uploads this cluster")
            checks = self._is_sweep_due(cluster_id)
            before = Editions(self._bucket, layout).newest()
            if before is not None:
                self._metrics.newest(cluster_id, before.taken_at_ms)
            mark = next_mark(_read_mark(path), before, new_id("tier"))
            remove_twins(path)
            self._bucket.abandon_uploads(layout.root)
            with twin(path) as report:
                # Written first: an edition that nobody heard of any more is still this directory's.
                write_atomically(path / MARK, encode_mark(mark))
                made = Twin(report.path, report.taken_at_ms, report.topics, report.partitions)
                upload = Upload(self._bucket, layout, checks=checks, stopping=stopping)
                edition, sent = upload.run(made, before, number=mark.number, lineage=mark.lineage)
            self._metrics.newest(cluster_id, edition.taken_at_ms)
            self._metrics.uploaded(sent)
            _logger.info(
                "uploaded",
                cluster_id=cluster_id,
                edition=edition.number,
                files=sent.files,
                bytes=sent.bytes,
                known_files=sent.known_files,
            )
            if checks:
                self._sweep(cluster_id, layout)
        return edition, sent

    def _is_sweep_due(self, cluster_id: str) -> bool:
        """Whether the copy is to be looked through: at first, and then each hour."""
        last = self._swept_at.get(cluster_id)
        return last is None or self._clock.monotonic() - last >= SWEEP_SECONDS

    def _sweep(self, cluster_id: str, layout: Layout) -> None:
        sweep = Sweep(
            self._bucket, layout, now=self._clock.now(), keep_days=self._uploading.keep_days
        )
        swept = sweep.run()
        self._swept_at[cluster_id] = self._clock.monotonic()
        self._metrics.removed(swept.bytes)
        if swept.objects or swept.editions:
            _logger.info(
                "swept",
                cluster_id=cluster_id,
                editions=swept.editions,
                objects=swept.objects,
                bytes=swept.bytes,
            )


def _read_mark(path: Path) -> Mark | None:
    mark = path / MARK
    return decode_mark(mark.read_bytes()) if mark.exists() else None
