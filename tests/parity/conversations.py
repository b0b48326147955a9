"""The same requests to two brokers, in every version that both offer; the answers comparable."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, cast
from uuid import UUID

from tests.bad_input.wire import ApiRange, ClosedError, Wire, api_versions

TIMEOUT_SECONDS: Final = 30

Fields = Mapping[str, Any]

INCOMPARABLE: Final = frozenset(
    {
        "batch_index_error_message",
        "cluster_id",
        "documentation",
        "error_message",
        "host",
        "last_timestamp",
        "log_dir",
        "partition_size",
        "port",
        "producer_id",
        "last_caught_up_timestamp",
        "last_fetch_timestamp",
        "log_append_time_ms",
        "throttle_time_ms",
        "total_bytes",
        "usable_bytes",
    }
)
"""Texts, addresses, times and sizes: each broker has its own."""

IDENTITIES: Final = frozenset(
    {"leader", "member_id", "session_id", "topic_id", "transaction_start_time_ms"}
)
"""Of these only counts whether there is one."""
NOBODY: Final = (None, "", 0, -1, str(UUID(int=0)))


@dataclass(frozen=True, kw_only=True)
class Api:
    """A request with its response, as kafka-python's codec has them."""

    request: Any
    response: Any

    @classmethod
    def of(cls, module: Any, name: str) -> Api:
        return cls(
            request=getattr(module, f"{name}Request"), response=getattr(module, f"{name}Response")
        )


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to ask, in every version from `since` on; `fields` may depend on the version."""

    label: str
    api: Api
    fields: Callable[[int], Fields]
    since: int = 0


Answers = dict[str, object]
"""By step and version."""


class Speaker:
    """A connection to one of the brokers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()
        self.offered: Mapping[int, ApiRange] = {one.key: one for one in api_versions(self._wire)}

    def _connect(self) -> None:
        self._stream = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT_SECONDS)
        self._wire = Wire(self._stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def ask_raw(self, api: Api, version: int, fields: Fields) -> bytes:
        """Send a request and return the whole answer as it came.

        Where the broker hangs up instead, ClosedError is raised; the next request has a new
        connection.
        """
        request = _filled(api.request, api.request.json["fields"], fields, version)
        request.with_header(correlation_id=version)
        self._wire.send(bytes(request.encode(version=version, header=True, framed=True)))
        try:
            return self._wire.read_frame()
        except ClosedError:
            self._stream.close()
            self._connect()
            raise

    def ask(self, api: Api, version: int, fields: Fields) -> dict[str, Any]:
        """Send a request and return its plain answer."""
        plain: dict[str, Any] = self.ask_message(api, version, fields).to_dict()
        return plain

    def ask_message(self, api: Api, version: int, fields: Fields) -> Any:
        """Send a request and return its answer as the codec has it, its bytes as they came."""
        answer = self.ask_raw(api, version, fields)
        return api.response.decode(answer, version=version, header=True)


def common_versions(ours: Speaker, theirs: Speaker, codecs: Iterable[Api]) -> dict[int, range]:
    """By API key the versions that both offer and the codec can write."""
    return {
        key: range(
            max(one.first, other.first, api.request.min_version),
            min(one.last, other.last, api.request.max_version) + 1,
        )
        for api in codecs
        for key in [int(api.request.API_KEY)]
        if (one := ours.offered.get(key)) and (other := theirs.offered.get(key))
    }


def comparable(value: object, left_out: Collection[str] = ()) -> object:
    """The value without what no two brokers have alike, lists in one order."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        rows = [comparable(item, left_out) for item in items if not _is_of(item, left_out)]
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {
            name: item not in NOBODY if name in IDENTITIES else comparable(item, left_out)
            for name, item in fields.items()
            if name not in INCOMPARABLE
        }
    if isinstance(value, bytes):
        return value.hex()
    return value


def differences(ours: object, theirs: object, path: str = "") -> list[str]:
    """What only one of two comparable answers has, each with where it stands."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        one, other = cast("dict[str, object]", ours), cast("dict[str, object]", theirs)
        names = sorted(one.keys() | other.keys())
        parts = [differences(one.get(n), other.get(n), f"{path}.{n}") for n in names]
        return [line for part in parts for line in part]
    if isinstance(ours, list) and isinstance(theirs, list):
        rows, others = cast("list[object]", ours), cast("list[object]", theirs)
        alone = _without(rows, others), _without(others, rows)
        if len(alone[0]) == len(alone[1]):
            pairs = [differences(*pair, f"{path}[]") for pair in zip(*alone, strict=True)]
            return [line for pair in pairs for line in pair]
    return [] if ours == theirs else [f"{path}: ours {ours}, theirs {theirs}"]


def _without(rows: Sequence[object], others: Sequence[object]) -> list[object]:
    """The rows that the others do not have, or have fewer times."""
    left = list(others)
    alone: list[object] = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            alone.append(row)
    return alone


def _is_of(row: object, names: Collection[str]) -> bool:
    """Whether a row is about a configuration of one of these names."""
    if not isinstance(row, dict):
        return False
    fields = cast("dict[str, object]", row)
    return "config_source" in fields and fields.get("name") in names


def _filled(kind: Any, schema: Sequence[Mapping[str, Any]], fields: Fields, version: int) -> Any:
    """A message, its nested structures made of plain values."""
    types = {_snake(field["name"]): field for field in schema}
    values = {name: _value(kind, types[name], value, version) for name, value in fields.items()}
    return kind(version=version, **values)


def _value(kind: Any, field: Mapping[str, Any], value: Any, version: int) -> Any:
    nested = field.get("fields")
    if nested is None or value is None:
        return value
    inner = getattr(kind, str(field["type"]).removeprefix("[]"))
    if isinstance(value, Mapping):
        return _filled(inner, nested, cast("Fields", value), version)
    return [_filled(inner, nested, row, version) for row in value]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
