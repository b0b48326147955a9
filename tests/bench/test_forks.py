"""What judges whether a fork or its source touches what both have."""

from pathlib import Path

from bench.proofs.forks import count_changed, digests, shared_files


def test_only_files_that_both_have_are_looked_at_and_a_change_is_seen(tmp_path: Path) -> None:
    source, copy = (tmp_path / name / "topics" / "t-0" for name in ("source", "copy"))
    for directory in (source, copy):
        directory.mkdir(parents=True)
        (directory / "2.log").write_bytes(b"own")
    (source / "1.log").write_bytes(b"shared")
    (copy / "1.log").hardlink_to(source / "1.log")
    shared = shared_files(tmp_path / "source", tmp_path / "copy")
    assert [path.name for path in shared.values()] == ["1.log"]
    before = digests(shared)
    (source / "2.log").write_bytes(b"more")
    assert count_changed(before, digests(shared)) == 0
    (source / "1.log").write_bytes(b"patched")
    assert count_changed(before, digests(shared)) == 1
