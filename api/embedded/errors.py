"""Reasons for which the embedded service does not start, each one line for a person."""


class EmbeddedError(Exception):
    """The message says what is wrong and what to do; the command ends with status 1."""
