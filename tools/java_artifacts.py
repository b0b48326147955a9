"""Apache Kafka's own Java clients and tools, for tests and as the wire codec's source.

Files land in build/cache/java and are checked against tools/java_artifacts.sha256.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tools.paths import CACHE, ROOT
from tools.steps import SetupError, Stamp, digest, run, say
from tools.toolchains import MAVEN, require

JAVA_DIR = CACHE / "java"
POM = ROOT / "tools" / "java_artifacts.pom.xml"
CHECKSUMS = ROOT / "tools" / "java_artifacts.sha256"


def fetch_java_artifacts() -> None:
    """Resolve the POM into build/cache/java; raises SetupError on a bad checksum."""
    stamp = Stamp(JAVA_DIR, "java", digest(POM, CHECKSUMS))
    if stamp.fresh():
        return
    mvn = require(MAVEN)
    say("fetching Apache Kafka's Java clients and tools")
    shutil.rmtree(JAVA_DIR, ignore_errors=True)
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    maven = [mvn, "-q", "-B", "-Dstyle.color=never", "-f", str(POM)]
    run([*maven, goal, f"-DoutputDirectory={JAVA_DIR}"])
    verify(JAVA_DIR)
    stamp.set()


def verify(directory: Path) -> None:
    """Compare every jar with its committed checksum."""
    rows = (line.split() for line in CHECKSUMS.read_text(encoding="utf-8").splitlines())
    wanted = {name: checksum for checksum, name in rows}
    found = {
        jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in directory.glob("*.jar")
    }
    wrong = sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    )
    if wrong:
        raise SetupError(f"checksums of Java artifacts differ: {', '.join(wrong)}")


def jar(name: str) -> Path:
    """The path of one fetched jar, named without `.jar`."""
    return JAVA_DIR / f"{name}.jar"
