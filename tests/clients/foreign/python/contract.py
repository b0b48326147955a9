"""Reads requests as JSON lines and answers each with one line; see `../README.md`."""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any, Protocol

HEARTBEAT_MS = 300
PATIENCE_SECONDS = 60
SECRET = "secret"

Fields = dict[str, Any]


class Client(Protocol):
    """What a Kafka client can do."""

    def produce(self, request: Fields) -> Fields: ...
    def consume(self, request: Fields) -> Fields: ...
    def rebalance(self, request: Fields) -> Fields: ...
    def pipeline(self, request: Fields) -> Fields: ...
    def administer(self, request: Fields) -> Fields: ...
    def keep(self, request: Fields) -> Fields: ...
    def enter(self, request: Fields) -> Fields: ...


def serve(connect: Callable[[Fields], Client]) -> None:
    """Answer requests until standard input ends."""
    client: Client | None = None
    for line in sys.stdin:
        told: Fields = json.loads(line)
        try:
            if client is None:
                client, done = connect(told), Fields()
            else:
                done = _perform(client, told)
            answer = {"ok": done}
        except Exception as error:  # noqa: BLE001  whatever a client raises is its answer
            answer = {"error": repr(error)}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def fetch_token(access: Fields) -> str:
    """Ask the issuer for a token by the client's credentials (RFC 6749 section 4.4)."""
    form = {
        "grant_type": "client_credentials",
        "client_id": access["client_id"],
        "client_secret": SECRET,
    }
    body = urllib.parse.urlencode(form).encode()
    url = access["token_url"]
    with urllib.request.urlopen(url, body, PATIENCE_SECONDS) as answer:  # noqa: S310  the test's own
        return json.load(answer)["access_token"]


def other(access: Fields, request: Fields) -> Fields:
    """The access of another client of the issuer, by another address."""
    return {**access, "client_id": request["client_id"], "bootstrap": request["bootstrap"]}


def until(what: str, holds: Callable[[], bool], step: Callable[[], object]) -> None:
    """Call `step`, which itself waits a little, until `holds`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain: {what}")
        step()


def encode(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def decode(data: bytes | None) -> str | None:
    return None if data is None else data.decode()


def received(
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes]],
) -> Fields:
    """A record as the answers have it."""
    return {
        "partition": partition,
        "offset": offset,
        "key": decode(key),
        "value": decode(value),
        "headers": [[name, header.decode()] for name, header in headers],
    }


def next_offsets(records: Iterable[Fields]) -> dict[int, int]:
    """The next offset to read of each partition."""
    return {record["partition"]: record["offset"] + 1 for record in records}


def _perform(client: Client, request: Fields) -> Fields:
    calls = {
        "produce": client.produce,
        "consume": client.consume,
        "rebalance": client.rebalance,
        "pipeline": client.pipeline,
        "administer": client.administer,
        "keep": client.keep,
        "enter": client.enter,
    }
    if request["do"] not in calls:
        raise ValueError(f"unknown request {request['do']}")
    return calls[request["do"]](request)
