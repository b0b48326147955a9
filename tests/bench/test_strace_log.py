"""The judge of the proof ack-after-sync sees an answer that came too early."""

from __future__ import annotations

import pytest

from bench.proofs.produce_frames import marker
from bench.proofs.strace_log import escaped, parse, synced_before_answer

CORRELATION = 0x5A000001
LOG = "/data/synced-0/0.log"
SOCKET = "TCP:[127.0.0.1:9092->127.0.0.1:40000]"
BATCH = escaped(b"batch" + marker(CORRELATION) + b"\x00")
ANSWER = escaped((30).to_bytes(4) + CORRELATION.to_bytes(4) + b"\x00")

APPEND = f'7 pwrite64(9<{LOG}>, "{BATCH}", 71, 0) = 71'
SYNC = f"8 fdatasync(9<{LOG}>) = 0"
REPLY = f'7 sendto(5<{SOCKET}>, "{ANSWER}", 34, MSG_NOSIGNAL, NULL, 0) = 34'


def in_order(*lines: str) -> bool:
    return synced_before_answer(parse("\n".join(lines)), CORRELATION)


def test_append_sync_answer_is_in_order() -> None:
    assert in_order(APPEND, SYNC, REPLY)


def test_an_answer_before_the_sync_is_too_early() -> None:
    assert not in_order(APPEND, REPLY, SYNC)


def test_an_answer_without_any_sync_is_too_early() -> None:
    assert not in_order(APPEND, REPLY)


def test_a_sync_that_began_before_the_append_does_not_cover_it() -> None:
    begun = f"8 fdatasync(9<{LOG}> <unfinished ...>"
    ended = "8 <... fdatasync resumed>) = 0"
    assert not in_order(begun, APPEND, ended, REPLY)
    assert in_order(APPEND, begun, ended, REPLY)


def test_a_sync_that_has_not_returned_does_not_count() -> None:
    begun = f"8 fdatasync(9<{LOG}> <unfinished ...>"
    ended = "8 <... fdatasync resumed>) = 0"
    assert not in_order(APPEND, begun, REPLY, ended)
    assert not in_order(APPEND, begun, REPLY)


def test_a_write_that_has_not_returned_is_not_covered_by_a_sync() -> None:
    begun = f'7 pwrite64(9<{LOG}>, "{BATCH}", 71, 0 <unfinished ...>'
    ended = "7 <... pwrite64 resumed>) = 71"
    assert not in_order(begun, SYNC, ended, REPLY)
    assert in_order(begun, ended, SYNC, REPLY)


def test_a_failed_sync_does_not_count() -> None:
    failed = f"8 fdatasync(9<{LOG}>) = -1 EIO (Input/output error)"
    assert not in_order(APPEND, failed, REPLY)


def test_a_failed_write_is_no_append() -> None:
    failed = f'7 pwrite64(9<{LOG}>, "{BATCH}", 71, 0) = -1 ENOSPC (No space left on device)'
    assert in_order(failed, APPEND, SYNC, REPLY)
    with pytest.raises(AssertionError, match="never written to a file"):
        in_order(failed, SYNC, REPLY)


def test_a_sync_of_another_file_does_not_count() -> None:
    assert not in_order(APPEND, SYNC.replace("0.log", "0.index"), REPLY)


def test_paths_are_read_as_strace_escapes_them() -> None:
    path = escaped(LOG.encode())
    assert in_order(APPEND.replace(LOG, path), SYNC.replace(LOG, path), REPLY)


def test_the_number_deep_inside_an_answer_is_not_its_own() -> None:
    other = escaped((30).to_bytes(4) + b"\x00" * 60 + CORRELATION.to_bytes(4))
    stray = f'7 sendto(5<{SOCKET}>, "{other}", 34, MSG_NOSIGNAL, NULL, 0) = 34'
    assert in_order(APPEND, stray, SYNC, REPLY)


def test_a_record_that_was_never_answered_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="never written to a socket"):
        in_order(APPEND, SYNC)
