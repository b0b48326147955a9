"""Cuts a stream of bytes into the JSON documents that follow one another in it.

Newline-delimited JSON is a special case of such concatenated JSON. Work is linear in the bytes
received however they are cut into chunks.
"""

import re
from collections.abc import Iterator

from data_plane.gateway.errors import DocumentTooLargeError, MalformedJsonError

# Whole strings are stepped over at once, so that brackets inside them do not count; a quote
# alone is a string whose end has not arrived.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\]]', re.DOTALL)
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_OPENING, _CLOSING = frozenset(b"{["), frozenset(b"}]")
_WHITE_SPACE = b" \t\r\n"


class DocumentSplitter:
    """Holds at most one unfinished document; what it yields is not checked to be valid JSON."""

    def __init__(self, document_bytes_max: int) -> None:
        self._document_bytes_max = document_bytes_max
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0
        self._in_string = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take what has arrived and yield each document that it completes.

        Raises MalformedJsonError where a document ends that never began, and
        DocumentTooLargeError.
        """
        self._buffer += chunk
        start = 0
        if self._in_string and not self._leave_string():
            self._check_size(len(self._buffer))
            return
        for token in _TOKEN.finditer(self._buffer, self._scanned):
            if self._enters_string(token):
                break
            self._scanned = token.end()
            self._step(self._buffer[token.start()])
            if self._depth == 0:
                self._check_size(self._scanned - start)
                yield bytes(self._buffer[start : self._scanned])
                start = self._scanned
        self._forget(start)
        self._check_size(len(self._buffer))

    def finish(self) -> None:
        """Say that the stream has ended. Raises MalformedJsonError if a document has not."""
        if self._buffer.strip(_WHITE_SPACE):
            raise MalformedJsonError("the body ends inside a JSON document")

    def _step(self, symbol: int) -> None:
        if symbol in _OPENING:
            self._depth += 1
        elif symbol in _CLOSING:
            self._depth -= 1
            if self._depth < 0:
                raise MalformedJsonError("a bracket closes that was never opened")

    def _enters_string(self, token: re.Match[bytes]) -> bool:
        is_unfinished = self._buffer[token.start()] == _QUOTE and token.end() - token.start() == 1
        if is_unfinished:
            self._in_string = True
            self._scanned = token.end()
            self._skip_to_end()
        return is_unfinished

    def _leave_string(self) -> bool:
        rest = _REST_OF_STRING.match(self._buffer, self._scanned)
        if rest is None:
            self._skip_to_end()
            return False
        self._in_string = False
        self._scanned = rest.end()
        return True

    def _skip_to_end(self) -> None:
        # An escape that is cut in two is looked at again when its second half is here.
        end = position = len(self._buffer)
        while position > self._scanned and self._buffer[position - 1] == _BACKSLASH:
            position -= 1
        self._scanned = end - (end - position) % 2

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._scanned -= count

    def _check_size(self, size: int) -> None:
        if size > self._document_bytes_max:
            raise DocumentTooLargeError
