"""Ways to be a bad client of a broker, each from addresses of its own (127.1.0.0/16)."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence

import cramjam
import zstandard

from bench.proofs.abuse_wire import CONNECT_SECONDS, Wire, batch_of, login, produce

CONNECTIONS = 2_000
PER_ADDRESS = 50
"""So many connections come from one address before the next one is used."""

BOMB_BYTES = 16 * 1024 * 1024
"""What each bomb becomes when it is unpacked."""

TRICKLE_SECONDS = 0.5
REFUSED_SECONDS = 0.01

Attack = Callable[[int, int], Awaitable[None]]
"""Given the ports with TLS and without; goes on until it is cancelled."""


def addresses() -> Iterator[str]:
    """Source addresses, each as often as one of them is used."""
    for number in itertools.count():
        index = number // PER_ADDRESS
        yield f"127.1.{index // 250 % 250}.{index % 250 + 1}"


async def _open(port: int, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    opened = asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        return await asyncio.wait_for(opened, CONNECT_SECONDS)
    except (OSError, TimeoutError):
        return None


async def _hold(
    port: int,
    act: Callable[[asyncio.StreamWriter], Awaitable[None]],
    sources: Iterator[str] | None = None,
) -> None:
    """Keep as many connections as there can be, each doing `act`, opening others for those lost."""
    sources = addresses() if sources is None else sources

    async def one() -> None:
        while True:
            pair = await _open(port, next(sources))
            if pair is None:
                await asyncio.sleep(TRICKLE_SECONDS)
                continue
            reader, writer = pair
            acting = asyncio.ensure_future(act(writer))
            try:
                while await reader.read(4096):
                    pass
            except OSError:
                pass
            finally:
                acting.cancel()
                writer.close()
            await asyncio.sleep(TRICKLE_SECONDS)

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


async def storm(_tls: int, plain: int, source: str | None = None) -> None:
    """2,000 connections that come at once, say hello and come again."""

    async def hello(writer: asyncio.StreamWriter) -> None:
        writer.write(struct.pack(">ihhih", 10, 18, 0, 1, -1))

    await _hold(plain, hello, None if source is None else itertools.repeat(source))


async def slow(_tls: int, plain: int) -> None:
    """2,000 connections that send one byte of a frame now and then."""

    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(struct.pack(">i", 8192))
        while True:
            await asyncio.sleep(TRICKLE_SECONDS)
            writer.write(b"\x00")

    await _hold(plain, trickle)


async def half_open_tls(tls: int, _plain: int) -> None:
    """2,000 TLS handshakes that stop after the first flight."""
    context = ssl.create_default_context()
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = context.wrap_bio(into, out, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        half.do_handshake()
    first_flight = out.read()

    async def stop_half_way(writer: asyncio.StreamWriter) -> None:
        writer.write(first_flight)

    await _hold(tls, stop_half_way)


async def declared_lengths(_tls: int, plain: int) -> None:
    """Frames and arrays that declare to be longer than anything that follows."""
    frames = [struct.pack(">i", length) for length in (2**31 - 1, -1, -(2**31), 16 * 1024 + 1)]
    metadata = struct.pack(">hhihi", 3, 1, 7, -1, 2**31 - 1)
    produce_of_many = struct.pack(">hhihhhii", 0, 3, 7, -1, -1, -1, 1000, 2**31 - 1)
    inside = [struct.pack(">i", len(body)) + body for body in (metadata, produce_of_many)]
    sources = addresses()
    for frame in itertools.cycle([*frames, *inside]):
        source = next(sources)
        is_inside = frame in inside
        try:
            if is_inside:
                wire = await login(plain, source, "hk_attacker")
                wire.writer.write(frame)
                await asyncio.wait_for(wire.reader.read(4096), CONNECT_SECONDS)
                wire.writer.close()
            else:
                pair = await _open(plain, source)
                if pair is None:
                    await asyncio.sleep(REFUSED_SECONDS)
                    continue
                pair[1].write(frame)
                await asyncio.wait_for(pair[0].read(4096), CONNECT_SECONDS)
                pair[1].close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            await asyncio.sleep(REFUSED_SECONDS)


def bombs() -> Sequence[tuple[str, int, bytes]]:
    """Of each codec its name, its number in a batch's attributes and a bomb."""
    zeros = bytes(BOMB_BYTES)
    return (
        ("gzip", 1, gzip.compress(zeros, 9)),
        ("snappy", 2, bytes(cramjam.snappy.compress_raw(zeros))),
        ("lz4", 3, bytes(cramjam.lz4.compress(zeros))),
        ("zstd", 4, zstandard.compress(zeros)),
    )


async def compression_bombs(topic: str, _tls: int, plain: int) -> None:
    """Batches that unpack to 16 MiB, in four codecs, for a topic whose records are looked at."""
    sources = addresses()
    frames = [batch_of(codec, packed, records=1000) for _, codec, packed in bombs()]
    for records in itertools.cycle(frames):
        try:
            wire: Wire = await login(plain, next(sources), "hk_attacker")
            code = await produce(wire, topic, records)
            assert code != 0, "a bomb was taken for records"
            wire.writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            await asyncio.sleep(REFUSED_SECONDS)
