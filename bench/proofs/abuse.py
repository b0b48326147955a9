"""A good client is served while others do their worst, and the broker's memory stays bounded.

The broker listens with TLS and without. The good client, from 127.0.0.1, makes a new connection
over TLS for every record: what abuse hurts most. Attackers come from 127.1.0.0/16.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import json
import multiprocessing
import resource
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from api.embedded.authority import Authority
from bench.proofs import abuse_attacks
from bench.proofs.abuse_attacks import Attack
from bench.proofs.abuse_wire import create_topic, login, produce
from bench.proofs.broker_start import await_answer, free_port
from bench.proofs.produce_frames import batch
from bench.proofs.report import Finding
from control_plane.kit.clock import SystemClock
from tools.paths import BROKER_BINARY

GOOD_ADDRESS = "127.0.0.1"
TOPIC, LOOKED_AT = "good", "looked-at"
ATTACK_SECONDS = 8.0
PAUSE_SECONDS = 0.05
"""Between two records of the good client."""

SUCCESS_MIN = 0.99
MEMORY_MIB_MAX = 256
"""How much more than before its abuse the broker may hold at any moment."""

DESCRIPTORS = 8_192
MIB = 1024 * 1024
SALT = b"a salt of bytes.."

LIMITS = {
    "connections_max": 500,
    "connections_per_address_max": 100,
    "connections_per_second_max": 100,
    "connections_per_address_per_second_max": 50,
}


@dataclass(slots=True)
class Served:
    """What the good client has seen."""

    seconds: list[float] = field(default_factory=list[float])
    failures: int = 0

    def figures(self) -> dict[str, Any]:
        attempts = len(self.seconds) + self.failures
        ordered = sorted(self.seconds)
        return {
            "attempts": attempts,
            "success": round(len(self.seconds) / attempts, 4) if attempts else 0.0,
            "p50_ms": round(statistics.median(ordered) * 1000, 1) if ordered else None,
            "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1) if ordered else None,
        }


@dataclass(frozen=True, slots=True)
class Target:
    """The broker under attack."""

    process: psutil.Process
    tls: int
    plain: int
    context: ssl.SSLContext


def prove() -> Finding:
    """Every attack in turn, then the storm from the good client's own address as a control."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    with (
        tempfile.TemporaryDirectory() as directory,
        abused_broker(Path(directory), LIMITS) as target,
    ):
        figures = asyncio.run(_attacks(target))
    control = figures.pop("storm_from_the_same_address")
    passed = all(
        found["success"] >= SUCCESS_MIN and found["memory_mib"] <= MEMORY_MIB_MAX
        for found in figures.values()
    )
    return Finding(
        figures={**figures, "negative_control": control},
        bar={"success_min": SUCCESS_MIN, "memory_mib_max": MEMORY_MIB_MAX},
        passed=passed,
        control_red=control["success"] < SUCCESS_MIN,
    )


async def _attacks(target: Target) -> dict[str, Any]:
    wire = await login(target.plain, GOOD_ADDRESS, "hk_good")
    await create_topic(wire, TOPIC, {})
    await create_topic(wire, LOOKED_AT, {"cleanup.policy": "compact"})
    wire.writer.close()
    attacks: dict[str, Attack] = {
        "peace": _peace,
        "storm": abuse_attacks.storm,
        "slow": abuse_attacks.slow,
        "half_open_tls": abuse_attacks.half_open_tls,
        "declared_lengths": abuse_attacks.declared_lengths,
        "compression_bombs": functools.partial(abuse_attacks.compression_bombs, LOOKED_AT),
        "storm_from_the_same_address": functools.partial(abuse_attacks.storm, source=GOOD_ADDRESS),
    }
    return {name: await _under(target, attack) for name, attack in attacks.items()}


