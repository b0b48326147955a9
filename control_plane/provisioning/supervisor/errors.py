"""Refusals of the supervisor: a stable code and a sentence."""


class SupervisorError(Exception):
    """An answer of kind ``error``; ``code`` is part of the contract in docs/supervisor.md."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AlreadyRunningError(Exception):
    """Another supervisor holds the lock of the data directory."""
