"""Values of the Kafka protocol are written and read as it lays them out."""

import pytest

from control_plane.kafka.wire import ITEMS_MAX, Reader, WireError, Writer


def test_reads_what_it_writes() -> None:
    data = (
        Writer()
        .int8(-1)
        .int16(2)
        .int32(3)
        .float64(0.5)
        .boolean(value=True)
        .text("ä")
        .text(None)
        .blob(b"bytes")
        .array([7, 8], Writer.int32)
        .done()
    )
    reader = Reader(data)
    assert (reader.int8(), reader.int16(), reader.int32()) == (-1, 2, 3)
    assert (reader.float64(), reader.boolean()) == (0.5, True)
    assert (reader.text(), reader.nullable_text(), reader.blob()) == ("ä", None, b"bytes")
    assert reader.array(Reader.int32) == [7, 8]
    with pytest.raises(WireError):
        reader.int8()


def test_writes_big_endian_with_lengths() -> None:
    assert Writer().text("ab").int32(1).done() == b"\x00\x02ab\x00\x00\x00\x01"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",  # half a number
        b"\x00\x05ab",  # a text that ends too early
        b"\xff\xff",  # null where a text has to be
        b"\x00\x01\xff",  # no UTF-8
    ],
)
def test_refuses_what_is_no_text(data: bytes) -> None:
    with pytest.raises(WireError):
        Reader(data).text()


def test_reads_no_array_that_is_too_long() -> None:
    with pytest.raises(WireError):
        Reader(Writer().int32(ITEMS_MAX + 1).done()).array(Reader.int8)
    assert Reader(Writer().int32(-1).done()).array(Reader.int8) == []
