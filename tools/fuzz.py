"""`make fuzz`: the broker's fuzz targets driven by libFuzzer, from and into the kept corpora.

The build has coverage compiled in by the stable compiler, a profile and a directory of its own:
no other build knows of it. Corpora are kept as text, base64 of one input a line, sorted.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.paths import BROKER, BUILD
from tools.steps import SetupError, run, say

CORPORA = BROKER / "fuzz" / "corpus"
TARGETS = ("requests", "batches", "decompression", "logins", "configuration")
CONTROLS = ("planted-panic", "planted-allocation")
"""What must be found: a panic, and memory that nothing justifies."""

FUZZ_BUILD = BUILD / "fuzz"
COVERAGE = (
    "-C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4"
    " -C llvm-args=-sanitizer-coverage-inline-8bit-counters"
    " -C llvm-args=-sanitizer-coverage-pc-table"
    " -C llvm-args=-sanitizer-coverage-trace-compares"
)
INPUT_BYTES_MAX = 4096
"""The same as in the targets, which cut what is longer."""
SLOW_SECONDS = 25
"""An input that takes longer is a fault."""
RSS_MAX_MB = 1024
GRACE_SECONDS = 120
"""How long a run may take beyond what it was given: reading the corpus, the last input."""
KEPT_BYTES_MAX = 120 * 1024
"""Of one target, as text."""
SHOWN_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Run:
    """What became of one target."""

    target: str
    executions: int
    rss_peak_mb: int
    allocated_peak_bytes: int
    """The most that one input had allocated at once."""
    beyond_floor_bytes_per_byte: float
    """The most that one input had allocated beyond its target's floor, for each byte of it."""
    crash: bytes | None
    """The input that broke a promise."""
    said: str

    @property
    def sound(self) -> bool:
        return self.crash is None and self.executions > 0


def build() -> Path:
    """Build the program that libFuzzer drives."""
    triple = f"{platform.machine()}-unknown-linux-gnu"
    command = ["cargo", "build", "--quiet", "--locked", "--profile", "fuzz"]
    # A target of its own leaves build scripts without coverage, which could not link it.
    command += ["--target", triple, "--target-dir", str(FUZZ_BUILD), "--package", "headrace-fuzz"]
    command += ["--features", "libfuzzer,libfuzzer-sys/link_libfuzzer"]
    say("building the fuzz targets with coverage (a first build takes minutes)")
    run([*command, "--bin", "headrace-libfuzzer"], cwd=BROKER, env={"RUSTFLAGS": COVERAGE})
    return FUZZ_BUILD / triple / "fuzz" / "headrace-libfuzzer"


def corpus_path(target: str) -> Path:
    """Where the inputs of a target are kept."""
    return CORPORA / f"{target}.txt"


def unpack(target: str, directory: Path) -> Path:
    """The kept inputs of a target as files in a new directory; a control begins with its magic."""
    directory.mkdir()
    path = corpus_path(target)
    lines = path.read_text("ascii").splitlines() if path.exists() else ["SFI="]
    for line in lines:
        content = base64.b64decode(line, validate=True)
        (directory / hashlib.sha256(content).hexdigest()).write_bytes(content)
    return directory


def pack(inputs: Iterable[bytes], bytes_max: int = KEPT_BYTES_MAX) -> str:
    """Inputs as the text of a corpus, the shortest that have room."""
    kept: list[str] = []
    room = bytes_max
    for content in sorted(set(inputs), key=lambda content: (len(content), content)):
        line = base64.b64encode(content).decode("ascii")
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "".join(f"{line}\n" for line in sorted(kept))


