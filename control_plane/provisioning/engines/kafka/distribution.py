"""Apache Kafka as it is installed: its jars, the Java that runs it, and our plugins for both.

The plugins are compiled where they run, against the very Kafka they run in: nothing built has to
be shipped, and a Kafka that they do not fit is told by name before a cluster is made.
"""

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from control_plane.provisioning.errors import EngineUnusableError

VERSION_MIN = (4, 2)
VERSION_BELOW = (5, 0)
JAVA_RELEASE = "17"
COMPILE_SECONDS_MAX = 300.0

SOURCES = Path(__file__).parent / "java"
_CLIENTS = re.compile(r"kafka-clients-(\d+)\.(\d+)\.(\d+)\.jar")
_SERVER = "kafka_2.13-{version}.jar"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed Apache Kafka, and the programs of a JDK."""

    version: str
    libs: Path
    java: Path
    javac: Path

    def class_path(self, *more: Path) -> str:
        return ":".join([*map(str, more), f"{self.libs}/*"])


def find_distribution(home: Path) -> Distribution:
    """Return what is installed in `home`, which has the jars, or has them in `libs`.

    Raises EngineUnusableError, which says what is missing.
    """
    libs = home / "libs" if (home / "libs").is_dir() else home
    versions = [
        match for jar in libs.glob("kafka-clients-*.jar") if (match := _CLIENTS.fullmatch(jar.name))
    ]
    if len(versions) != 1:
        raise EngineUnusableError(f"{home} holds no Apache Kafka: one kafka-clients jar expected")
    major, minor, patch = (int(part) for part in versions[0].groups())
    version = f"{major}.{minor}.{patch}"
    if not VERSION_MIN <= (major, minor) < VERSION_BELOW:
        raise EngineUnusableError(f"{home} holds Apache Kafka {version}; 4.2 or newer is needed")
    if not (libs / _SERVER.format(version=version)).is_file():
        raise EngineUnusableError(f"{home} holds the clients of Apache Kafka, not its server")
    return Distribution(version, libs.resolve(), _program("java"), _program("javac"))


def compile_plugins(distribution: Distribution, directory: Path) -> Path:
    """Return the folder in `directory` that holds the classes, compiling them if need be.

    Raises EngineUnusableError with the compiler's words.
    """
    sources = sorted(SOURCES.glob("*.java"))
    digest = hashlib.sha256(distribution.version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    classes = directory / f"plugins-{digest.hexdigest()[:16]}"
    if classes.is_dir():
        return classes
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory) as made:
        _compile(distribution, sources, Path(made))
        finished = Path(made) / "classes"
        try:
            finished.rename(classes)
        except OSError:
            # Somebody else was faster; theirs are of the same sources.
            if not classes.is_dir():
                raise
    return classes


def _compile(distribution: Distribution, sources: list[Path], made: Path) -> None:
    command = [str(distribution.javac), "--release", JAVA_RELEASE, "-proc:none", "-Xlint:none"]
    command += ["-cp", distribution.class_path(), "-d", str(made / "classes")]
    try:
        subprocess.run(
            [*command, *map(str, sources)],
            check=True,
            capture_output=True,
            timeout=COMPILE_SECONDS_MAX,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[-500:]
        raise EngineUnusableError(f"the plugins do not compile against it: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnusableError(f"javac can not be run: {error}") from error


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise EngineUnusableError(
            f"there is no {name} on PATH",
            advice=f"install a JDK of version {JAVA_RELEASE} or newer",
        )
    return Path(found)
