"""The scan of the proof usage-bytes reads what Kafka's format says, and nothing that is torn."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from kafka.record import MemoryRecordsBuilder

from bench.proofs.log_scan import Log, ScanError, batches, scan

TOPIC = bytes(range(16))
TOPIC_ID = "AAECAwQFBgcICQoLDA0ODw"
BASE_OFFSET = struct.Struct(">q")
ATTRIBUTES_AT = 21


def batch(first_offset: int, *values: bytes) -> bytes:
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1 << 20)
    for value in values:
        builder.append(timestamp=None, key=None, value=value)
    builder.close()
    return BASE_OFFSET.pack(first_offset) + builder.buffer()[BASE_OFFSET.size :]


def segment(*parts: bytes, partition: int = 3) -> bytes:
    header = b"HRSG" + bytes(4) + TOPIC + partition.to_bytes(4)
    return header.ljust(64, b"\0") + b"".join(parts)


def test_counts_bytes_and_records_of_every_segment(tmp_path: Path) -> None:
    first, second = batch(0, b"one", b"two"), batch(2, b"three")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / f"{0:020}.log").write_bytes(segment(first))
    (tmp_path / "p" / f"{2:020}.log").write_bytes(segment(second))
    (tmp_path / "broker.log").write_text("no segment")
    expected = Log(first_offset=0, next_offset=3, size_bytes=len(first) + len(second), records=3)
    assert scan(tmp_path, {TOPIC_ID}) == {(TOPIC_ID, 3): expected}
    assert scan(tmp_path, {"another"}) == {}


def test_a_transaction_marker_takes_an_offset_and_counts_nothing(tmp_path: Path) -> None:
    marker = bytearray(batch(1, b"marker"))
    marker[ATTRIBUTES_AT + 1] |= 0x30
    (tmp_path / f"{0:020}.log").write_bytes(segment(batch(0, b"one"), bytes(marker)))
    expected = Log(first_offset=0, next_offset=2, size_bytes=len(batch(0, b"one")), records=1)
    assert scan(tmp_path, {TOPIC_ID}) == {(TOPIC_ID, 3): expected}


def test_a_gap_between_batches_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{0:020}.log").write_bytes(segment(batch(0, b"one"), batch(2, b"three")))
    with pytest.raises(ScanError, match="offset 2 where 1 is due"):
        scan(tmp_path, {TOPIC_ID})


@pytest.mark.parametrize("cut", [1, 40])
def test_a_torn_batch_is_told(cut: int) -> None:
    with pytest.raises(ScanError, match="torn"):
        list(batches(segment(batch(0, b"one")[:-cut])))
