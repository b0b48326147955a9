from pathlib import Path

from control_plane.provisioning.supervisor.limits import PROCESS_LOG_BYTES_MAX
from control_plane.provisioning.supervisor.logs import bound_log, last_line


def test_log_that_grew_too_long_is_moved_aside_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "process.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * (PROCESS_LOG_BYTES_MAX // 4 + 1))
        bound_log(log)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert last_line(log) == "new"
    assert log.with_name("process.log.1").stat().st_size > PROCESS_LOG_BYTES_MAX
