"""Generates the wire codec from the message definitions inside Kafka's client jar."""

from __future__ import annotations

import sys

from tools.java_artifacts import fetch_java_artifacts, jar
from tools.paths import BROKER
from tools.stages import cargo_stage, run_all

CRATE = BROKER / "crates" / "protocol"


def main(arguments: list[str]) -> int:
    """Write the generated sources, or with --check compare them."""
    fetch_java_artifacts()
    generator = ["run", "--quiet", "--locked", "--package", "headrace-protocol-gen", "--"]
    source = ["--jar", str(jar("kafka-clients-4.3.1")), "--out", str(CRATE)]
    return 1 if run_all([cargo_stage("generate", *generator, *source, *arguments)]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