async def _under(target: Target, attack: Attack) -> dict[str, Any]:
    before = target.process.memory_info().rss
    most = before
    served = Served()
    # Of a process of its own: the good client is not to wait for its attackers' event loop.
    attacking = multiprocessing.get_context("spawn").Process(
        target=_attack, args=(attack, target.tls, target.plain), daemon=True
    )
    attacking.start()
    end = time.monotonic() + ATTACK_SECONDS
    while time.monotonic() < end:
        await _one_record(target, served)
        most = max(most, target.process.memory_info().rss)
        assert attacking.is_alive(), "the attack has ended by itself"
        await asyncio.sleep(PAUSE_SECONDS)
    attacking.terminate()
    attacking.join()
    # What the attack left behind has gone before the next one begins.
    await asyncio.sleep(1)
    return {**served.figures(), "memory_mib": round((most - before) / MIB, 1)}


def _attack(attack: Attack, tls: int, plain: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    asyncio.run(_go_on(attack, tls, plain))


async def _go_on(attack: Attack, tls: int, plain: int) -> None:
    await attack(tls, plain)


async def _one_record(target: Target, served: Served) -> None:
    started = time.monotonic()
    try:
        wire = await login(target.tls, GOOD_ADDRESS, "hk_good", target.context)
        code = await produce(wire, TOPIC, batch(b"good"))
        wire.writer.close()
        assert code == 0, f"a good record was refused with {code}"
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        served.failures += 1
    else:
        served.seconds.append(time.monotonic() - started)


async def _peace(_tls: int, _plain: int) -> None:
    await asyncio.Event().wait()


@contextlib.contextmanager
def abused_broker(directory: Path, limits: Mapping[str, int]) -> Generator[Target]:
    """A release broker with TLS and without, and keys `hk_good` and `hk_attacker`."""
    tls, plain = free_port(), free_port()
    authority = Authority.open(directory / "ca", SystemClock())
    chain, key = authority.issue("localhost", ["localhost"])
    (directory / "broker.pem").write_bytes(chain)
    (directory / "broker.key").write_bytes(key)
    credentials = {
        "format": 1,
        "generation": 1,
        "credentials": _credentials("hk_good", "hk_attacker"),
    }
    (directory / "credentials.json").write_text(json.dumps(credentials))
    config = {
        "format": 1,
        "cluster_id": "lkc_abused",
        "broker_id": 1,
        "generation": 1,
        "data_dir": str(directory / "data"),
        "listeners": [_listener("sasl_ssl", tls), _listener("sasl_plaintext", plain)],
        "tls": {
            "certificate_file": str(directory / "broker.pem"),
            "private_key_file": str(directory / "broker.key"),
        },
        "credentials_file": str(directory / "credentials.json"),
        "limits": dict(limits),
    }
    (directory / "config.json").write_text(json.dumps(config))
    command = [str(BROKER_BINARY), "--config", str(directory / "config.json")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_answer(plain)
        context = ssl.create_default_context(cadata=authority.ca_certificate)
        yield Target(psutil.Process(process.pid), tls, plain, context)
        assert process.poll() is None, "the broker has ended"
    finally:
        process.terminate()
        process.wait(30)


def _listener(name: str, port: int) -> dict[str, str]:
    address = f"127.0.0.1:{port}"
    return {"name": name, "protocol": name.upper(), "bind": address, "advertised": address}


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _credentials(*names: str) -> Sequence[dict[str, Any]]:
    """Keys whose secrets are their names; they log in by PLAIN."""
    digests = {"scram_sha_256": 32, "scram_sha_512": 64}

    def one(name: str) -> dict[str, Any]:
        hashed = hmac.new(SALT, name.encode(), hashlib.sha256).digest()
        scram = {
            mechanism: {
                "salt": _encode(SALT),
                "iterations": 8192,
                "stored_key": _encode(bytes(length)),
                "server_key": _encode(bytes(length)),
            }
            for mechanism, length in digests.items()
        }
        plain = {"salt": _encode(SALT), "hmac_sha256": _encode(hashed)}
        return {"username": name, "principal": f"User:{name}", "plain": plain, **scram}

    return [one(name) for name in names]
