"""File systems of their own in a file, and the power cut: an ioctl that shuts a file system down.

What was not synced when it shuts down is lost, as by pulling a plug; every later write fails.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.durability.outcome import UnableError

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN: the same number, `_IOR('X', 125, __u32)`."""

WITHOUT_LOG_FLUSH = 2
VOLUME_BYTES = 512 << 20
MAKERS = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
}
UNMOUNT_TRIES = 50
UNMOUNT_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A file system in a file, mounted in a directory."""

    kind: str
    image: Path
    place: Path

    def cut_power(self) -> None:
        """Lose what is not durable; the file system stays mounted and fails every write."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def restart(self) -> None:
        """Mount it again, with nothing in memory of what it held."""
        self.unmount()
        self.mount()

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.place))

    def unmount(self) -> None:
        fault = ""
        for _ in range(UNMOUNT_TRIES):
            done = subprocess.run(["umount", str(self.place)], capture_output=True, check=False)
            if done.returncode == 0:
                return
            fault = done.stderr.decode().strip()
            # A process that was just killed may still be leaving.
            time.sleep(UNMOUNT_PAUSE_SECONDS)
        raise UnableError(f"{self.place} can not be unmounted: {fault}")


def require() -> None:
    """Raise UnableError, in one line, where power can not be cut."""
    if os.geteuid() != 0:
        raise UnableError("power cuts mount file systems, which needs root")
    if not Path("/dev/loop-control").exists():
        raise UnableError("power cuts need loop devices, and /dev/loop-control is not there")
    for program in ("mount", "umount", *(maker[0] for maker in MAKERS.values())):
        if shutil.which(program) is None:
            raise UnableError(f"power cuts need {program}, which `make setup-tests` installs")


@contextmanager
def volume(kind: str, directory: Path) -> Generator[Volume]:
    """A fresh file system of a kind, mounted until the end."""
    require()
    image, place = directory / f"{kind}.image", directory / kind
    with image.open("wb") as file:
        file.truncate(VOLUME_BYTES)
    _run(*MAKERS[kind], str(image))
    place.mkdir()
    made = Volume(kind=kind, image=image, place=place)
    made.mount()
    try:
        yield made
    finally:
        made.unmount()
        place.rmdir()
        image.unlink()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnableError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
