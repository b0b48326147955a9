from bench.kill_steps.scenario import CHANGES, Outcome
from bench.proofs.kill_steps import KILLS_PER_CHANGE_MIN, MODES, judge


def outcomes() -> dict[str, Outcome]:
    return {
        name: Outcome(kills=dict.fromkeys(CHANGES, KILLS_PER_CHANGE_MIN), operations=50)
        for name in MODES
    }


def test_nothing_lost_and_nothing_left_is_green() -> None:
    assert judge(outcomes(), controls=[True, True]).green


def test_one_lost_operation_is_red() -> None:
    found = outcomes()
    found["in-process, SQLite"].lost.append("pause of lkc_1")
    assert not judge(found, controls=[True, True]).green


def test_one_process_left_is_red() -> None:
    found = outcomes()
    found["Celery, Valkey, PostgreSQL"].orphans.append("process 7")
    assert not judge(found, controls=[True, True]).green


def test_a_change_that_never_died_is_red() -> None:
    found = outcomes()
    found["in-process, SQLite"].kills["purge"] = 0
    assert not judge(found, controls=[True, True]).green


def test_a_way_that_was_not_tried_is_red() -> None:
    found = outcomes()
    del found["Celery, Valkey, PostgreSQL"]
    assert not judge(found, controls=[True]).green


def test_a_look_that_sees_nothing_is_red() -> None:
    assert not judge(outcomes(), controls=[True, False]).green
