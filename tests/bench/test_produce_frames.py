"""The proof's own frames are what Kafka's definitions say."""

from __future__ import annotations

from bench.proofs.produce_frames import batch, crc32c, marker, produce_frame


def test_the_checksum_is_castagnolis() -> None:
    # RFC 3720, B.4, and the customary check value.
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_a_batch_holds_its_length_and_checksum() -> None:
    made = batch(b"value")
    assert int.from_bytes(made[8:12]) == len(made) - 12
    assert made[16] == 2
    assert int.from_bytes(made[17:21]) == crc32c(made[21:])
    assert b"value" in made


def test_a_frame_tells_its_length_and_correlation() -> None:
    frame = produce_frame(0x5A000001, "topic", marker(0x5A000001))
    assert int.from_bytes(frame[:4]) == len(frame) - 4
    assert int.from_bytes(frame[8:12]) == 0x5A000001
    assert frame.count(marker(0x5A000001)) == 1
