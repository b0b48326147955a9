"""A picture of commands that were really run, in a terminal of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

COLUMNS = 128
ROWS = 60
READ_BYTES = 65_536
COMMAND_SECONDS_MAX = 60
PROMPT = "$ "
MOVES = re.compile(r"(\n|\r|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])")
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


class CommandError(Exception):
    """A command of the picture failed; says what it printed."""


def run_in_terminal(command: str, environment: Mapping[str, str]) -> str:
    """Run a shell command on a pseudo-terminal; what it shows. Raises CommandError."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["sh", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, env=dict(environment)
    )
    os.close(theirs)
    shown = _read_to_end(ours).decode("utf-8").replace("\r\n", "\n")
    os.close(ours)
    if process.wait(COMMAND_SECONDS_MAX) != 0:
        raise CommandError(f"{command}: ended with {process.returncode}: {shown}")
    return shown


def settle(shown: str) -> str:
    """What is left on the screen when a progress bar has drawn, erased and moved."""
    lines, row = [""], 0
    for part in MOVES.split(shown):
        match part:
            case "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            case "\x1b[1A":
                row -= 1
            case "\x1b[2K":
                lines[row] = ""
            case "\r" | "\x1b[?25l" | "\x1b[?25h":
                pass  # neither a return nor a hidden cursor changes what is seen
            case _:
                lines[row] += part
    return "\n".join(lines)


def draw(runs: Sequence[tuple[str, str]], title: str) -> str:
    """An SVG picture of commands and what they showed; it names no host."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), color_system="truecolor")
    for command, shown in runs:
        console.print(Text(PROMPT, "bold green") + Text(command, "bold"), soft_wrap=True)
        console.print(Text.from_ansi(settle(shown).rstrip()), soft_wrap=True)
        console.print()
    svg = console.export_svg(title=title, unique_id="terminal")
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]*;", f"font-family: {FONTS};", svg)


def _read_to_end(descriptor: int) -> bytes:
    """Everything that is written until the last writer has closed the terminal."""
    read = bytearray()
    while True:
        try:
            part = os.read(descriptor, READ_BYTES)
        except OSError:  # how Linux says that nobody has the other side open any more
            return bytes(read)
        if not part:
            return bytes(read)
        read += part
