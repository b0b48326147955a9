"""Requests of the Kafka protocol that confluent_kafka does not offer, as bytes. Pure.

Requests without tagged fields have header version 1 and answers header version 0; where a request
has tagged fields in every version (KIP-482, "flexible") they have 2 and 1, and its texts and arrays
are the compact ones, as https://kafka.apache.org/protocol lays them out.
"""

import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TypeVar

ITEMS_MAX = 100_000
VARINT_BYTES_MAX = 5
_SEVEN_BITS, _MORE = 0x7F, 0x80

ItemT = TypeVar("ItemT")


class ApiKey(IntEnum):
    """The requests that are written here."""

    LIST_OFFSETS = 2
    OFFSET_FETCH = 9
    LIST_GROUPS = 16
    SASL_HANDSHAKE = 17
    DESCRIBE_ACLS = 29
    CREATE_ACLS = 30
    DELETE_ACLS = 31
    DESCRIBE_LOG_DIRS = 35
    SASL_AUTHENTICATE = 36
    OFFSET_DELETE = 47
    DESCRIBE_CLIENT_QUOTAS = 48
    ALTER_CLIENT_QUOTAS = 49
    DESCRIBE_USER_SCRAM_CREDENTIALS = 50
    ALTER_USER_SCRAM_CREDENTIALS = 51


class WireError(ValueError):
    """The bytes are not what the protocol says."""


class Writer:
    """Appends values of the protocol's types."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def int8(self, value: int) -> "Writer":
        return self._pack(">b", value)

    def int16(self, value: int) -> "Writer":
        return self._pack(">h", value)

    def int32(self, value: int) -> "Writer":
        return self._pack(">i", value)

    def int64(self, value: int) -> "Writer":
        return self._pack(">q", value)

    def float64(self, value: float) -> "Writer":
        return self._pack(">d", value)

    def boolean(self, *, value: bool) -> "Writer":
        return self.int8(1 if value else 0)

    def text(self, value: str | None) -> "Writer":
        """A STRING, or a NULLABLE_STRING."""
        if value is None:
            return self.int16(-1)
        encoded = value.encode()
        self.int16(len(encoded))
        self._parts.append(encoded)
        return self

    def blob(self, value: bytes) -> "Writer":
        self.int32(len(value))
        self._parts.append(value)
        return self

    def array(self, items: Sequence[ItemT], write: Callable[["Writer", ItemT], object]) -> "Writer":
        self.int32(len(items))
        for item in items:
            write(self, item)
        return self

    def null_array(self) -> "Writer":
        """A null in place of an array: everything, where it stands in a question."""
        return self.int32(-1)

    def compact_text(self, value: str) -> "Writer":
        return self.compact_blob(value.encode())

    def compact_blob(self, value: bytes) -> "Writer":
        self._varint(len(value) + 1)
        self._parts.append(value)
        return self

    def compact_array(
        self, items: Sequence[ItemT], write: Callable[["Writer", ItemT], object]
    ) -> "Writer":
        """An array of structures, each of which ends with its tagged fields, of which none is."""
        self._varint(len(items) + 1)
        for item in items:
            write(self, item)
            self.no_tags()
        return self

    def no_tags(self) -> "Writer":
        """The end of a structure that can have tagged fields."""
        return self._varint(0)

    def done(self) -> bytes:
        return b"".join(self._parts)

    def _varint(self, value: int) -> "Writer":
        while value > _SEVEN_BITS:
            self._parts.append(bytes([value & _SEVEN_BITS | _MORE]))
            value >>= 7
        self._parts.append(bytes([value]))
        return self

    def _pack(self, layout: str, value: float) -> "Writer":
        self._parts.append(struct.pack(layout, value))
        return self


class Reader:
    """Takes values of the protocol's types; raises WireError where there are none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def int8(self) -> int:
        return int(self._unpack(">b", 1))

    def int16(self) -> int:
        return int(self._unpack(">h", 2))

    def int32(self) -> int:
        return int(self._unpack(">i", 4))

    def int64(self) -> int:
        return int(self._unpack(">q", 8))

    def float64(self) -> float:
        return float(self._unpack(">d", 8))

    def boolean(self) -> bool:
        return self.int8() != 0

    def text(self) -> str:
        found = self.nullable_text()
        if found is None:
            raise WireError("a text expected")
        return found

    def nullable_text(self) -> str | None:
        return self._text(self.int16())

    def compact_text(self) -> str:
        found = self.compact_nullable_text()
        if found is None:
            raise WireError("a text expected")
        return found

    def compact_nullable_text(self) -> str | None:
        return self._text(self._varint() - 1)

    def blob(self) -> bytes:
        length = self.int32()
        return b"" if length < 0 else self._take(length)

    def array(self, read: Callable[["Reader"], ItemT]) -> list[ItemT]:
        """Read an array; null counts as empty."""
        return self._items(self.int32(), read)

    def compact_array(self, read: Callable[["Reader"], ItemT]) -> list[ItemT]:
        """Read an array of structures with tagged fields; null counts as empty."""

        def read_with_tags(answer: Reader) -> ItemT:
            item = read(answer)
            answer.skip_tags()
            return item

        return self._items(self._varint() - 1, read_with_tags)

    def skip_tags(self) -> None:
        """Pass over the tagged fields at the end of a structure."""
        for _ in range(self._varint()):
            self._varint()
            self._take(self._varint())

    def only(self, read: Callable[["Reader"], ItemT]) -> ItemT:
        """Read the item of an array that answers the one item of a request."""
        found = self.array(read)
        if len(found) != 1:
            raise WireError(f"{len(found)} items for one")
        return found[0]

    def _items(self, count: int, read: Callable[["Reader"], ItemT]) -> list[ItemT]:
        if count > ITEMS_MAX:
            raise WireError(f"an array of {count} items")
        return [read(self) for _ in range(max(count, 0))]

    def _text(self, length: int) -> str | None:
        if length < 0:
            return None
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise WireError("a text that is no UTF-8") from error

    def _varint(self) -> int:
        value = 0
        for index in range(VARINT_BYTES_MAX):
            byte = self._take(1)[0]
            value |= (byte & _SEVEN_BITS) << (7 * index)
            if not byte & _MORE:
                return value
        raise WireError("a number without an end")

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise WireError("the answer ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _unpack(self, layout: str, length: int) -> float:
        (value,) = struct.unpack(layout, self._take(length))
        return value
