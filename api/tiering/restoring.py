"""Rebuilds the data of a cluster whose disk is gone."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from api.tiering.uploader import LOCK
from control_plane.kit.ids import new_id
from control_plane.provisioning.engines.native_data import CATALOG as CATALOG_NAME
from control_plane.provisioning.engines.native_data import (
    has_data,
    put_aside,
    put_in_place,
    require_sound,
    stopped_broker,
)
from control_plane.provisioning.engines.native_directory import NativeDirectory
from control_plane.provisioning.errors import DataExistsError
from control_plane.provisioning.file_locks import exclusive
from control_plane.provisioning.files import write_atomically
from data_plane.tiering.bucket import Bucket
from data_plane.tiering.documents import FORMAT, Edition
from data_plane.tiering.download import Downloaded, download
from data_plane.tiering.editions import Editions
from data_plane.tiering.errors import UploaderRunningError
from data_plane.tiering.layout import Layout
from data_plane.tiering.lineage import MARK, Mark, encode_mark

ATTEMPT = "restore"
"""Where the data is gathered. As long as it is there a restore is not over."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now, and where what was there before lies."""

    edition: Edition
    downloaded: Downloaded
    aside: Path | None


def restore(
    bucket: Bucket,
    layout: Layout,
    directory: NativeDirectory,
    broker: Path,
    *,
    number: int | None,
    replace: bool,
) -> Restored:
    """Put the data of an edition, the newest without a number, where the cluster's broker looks.

    Every byte is compared with its checksum, and then looked through by the broker's program,
    before anything is put in place. What was interrupted goes on. Raises DataExistsError where
    there is data, unless it is to be put aside, and BrokerRunningError.
    """
    editions = Editions(bucket, layout)
    edition = editions.pick(number)
    newest = edition if number is None else editions.pick(None)
    directory.create()
    path, attempt = directory.path, directory.path / ATTEMPT
    with stopped_broker(path), exclusive(path / LOCK) as is_held:
        if not is_held:
            raise UploaderRunningError("another process uploads or restores this cluster")
        is_half = attempt.exists() and not (path / CATALOG_NAME).exists()
        if has_data(path) and not (replace or is_half):
            raise DataExistsError(
                f"there is data in {path}: nothing is put over it; with --replace it is put aside"
            )
        downloaded = download(bucket, layout, edition, attempt)
        require_sound(broker, attempt)
        aside = None
        if has_data(path):
            aside = path / new_id("replaced")
            put_aside(path, aside)
        # With the number of the newest edition: the next one is this directory's.
        mark = Mark(FORMAT, newest.lineage, newest.number)
        write_atomically(path / MARK, encode_mark(mark))
        put_in_place(attempt, path)
        shutil.rmtree(attempt)
    return Restored(edition, downloaded, aside)
