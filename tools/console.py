"""Builds the console into build/console when its sources changed.

`python -m tools.console --check` compares the types it has of the API with api/openapi.json.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
from pathlib import Path

from tools.node import find_node, provide_node
from tools.paths import BUILD, CONSOLE, CONSOLE_MODULES, ROOT
from tools.steps import Stamp, digest, run, say

BUILT = BUILD / "console"
SCHEMA = CONSOLE / "src" / "api" / "schema.ts"
DOCUMENT = ROOT / "api" / "openapi.json"
LOCKED = (CONSOLE / "package.json", CONSOLE / "package-lock.json")
CONFIGURATION = ("index.html", "tsconfig.json", "vite.config.ts")
# Pages of the documentation that the console shows parts of.
SHOWN = (ROOT / "docs" / "topic-settings.md",)
COMPRESSED = (".js", ".css", ".svg")


def build_console() -> None:
    """Install what the build needs and build; does nothing when nothing changed."""
    configuration = (CONSOLE / name for name in CONFIGURATION)
    sources = [*LOCKED, *configuration, *_files("src", "public"), *SHOWN]
    modules = Stamp(CONSOLE_MODULES, "installed", digest(*LOCKED))
    built = Stamp(BUILD, "console", digest(*sources))
    if modules.fresh() and built.fresh() and (BUILT / "index.html").exists():
        return
    node = provide_node()
    if not modules.fresh():
        say("installing what the console is built with")
        install = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
        run([*node.npm, *install], cwd=CONSOLE, env=node.environment)
        modules.set()
    say("building the console")
    build = ["run", "--silent", "build", "--", "--logLevel", "warn"]
    run([*node.npm, *build], cwd=CONSOLE, env=node.environment)
    compress()
    built.set()


def compress() -> None:
    """Lay a compressed copy beside each file of the build that shrinks."""
    for path in sorted(BUILT.rglob("*")):
        if path.suffix in COMPRESSED:
            copy = path.with_name(f"{path.name}.gz")
            copy.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def schema_drift() -> bool:
    """Whether the committed types are not those of the committed document."""
    node = find_node()
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / SCHEMA.name
        generator = str(CONSOLE_MODULES / ".bin" / "openapi-typescript")
        command = [generator, str(DOCUMENT), "--output", str(made)]
        run(command, cwd=CONSOLE, env=node.environment)
        return made.read_bytes() != SCHEMA.read_bytes()


def write_schema() -> None:
    """Generate the types of the API."""
    node = find_node()
    run([*node.npm, "run", "--silent", "types"], cwd=CONSOLE, env=node.environment)


def main() -> int:
    """Build, or with --check or --types see to the types of the API."""
    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="fail when the types are out of date")
    choice.add_argument("--types", action="store_true", help="generate the types")
    arguments = parser.parse_args()
    if arguments.types:
        write_schema()
    elif not arguments.check:
        build_console()
    elif schema_drift():
        print("console/src/api/schema.ts is not what api/openapi.json says; run `make fix`")
        return 1
    return 0


def _files(*directories: str) -> list[Path]:
    found = [path for name in directories for path in (CONSOLE / name).rglob("*")]
    return sorted(path for path in found if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
