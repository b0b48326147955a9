"""Whether a database transaction is open here: the network is never waited for in one."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_OPEN: ContextVar[int] = ContextVar("headrace_units_of_work", default=0)


@contextmanager
def unit_of_work() -> Generator[None]:
    """Mark what runs inside as part of a database transaction."""
    token = _OPEN.set(_OPEN.get() + 1)
    try:
        yield
    finally:
        _OPEN.reset(token)


def require_no_unit_of_work() -> None:
    """Stand before every network call: locks and connections must not be held across it."""
    assert _OPEN.get() == 0, "the network is called inside a database transaction"
