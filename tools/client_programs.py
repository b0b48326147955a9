"""Builds the client programs of tests/clients/foreign into build/clients.

Dependencies are those that go.sum, package-lock.json, Cargo.lock and tools/java_artifacts.sha256
name by checksum. Nothing is done for what did not change.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tools.go import GO_ENVIRONMENT
from tools.java_artifacts import JAVA_DIR
from tools.node import find_node
from tools.paths import BUILD, CLIENT_PROGRAMS
from tools.steps import SetupError, Stamp, digest, run, say
from tools.toolchains import CARGO, GO, JAVAC, require

BUILT = BUILD / "clients"
GO_BUILT = BUILT / "go"
JAVA_BUILT = BUILT / "java"
NODE_BUILT = BUILT / "node"
RUST_TARGET = BUILT / "rust"
RUST_BUILT = RUST_TARGET / "debug" / "client-program"

# confluent-kafka-javascript's librdkafka would else download and compile what it depends on.
NODE_ENVIRONMENT = {"CKJS_LINKING": "dynamic", "npm_config_build_from_source": "true"}
NODE_HEADER = Path("include", "node", "node.h")


def build_client_programs() -> None:
    """Build what changed; raises SetupError when something is missing or does not compile."""
    _build_go()
    _build_java()
    _build_node()
    _build_rust()


def _build_go() -> None:
    stamp = _stamp("go")
    if stamp.fresh():
        return
    say("building the Go client programs")
    GO_BUILT.mkdir(parents=True, exist_ok=True)
    build = [require(GO), "build", "-o", f"{GO_BUILT}/", "./franz", "./sarama"]
    run(build, cwd=CLIENT_PROGRAMS / "go", env=dict(GO_ENVIRONMENT))
    stamp.set()


def _build_java() -> None:
    stamp = _stamp("java")
    if stamp.fresh():
        return
    say("compiling the Java client programs")
    shutil.rmtree(JAVA_BUILT, ignore_errors=True)
    sources = sorted(str(path) for path in (CLIENT_PROGRAMS / "java").glob("*.java"))
    compiler = [require(JAVAC), "-Xlint:all", "-Werror", "-cp", f"{JAVA_DIR}/*"]
    run([*compiler, "-d", str(JAVA_BUILT), *sources])
    stamp.set()


def _build_node() -> None:
    """Beside their packages, which Node looks for there."""
    sources = CLIENT_PROGRAMS / "node"
    locked = [sources / "package.json", sources / "package-lock.json"]
    node = find_node()
    NODE_BUILT.mkdir(parents=True, exist_ok=True)
    for path in (*locked, *sources.glob("*.mjs")):
        shutil.copy(path, NODE_BUILT)
    stamp = Stamp(NODE_BUILT / "node_modules", "installed", digest(*locked))
    if stamp.fresh():
        return
    prefix = node.directory.parent
    if not (prefix / NODE_HEADER).exists():
        raise SetupError(
            f"Node's headers are not in {prefix / NODE_HEADER.parent}: install the Node that has "
            "them (nodejs.org's packages do; Debian: apt-get install libnode-dev)"
        )
    say("installing the Node clients (compiles librdkafka: takes minutes)")
    install = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
    settings = {**node.environment, **NODE_ENVIRONMENT, "npm_config_nodedir": str(prefix)}
    run([*node.npm, *install], cwd=NODE_BUILT, env=settings)
    stamp.set()


def _build_rust() -> None:
    stamp = _stamp("rust")
    if stamp.fresh():
        return
    say("building the Rust client program (compiles librdkafka: takes a minute)")
    build = [require(CARGO), "build", "--locked", "--quiet", "--target-dir", str(RUST_TARGET)]
    run(build, cwd=CLIENT_PROGRAMS / "rust")
    stamp.set()


def _stamp(language: str) -> Stamp:
    found = [path for path in sorted((CLIENT_PROGRAMS / language).rglob("*")) if path.is_file()]
    return Stamp(BUILT, language, digest(*found))


def main() -> int:
    """Build; 1 and one line on standard error when something is missing."""
    try:
        build_client_programs()
    except SetupError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
