"""Starting a process with its listening sockets in the way of sd_listen_fds(3)."""

import fcntl
import os
import resource
import signal
from collections.abc import Collection, Mapping

from control_plane.provisioning.process import ProcessSpec
from control_plane.provisioning.supervisor.limits import OPEN_FILES_MAX

_FIRST_DESCRIPTOR = 3
_OUTPUT, _ERROR = 1, 2

_FileAction = tuple[int, int, str, int, int] | tuple[int, int, int]


def spawn(spec: ProcessSpec, descriptors: Mapping[str, int]) -> int:
    """Start the process in a session of its own and return its pid.

    Raises OSError when the program, its directory or its log can not be used. Not thread-safe:
    the working directory of this process is changed for the moment of the start.
    """
    sources = _clear_of_targets(descriptors.values())
    try:
        os.chdir(spec.cwd)
        pid = os.posix_spawn(
            spec.command[0],
            spec.command,
            _environment(spec, descriptors),
            file_actions=_file_actions(spec.log_file, sources),
            setsid=True,
            setsigmask=(),
            setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
        )
    finally:
        os.chdir("/")
        for source in sources:
            os.close(source)
    _bound(pid, spec)
    return pid


def _bound(pid: int, spec: ProcessSpec) -> None:
    """Set what the process may take of the machine, which it can not raise again unless it is root.

    It leaves no core: its memory holds keys and records.
    """
    resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    files = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))
    if spec.data_bytes_max is not None:
        resource.prlimit(pid, resource.RLIMIT_DATA, (spec.data_bytes_max, spec.data_bytes_max))


def _clear_of_targets(descriptors: Collection[int]) -> list[int]:
    """Duplicate above the range they end in, so that no move overwrites a later one's source."""
    lowest = _FIRST_DESCRIPTOR + len(descriptors)
    return [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, lowest) for one in descriptors]


def _file_actions(log_file: str, sources: list[int]) -> list[_FileAction]:
    log_flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    moves: list[_FileAction] = [
        (os.POSIX_SPAWN_DUP2, source, target)
        for target, source in enumerate(sources, start=_FIRST_DESCRIPTOR)
    ]
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, _OUTPUT, log_file, log_flags, 0o600),
        (os.POSIX_SPAWN_DUP2, _OUTPUT, _ERROR),
        *moves,
    ]


def _environment(spec: ProcessSpec, descriptors: Mapping[str, int]) -> dict[str, str]:
    return {
        **spec.env,
        "LISTEN_FDS": str(len(descriptors)),
        "LISTEN_FDNAMES": ":".join(descriptors),
    }
