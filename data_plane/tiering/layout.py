"""Names of objects. None is ever written with other content: each bears its content's checksum."""

import re
from dataclasses import dataclass

from data_plane.tiering.documents import RemoteFile

_EDITION = re.compile(r"(?P<number>\d{12})-(?P<sha256>[0-9a-f]{64})\.json")
_CLUSTER = "cluster"  # stands for the data directory itself, whose path is empty


@dataclass(frozen=True, slots=True)
class EditionName:
    """An edition as the name of its object tells it."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the remote copy of one cluster lies in a bucket."""

    prefix: str
    cluster_id: str

    @property
    def root(self) -> str:
        return f"{self.prefix}{self.cluster_id}/"

    @property
    def editions(self) -> str:
        return f"{self.root}editions/"

    @property
    def files(self) -> str:
        return f"{self.root}files/"

    @property
    def indexes(self) -> str:
        return f"{self.root}indexes/"

    def edition(self, name: EditionName) -> str:
        return f"{self.editions}{name.number:012d}-{name.sha256}.json"

    def edition_name(self, key: str) -> EditionName | None:
        """Return what the name of an object says; None if it is no edition's."""
        found = _EDITION.fullmatch(key.removeprefix(self.editions))
        return None if found is None else EditionName(int(found["number"]), found["sha256"])

    def index(self, path: str, sha256: str) -> str:
        return f"{self.indexes}{path or _CLUSTER}/{sha256}.json"

    def directory(self, path: str) -> str:
        """Return what the names of a directory's files begin with."""
        return f"{self.files}{path or _CLUSTER}/"

    def file(self, path: str, file: RemoteFile) -> str:
        return f"{self.directory(path)}{file.name}.{file.sha256}"

    def path_of(self, key: str, beginning: str) -> str:
        """Return of which directory an object is whose name begins with `files` or `indexes`."""
        directory = key.removeprefix(beginning).rpartition("/")[0]
        return "" if directory == _CLUSTER else directory
