"""Lines of a file or a pipe, grouped for sending: as many as have come in, up to a bound."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from headrace.cli.record_lines import LineError, lines_of
from headrace.records import BATCH_BYTES_MAX, BATCH_RECORDS_MAX, NewRecord, encode

LINES_AHEAD_MAX = 2_000


class Line(msgspec.Struct, frozen=True):
    """A line: its number from 1, its bytes, and its document or what is wrong with it."""

    number: int
    size: int
    document: bytes | None = None
    error: str | None = None


def line_batches(source: BinaryIO, parse: Callable[[bytes], NewRecord]) -> Iterator[list[Line]]:
    """Yield batches while a thread reads ahead: what is there is sent, without waiting for more."""
    ahead: queue.Queue[Line | None] = queue.Queue(LINES_AHEAD_MAX)
    threading.Thread(target=_read, args=(source, parse, ahead), daemon=True).start()
    has_ended = False
    while not has_ended:
        batch, has_ended = _take(ahead)
        if batch:
            yield batch


def _take(ahead: "queue.Queue[Line | None]") -> tuple[list[Line], bool]:
    """Wait for a line, then take what is there; also say whether that was the end."""
    batch: list[Line] = []
    size = 0
    while len(batch) < BATCH_RECORDS_MAX and size < BATCH_BYTES_MAX:
        if batch and ahead.empty():
            break
        line = ahead.get()
        if line is None:
            return batch, True
        batch.append(line)
        size += line.size
    return batch, False


def _read(
    source: BinaryIO, parse: Callable[[bytes], NewRecord], ahead: "queue.Queue[Line | None]"
) -> None:
    number = 0
    try:
        for content in lines_of(source):
            number += 1
            ahead.put(_line(number, content, parse))
    except (LineError, OSError) as error:
        ahead.put(Line(number + 1, 0, error=f"{error}; nothing after it was read"))
    finally:
        ahead.put(None)


def _line(number: int, content: bytes, parse: Callable[[bytes], NewRecord]) -> Line:
    size = len(content) + 1
    try:
        return Line(number, size, document=encode(parse(content)))
    except LineError as error:
        return Line(number, size, error=str(error))