def fuzz(program: Path, target: str, seconds: int, work: Path) -> Run:
    """Drive a target for a time, in `work`, where `corpus` then holds what was found."""
    corpus = unpack(target, work / "corpus")
    figures, crashes = work / "figures.json", work / "crashes"
    crashes.mkdir()
    command = [str(program), f"-max_total_time={seconds}", "-print_final_stats=1"]
    command += [f"-max_len={INPUT_BYTES_MAX}", f"-timeout={SLOW_SECONDS}"]
    command += [f"-rss_limit_mb={RSS_MAX_MB}", f"-artifact_prefix={crashes}/", str(corpus)]
    environment = {"HEADRACE_FUZZ_TARGET": target, "HEADRACE_FUZZ_FIGURES": str(figures)}
    if target in TARGETS:
        # The program puts them there before libFuzzer looks: most are too long for the corpus.
        environment["HEADRACE_FUZZ_SEEDS"] = str(corpus)
    done = _run(command, work, environment, seconds + GRACE_SECONDS)
    (work / "libfuzzer.log").write_text(done, "utf-8")
    found = sorted(crashes.iterdir())
    seen: dict[str, int] = json.loads(figures.read_text("ascii")) if figures.exists() else {}
    return Run(
        target=target,
        executions=stat(done, "number_of_executed_units"),
        rss_peak_mb=stat(done, "peak_rss_mb"),
        allocated_peak_bytes=seen.get("peak_bytes", 0),
        beyond_floor_bytes_per_byte=seen.get("peak_per_byte_thousandths", 0) / 1000,
        crash=found[0].read_bytes() if found else None,
        said=done,
    )


def stat(said: str, name: str) -> int:
    """A figure of libFuzzer's final statistics; 0 where it did not get to them."""
    found = re.search(rf"^stat::{name}:\s+(\d+)$", said, re.MULTILINE)
    return int(found[1]) if found else 0


def fuzz_all(program: Path, targets: Sequence[str], seconds: int, at_once: int) -> list[Run]:
    """Drive targets, some of them side by side; nothing is kept."""
    with tempfile.TemporaryDirectory() as directory:

        def one(target: str) -> Run:
            work = Path(directory) / target
            work.mkdir()
            return fuzz(program, target, seconds, work)

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(one, targets))


def keep(program: Path, target: str, found: Path, work: Path) -> None:
    """Write the corpus of a target anew: the least of `found` that covers what it covers."""
    least = work / "least"
    least.mkdir()
    command = [str(program), "-set_cover_merge=1", f"-max_len={INPUT_BYTES_MAX}"]
    environment = {"HEADRACE_FUZZ_TARGET": target}
    _run([*command, str(least), str(found)], work, environment, None)
    text = pack(path.read_bytes() for path in least.iterdir())
    if text:
        corpus_path(target).write_text(text, "ascii")


def _run(command: Sequence[str], cwd: Path, environment: dict[str, str], wait: int | None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=wait,
        check=False,
    )
    return done.stdout.decode("utf-8", errors="replace")


def told(run: Run) -> str:
    """A run in a line; and what was said where something was found."""
    line = (
        f"{run.target}: {run.executions:,} executions, at most {run.allocated_peak_bytes:,} bytes"
        f" allocated by one input, {run.rss_peak_mb} MB resident"
    )
    if run.sound:
        return line
    tail = "\n".join(run.said.splitlines()[-SHOWN_LINES:])
    crash = base64.b64encode(run.crash or b"").decode("ascii")
    return f"{tail}\n{line}\nBROKEN by {crash or 'the run itself'}"


def main(arguments: Sequence[str]) -> int:
    """Drive one target or all, and keep what covers more; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--target", choices=(*TARGETS, *CONTROLS), action="append")
    options = parser.parse_args(arguments)
    try:
        program = build()
    except SetupError as error:
        print(f"fuzzing stopped: {error}", file=sys.stderr)
        return 1
    runs: list[Run] = []
    for target in options.target or TARGETS:
        work = Path(tempfile.mkdtemp(prefix="headrace-fuzz-"))
        try:
            runs.append(fuzz(program, target, options.seconds, work))
            print(told(runs[-1]), flush=True)
            if runs[-1].sound and target in TARGETS:
                keep(program, target, work / "corpus", work)
        finally:
            shutil.rmtree(work)
    return 0 if all(run.sound for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
