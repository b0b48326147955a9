"""`make clients-matrix`: runs the tests of the clients and writes docs/clients.md of their results.

`--check` compares the page with the catalog of clients and with the versions that are pinned.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.clients.catalog import CLIENTS, EVERY_ROW, SWITCHED_OFF, TITLES, Client, Row
from tools.paths import ROOT, venv_tool

PAGE = ROOT / "docs" / "clients.md"
SUITE = "tests/clients"
SHOWN: tuple[Row, ...] = tuple(row for row in EVERY_ROW if row not in SWITCHED_OFF)
YES, NO, WITHOUT, UNTRIED = "yes", "**no**", "-", "not tried"

Results = Mapping[tuple[str, str], bool]
"""Whether everything passed that proves a row (first) of a client (second)."""

HEAD = """\
# Clients

Made by `make clients-matrix` from what the tests in `tests/clients` found; `make check` compares it
with their catalog and with the versions that are pinned. Every client reaches a cluster of a
running service by SASL_SSL with SCRAM-SHA-512 and the credentials printed for it, and by the
tokens of an organization's own issuer where the last column says so; what one wrote another reads.

"""

FOOT = """
`{without}`: the client has no such call. `{untried}`: it contains a client of the table that can.
*commit and resume*: a second consumer of the group goes
on where the first one committed. *rebalance*: a member that joins takes its share, and gives it
back when it leaves. *gzip, snappy, lz4, zstd*: a batch that fits only when it is compressed by
each of them arrives unchanged. *administration*: topics made, described, changed, grown and
deleted; groups described and deleted; for a tool, what it is for. *OAUTHBEARER*: by a listener and
tokens as [oauth-issuer.md](oauth-issuer.md) has them, it produces and consumes as a member of a
group; an expired, an unsigned and another audience's token are refused with the client's own
authentication error; and it goes on when its token ends, on the same connection (KIP-368) unless a
line above says otherwise. Tools, Streams and Connect do there what they are for.
"""


class IncompleteError(Exception):
    """The tests said nothing about something that the catalog promises."""


def run_tests(report: Path) -> int:
    """Run every test of a client; the exit status."""
    # The newer form of the report has no place for what a test records.
    options = ["-n", "2", "--dist", "loadgroup", f"--junitxml={report}"]
    command = [str(venv_tool("python")), "-m", "pytest", *options, "-o", "junit_family=xunit1"]
    return subprocess.run([*command, SUITE], cwd=ROOT, check=False).returncode


def read_results(suite: ET.Element) -> Results:
    """What the tests proved; a row is proved by all the tests that are marked with it together."""
    results: dict[tuple[str, str], bool] = {}
    for case in suite.iter("testcase"):
        passed = all(case.find(fault) is None for fault in ("failure", "error", "skipped"))
        for told in case.iter("property"):
            if told.get("name") == "proves":
                row, _, client = told.get("value", "").partition(" ")
                results[row, client] = results.get((row, client), True) and passed
    return results


def missing(results: Results) -> list[str]:
    """What the catalog promises and no test was about."""
    return [
        f"{client.name}: {row}"
        for client in CLIENTS
        for row in client.rows
        if (row, client.name) not in results
    ]


def lay_out(results: Results, versions: Mapping[str, str]) -> str:
    """The page; raises IncompleteError."""
    absent = missing(results)
    if absent:
        raise IncompleteError(f"no test told of {', '.join(absent)}")
    lines = [_line(["client", "version", *(TITLES[row] for row in SHOWN)])]
    lines.append(_line(["---"] * (2 + len(SHOWN))))
    for client in CLIENTS:
        if client.rows:
            cells = [_cell(client, row, results) for row in SHOWN]
            lines.append(_line([client.name, versions[client.name], *cells]))
    notes = [f"* {client.name} {note}." for client in CLIENTS for note in client.notes]
    table = "\n".join([*lines, "", *notes])
    return f"{HEAD}{table}\n{FOOT.format(without=WITHOUT, untried=UNTRIED)}"


def find_versions() -> dict[str, str]:
    """The version of every client: as it is pinned, or what an installed program says of itself."""
    return {client.name: find_version(*client.pin) for client in CLIENTS}


def find_version(place: str, name: str) -> str:
    """The version that a file pins, or that a command prints."""
    path = ROOT / place
    text = path.read_text(encoding="utf-8") if path.exists() else _said(place.split())
    quoted = re.escape(name)
    patterns = {
        ".xml": rf"<artifactId>{quoted}</artifactId>\s*<version>([^<]+)",
        ".mod": rf"{quoted} v(\S+)",
        ".lock": rf'^(?:name = "{quoted}"\nversion = "([^"]+)|{quoted}==([^\s;]+))',
        ".json": rf'"{quoted}": "([^"]+)"',
    }
    pattern = patterns.get(path.suffix, r"Version ([\d.]+).*librdkafka ([\d.]+)")
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise IncompleteError(f"{place} does not tell the version of {name}")
    return ", librdkafka ".join(part for part in found.groups() if part)


def faults(page: str) -> list[str]:
    """Where the page is not what the catalog and the pinned versions say."""
    rows = dict(_cells(line) for line in page.splitlines() if line.startswith("| "))
    rows.pop("---", None)
    heading = rows.pop("client", [])
    wanted = {client.name: client for client in CLIENTS if client.rows}
    found = [f"the page has {name}" for name in rows.keys() - wanted.keys()]
    found += [f"the page lacks {name}" for name in wanted.keys() - rows.keys()]
    if heading != ["version", *(TITLES[row] for row in SHOWN)]:
        found.append("the page has other columns")
    for name in rows.keys() & wanted.keys():
        found += _row_faults(wanted[name], rows[name])
    return sorted(found)


def _row_faults(client: Client, cells: Sequence[str]) -> list[str]:
    version, *answers = cells
    found: list[str] = []
    if (ROOT / client.pin[0]).exists() and version != find_version(*client.pin):
        found.append(f"{client.name} is not {version}")
    if answers != [YES if row in client.can else _absent(client, row) for row in SHOWN]:
        found.append(f"{client.name}: {answers}")
    return found


def _cells(line: str) -> tuple[str, list[str]]:
    name, *cells = (cell.strip() for cell in line.strip("| ").split("|"))
    return name, cells


def _cell(client: Client, row: Row, results: Results) -> str:
    if row not in client.can:
        return _absent(client, row)
    return YES if results[row, client.name] else NO


def _absent(client: Client, row: Row) -> str:
    return UNTRIED if row in client.untried else WITHOUT


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _said(command: Sequence[str]) -> str:
    done = subprocess.run(list(command), capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def main() -> int:
    """Write the page or check it; 1 when something failed or is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="run nothing, compare what there is")
    if parser.parse_args().check:
        found = faults(PAGE.read_text(encoding="utf-8"))
        print("".join(f"docs/clients.md: {fault}; run `make clients-matrix`\n" for fault in found))
        return 1 if found else 0
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        status = run_tests(report)
        suite = ET.parse(report).getroot()  # noqa: S314  pytest wrote it just now
    try:
        PAGE.write_text(lay_out(read_results(suite), find_versions()), encoding="utf-8")
    except IncompleteError as error:
        print(error, file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
