"""What one read of a partition returns: the records that fit, and where to go on. Pure."""

import msgspec

from data_plane.gateway.limits import READ_RECORDS_MAX
from data_plane.gateway.records import StoredRecord


class RecordPage(msgspec.Struct, frozen=True):
    """Records in the order of their offsets, and where to read on.

    `next_offset` is past every record returned and past every offset that was seen to hold none
    (compacted away, or markers of transactions). `end_offset` is where the next record will be
    written; readers of committed records stop before open transactions.
    """

    records: list[StoredRecord]
    next_offset: int
    earliest_offset: int
    end_offset: int


class PageBuilder:
    """Fills a page from `start`. A record that does not fit is left for the next page, whole."""

    def __init__(self, start: int, bytes_max: int, records_max: int = READ_RECORDS_MAX) -> None:
        self.records: list[StoredRecord] = []
        self.next_offset = start
        self.is_full = False
        self._bytes_max = bytes_max
        self._bytes = 0
        self._records_max = records_max

    def add(self, record: StoredRecord) -> bool:
        """Take a record if it fits, and say so. The first always does, so that reading goes on."""
        assert record.offset >= self.next_offset
        size = record.size_bytes
        if self.records and self._bytes + size > self._bytes_max:
            self.is_full = True
            return False
        self.records.append(record)
        self._bytes += size
        self.next_offset = record.offset + 1
        self.is_full = self._bytes >= self._bytes_max or len(self.records) >= self._records_max
        return True

    def skip_to(self, offset: int) -> None:
        """Note that no record lies before `offset`."""
        self.next_offset = max(self.next_offset, offset)
