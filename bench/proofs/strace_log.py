"""Reads what `strace -f -yy -xx` saw, in the order it saw it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.proofs.produce_frames import marker

WHOLE = re.compile(r"^(\d+) +(\w+)\(\d+<(.*?)>[,)](.*)$")
UNFINISHED = re.compile(r"^(\d+) +(\w+)\(\d+<(.*?)>(.*)<unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
BYTE = re.compile(r"\\x([0-9a-f]{2})")
RESULT = re.compile(r"= (-?\d+)")


@dataclass(kw_only=True)
class Call:
    """One system call: the lines on which it was entered and left, its file and its bytes."""

    name: str
    path: str
    text: str
    entered: int
    left: int
    succeeded: bool

    @property
    def is_file(self) -> bool:
        return self.path.startswith("/")

    @property
    def failed(self) -> bool:
        """Whether it returned an error, which a call that never returned did not."""
        return self.left >= 0 and not self.succeeded


def parse(log: str) -> list[Call]:
    """Every call of the log; one that never returned counts as failed."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for number, line in enumerate(log.splitlines()):
        if begun := UNFINISHED.match(line):
            process, name, path, text = begun.groups()
            call = Call(
                name=name, path=_plain(path), text=text, entered=number, left=-1, succeeded=False
            )
            open_calls[process] = call
            calls.append(call)
        elif ended := RESUMED.match(line):
            if call := open_calls.pop(ended[1], None):
                call.left = number
                call.text += ended[3]
                call.succeeded = _succeeded(ended[3])
        elif whole := WHOLE.match(line):
            _, name, path, text = whole.groups()
            result = _succeeded(text)
            calls.append(
                Call(
                    name=name,
                    path=_plain(path),
                    text=text,
                    entered=number,
                    left=number,
                    succeeded=result,
                )
            )
    return calls


def synced_before_answer(calls: list[Call], correlation: int) -> bool:
    """Whether the answer was written after a successful sync that began after the append."""
    needle = escaped(marker(correlation))
    appends = [c for c in calls if c.is_file and c.succeeded and needle in c.text]
    number = escaped(correlation.to_bytes(4))
    answers = [c for c in calls if not c.is_file and _starts_answer(c.text, number)]
    assert appends, f"the record of {correlation:#x} was never written to a file"
    assert answers, f"the answer to {correlation:#x} was never written to a socket"
    answered = min(call.entered for call in answers)
    return any(
        sync.name in {"fdatasync", "fsync"}
        and sync.succeeded
        and sync.path == append.path
        and append.left <= sync.entered
        and 0 <= sync.left < answered
        for append in appends
        for sync in calls
    )


def escaped(data: bytes) -> str:
    """Bytes as strace -xx prints them."""
    return "".join(f"\\x{byte:02x}" for byte in data)


def _plain(path: str) -> str:
    return BYTE.sub(lambda byte: chr(int(byte[1], 16)), path)


def _starts_answer(text: str, number: str) -> bool:
    start = text.find('"')
    return start >= 0 and number in text[start : start + 100]


def _succeeded(text: str) -> bool:
    results = RESULT.findall(text)
    return bool(results) and int(results[-1]) >= 0
