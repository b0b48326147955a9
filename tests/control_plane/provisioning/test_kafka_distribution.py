from pathlib import Path

import pytest

from control_plane.provisioning.engines.kafka import distribution
from control_plane.provisioning.engines.kafka.distribution import (
    compile_plugins,
    find_distribution,
)
from control_plane.provisioning.errors import EngineUnusableError
from tools.java_artifacts import JAVA_DIR


def installed(home: Path, *jars: str) -> Path:
    (home / "libs").mkdir(parents=True)
    for jar in jars:
        (home / "libs" / jar).touch()
    return home


def test_the_artifacts_of_tests_are_a_distribution() -> None:
    found = find_distribution(JAVA_DIR)
    assert found.version == "4.3.1"
    assert found.class_path(Path("/plugins")) == f"/plugins:{JAVA_DIR.resolve()}/*"


def test_jars_of_a_kafka_home_lie_in_libs(tmp_path: Path) -> None:
    home = installed(tmp_path / "kafka", "kafka-clients-4.2.0.jar", "kafka_2.13-4.2.0.jar")
    assert find_distribution(home).libs == home / "libs"


@pytest.mark.parametrize(
    ("jars", "words"),
    [
        ((), "no Apache Kafka"),
        (("kafka-clients-4.3.1.jar", "kafka-clients-4.3.0.jar"), "one kafka-clients jar"),
        (("kafka-clients-3.9.1.jar", "kafka_2.13-3.9.1.jar"), "4.2 or newer"),
        (("kafka-clients-4.3.1.jar",), "not its server"),
        (("kafka-clients-4.3.1.jar", "kafka_2.13-4.2.0.jar"), "not its server"),
    ],
)
def test_what_can_not_be_used_is_named(tmp_path: Path, jars: tuple[str, ...], words: str) -> None:
    with pytest.raises(EngineUnusableError, match=words):
        find_distribution(installed(tmp_path / "kafka", *jars))


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnusableError) as caught:
        find_distribution(JAVA_DIR)
    assert "JDK" in str(caught.value.advice)


def test_plugins_that_do_not_fit_are_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "java"
    sources.mkdir()
    (sources / "Broken.java").write_text("class Broken extends org.apache.kafka.Nothing {}")
    monkeypatch.setattr(distribution, "SOURCES", sources)
    with pytest.raises(EngineUnusableError, match=r"org\.apache\.kafka"):
        compile_plugins(find_distribution(JAVA_DIR), tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []
