"""Records as they go to a cluster and as they come from one."""

import msgspec

from data_plane.gateway.limits import RECORD_OVERHEAD_BYTES

Header = tuple[str, bytes | None]


class NewRecord(msgspec.Struct, frozen=True):
    """A record to produce. `partition` None leaves the choice to the key (murmur2, as in Java)."""

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    partition: int | None = None
    timestamp_ms: int | None = None
    key_type: str | None = None
    value_type: str | None = None

    @property
    def size_bytes(self) -> int:
        """Bytes of key, value and headers."""
        return content_bytes(self.key, self.value, self.headers)

    @property
    def cost_bytes(self) -> int:
        """What the record occupies in this process while it is in flight."""
        return self.size_bytes + RECORD_OVERHEAD_BYTES


class StoredRecord(msgspec.Struct, frozen=True):
    """A record of a partition. `timestamp_ms` is None where the record has none."""

    offset: int
    timestamp_ms: int | None
    timestamp_type: str | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of key, value and headers."""
        return content_bytes(self.key, self.value, self.headers)


class Delivered(msgspec.Struct, frozen=True):
    """Where an acknowledged record stands."""

    partition: int
    offset: int
    timestamp_ms: int | None


def content_bytes(key: bytes | None, value: bytes | None, headers: tuple[Header, ...]) -> int:
    """Return the bytes of key, value, header names and header values together."""
    size = len(key or b"") + len(value or b"")
    for name, content in headers:
        size += len(name.encode()) + len(content or b"")
    return size
