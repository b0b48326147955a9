"""Uploading, sweeping, verifying and downloading, on a bucket in memory that can fail."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_plane.tiering.bucket import Stored
from data_plane.tiering.documents import Edition
from data_plane.tiering.download import download
from data_plane.tiering.editions import Editions
from data_plane.tiering.errors import (
    BucketUnavailableError,
    ObjectDamagedError,
    ObjectMissingError,
)
from data_plane.tiering.layout import Layout
from data_plane.tiering.sweep import Sweep, Swept
from data_plane.tiering.upload import Sent, Twin, Upload
from data_plane.tiering.verify import verify

LAYOUT = Layout("", "lkc_1")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


class MemoryBucket:
    """Objects with the time at which they were written; dies after so many writes."""

    def __init__(self) -> None:
        self.now = BEGAN
        self.writes_left = 1_000_000
        self._objects: dict[str, tuple[bytes, datetime]] = {}

    @property
    def contents(self) -> dict[str, bytes]:
        return {key: content for key, (content, _) in self._objects.items()}

    def list(self, prefix: str) -> Iterator[Stored]:
        for key, (content, at) in sorted(self._objects.items()):
            if key.startswith(prefix):
                yield Stored(key, len(content), at)

    def read(self, key: str) -> Iterator[bytes]:
        if key not in self._objects:
            raise ObjectMissingError(key)
        yield self._objects[key][0]

    def put(self, key: str, content: bytes) -> None:
        if self.writes_left == 0:
            raise BucketUnavailableError("it is away")
        self.writes_left -= 1
        self._objects[key] = (content, self.now)

    def upload(self, key: str, path: Path) -> None:
        self.put(key, path.read_bytes())

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._objects.pop(key, None)

    def abandon_uploads(self, prefix: str) -> None:
        raise AssertionError(f"nothing of {prefix} is uploaded in parts")


def data(path: Path, segments: dict[str, bytes]) -> Twin:
    """Write a data directory whose segments have another name elsewhere, as twins' have."""
    topic, elsewhere = path / "topics" / "t-0", path.with_name(f"{path.name}-broker")
    topic.mkdir(parents=True)
    elsewhere.mkdir()
    (path / "topics.catalog").write_bytes(b"catalog")
    for name, content in segments.items():
        (elsewhere / name).write_bytes(content)
        os.link(elsewhere / name, topic / name)
    return Twin(path, 5, 1, 1)


def upload(bucket: MemoryBucket, twin: Twin, *, checks: bool = False) -> tuple[Edition, Sent]:
    before = Editions(bucket, LAYOUT).newest()
    number = 1 if before is None else before.number + 1
    return Upload(bucket, LAYOUT, checks=checks).run(twin, before, number=number, lineage="l")


def sweep(bucket: MemoryBucket, keep_days: int) -> Swept:
    return Sweep(bucket, LAYOUT, now=bucket.now, keep_days=keep_days).run()


def files(path: Path) -> dict[str, bytes]:
    found = (one for one in path.rglob("*") if one.is_file())
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in found}


def test_a_pass_that_dies_at_any_write_changes_nothing_that_is_read(tmp_path: Path) -> None:
    first = data(tmp_path / "first", {"00.log": b"one"})
    second = data(tmp_path / "second", {"00.log": b"one", "07.log": b"two"})
    for writes in range(100):
        bucket = MemoryBucket()
        edition, _ = upload(bucket, first)
        bucket.writes_left = writes
        try:
            upload(bucket, second)
        except BucketUnavailableError:
            assert Editions(bucket, LAYOUT).newest() == edition
            bucket.writes_left = 1_000_000
            upload(bucket, second)
        else:
            assert writes == 3, "a segment, an index, the edition"
            break
        newest = Editions(bucket, LAYOUT).pick(None)
        assert verify(bucket, LAYOUT, newest).problems_count == 0
        target = tmp_path / f"target-{writes}"
        download(bucket, LAYOUT, newest, target)
        assert files(target) == files(second.path)


def test_what_was_sent_is_neither_sent_nor_read_again(tmp_path: Path) -> None:
    bucket = MemoryBucket()
    twin = data(tmp_path / "twin", {"00.log": b"one", "07.log": b"two"})
    _, sent = upload(bucket, twin)
    assert (sent.files, sent.segments, sent.known_files) == (3, 2, 0)
    segment = twin.path / "topics" / "t-0" / "00.log"
    known = segment.stat()
    segment.write_bytes(b"ONE")
    os.utime(segment, ns=(known.st_atime_ns, known.st_mtime_ns))
    _, sent = upload(bucket, twin)
    assert (sent.files, sent.known_files) == (0, 3), "by inode and time it is the same file"


def test_what_was_lost_in_the_bucket_is_sent_again_by_a_pass_that_checks(tmp_path: Path) -> None:
    bucket = MemoryBucket()
    twin = data(tmp_path / "twin", {"00.log": b"one"})
    edition, _ = upload(bucket, twin)
    lost = next(key for key in bucket.contents if "00.log" in key)
    bucket.delete([lost])
    assert [one.kind for one in verify(bucket, LAYOUT, edition).problems] == ["missing"]
    upload(bucket, twin)
    assert lost not in bucket.contents
    upload(bucket, twin, checks=True)
    assert verify(bucket, LAYOUT, Editions(bucket, LAYOUT).pick(None)).problems_count == 0


def test_a_sweep_removes_what_no_kept_edition_has(tmp_path: Path) -> None:
    bucket = MemoryBucket()
    upload(bucket, data(tmp_path / "old", {"00.log": b"one"}))
    bucket.now += timedelta(days=1)
    later = data(tmp_path / "new", {"07.log": b"two"})
    for _ in range(3):
        upload(bucket, later)
    stray = f"{LAYOUT.directory('topics/gone-0')}00.log.{'a' * 64}"
    bucket.put(stray, b"of a pass that died")
    assert sweep(bucket, 0).objects == 0, "what is young may belong to a pass under way"
    bucket.now += timedelta(days=2)
    swept = sweep(bucket, 7)
    assert (swept.editions, swept.objects) == (0, 1), "a deleted segment can be had back for a week"
    bucket.now += timedelta(days=8)
    upload(bucket, later)
    swept = sweep(bucket, 7)
    assert (swept.editions, swept.bytes > 0) == (2, True)
    kept = [one.name.number for one in Editions(bucket, LAYOUT).list()]
    assert kept == [3, 4, 5]
    assert not [key for key in bucket.contents if "00.log" in key]
    for number in kept:
        edition = Editions(bucket, LAYOUT).pick(number)
        assert verify(bucket, LAYOUT, edition).problems_count == 0


def test_a_download_keeps_what_is_whole_and_refuses_what_is_damaged(tmp_path: Path) -> None:
    bucket = MemoryBucket()
    twin = data(tmp_path / "twin", {"00.log": b"one", "07.log": b"two"})
    edition, _ = upload(bucket, twin)
    patched = next(key for key in bucket.contents if "07.log" in key)
    sound = bucket.contents[patched]
    bucket.put(patched, b"tvo")
    target = tmp_path / "target"
    with pytest.raises(ObjectDamagedError, match=r"07\.log"):
        download(bucket, LAYOUT, edition, target)
    assert not (target / "topics" / "t-0" / "07.log").exists()
    bucket.put(patched, sound)
    done = download(bucket, LAYOUT, edition, target)
    assert done.kept_files == 2
    assert files(target) == files(twin.path)
