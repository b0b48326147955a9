"""Who waits in the backlog of a listening socket, told by the kernel without accepting them."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

# proc_pid_net(5): states of a connection that is complete, whether or not its client has left.
_COMPLETE = frozenset({"01", "08"})
_NOT_ACCEPTED = "0"  # no process has a descriptor of it yet
_TABLES = {socket.AF_INET: Path("/proc/net/tcp"), socket.AF_INET6: Path("/proc/net/tcp6")}
_WORD_CHARACTERS = 8


def waiting(listening: socket.socket) -> list[str]:
    """Return the addresses of all who wait to be accepted, in no order."""
    port: int = listening.getsockname()[1]
    table = _TABLES[listening.family].read_text()
    return list(_waiting(table.splitlines()[1:], f"{port:04X}"))


def _waiting(lines: list[str], port: str) -> Iterator[str]:
    for line in lines:
        _, local, remote, state, _, _, _, _, _, inode, *_ = line.split()
        if local.endswith(f":{port}") and state in _COMPLETE and inode == _NOT_ACCEPTED:
            yield _address(remote.partition(":")[0])


def _address(text: str) -> str:
    """Read words of four bytes that the kernel wrote as numbers of this machine."""
    words = [
        int(text[start : start + _WORD_CHARACTERS], 16).to_bytes(4, "little")
        for start in range(0, len(text), _WORD_CHARACTERS)
    ]
    return str(ip_address(b"".join(words)))
