"""Apache Kafka's own command line tools: as commands that live for seconds, or in one machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.clients.program import Program
from tests.fixtures.kafka_access import KafkaAccess
from tools.client_programs import JAVA_BUILT
from tools.java_artifacts import JAVA_DIR


def java(*places: Path, options: Sequence[str] = ()) -> list[str]:
    """The start of a command line, for a program that lives for seconds; `places` have classes."""
    program = shutil.which("java")
    assert program is not None, "java is not on PATH; `make setup-tests` says how to get it"
    assert JAVA_DIR.is_dir(), "Kafka's Java tools are missing; `make setup-tests` fetches them"
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"]
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    classes = os.pathsep.join([*map(str, places), f"{JAVA_DIR}/*"])
    return [program, *quick, quiet, *options, "-Dfile.encoding=UTF-8", "-cp", classes]


def write_config(directory: Path, access: KafkaAccess) -> Path:
    """The properties file that both programs are given."""
    path = directory / "client.properties"
    path.write_text(access.java(), encoding="utf-8")
    return path


class JavaTools:
    """Runs tools one after the other in one Java machine, which takes seconds to start.

    Not those that keep something between two runs, as the console consumer does.
    """

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._program = Program([*java(JAVA_BUILT, options=options), "Tools"], {})

    def run(self, tool: str, *arguments: str) -> list[str]:
        """The lines that a tool prints, once it has succeeded; fails with its complaints."""
        done = self._program.ask("run", program=tool, arguments=arguments)
        told = f"{done['printed'][-2000:]}{done['complained'][-2000:]}"
        assert done["status"] == 0, f"{tool} ended with {done['status']}: {told}"
        return done["printed"].splitlines()

    def close(self) -> None:
        self._program.close()
