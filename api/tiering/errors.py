"""Why a command about remote copies ends, each one line for a person."""

from collections.abc import Generator
from contextlib import contextmanager

from api.embedded.errors import EmbeddedError
from control_plane.kit.errors import AppError
from data_plane.tiering.errors import TieringError


class TierCommandError(EmbeddedError):
    """The message says what is wrong; `code` is what went wrong."""

    code = "remote_copy_failed"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


@contextmanager
def told() -> Generator[None]:
    """Turn what goes wrong inside into words for whoever called the command."""
    try:
        yield
    except TieringError as error:
        raise TierCommandError(str(error), error.code) from error
    except AppError as error:
        advice = "" if error.advice is None else f"; {error.advice}"
        raise TierCommandError(f"{error.detail}{advice}", error.code) from error
    except OSError as error:
        raise TierCommandError(f"can not read or write: {error}") from error
