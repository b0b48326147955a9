"""The built console on disk, and under which headers browsers may have it."""

import mimetypes
import secrets
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from control_plane.kit.errors import AppError

INDEX = "index.html"
NONCE_PLACEHOLDER = "__CSP_NONCE__"
NONCE_BYTES = 16
HASHED_PREFIX = "assets/"
IMMUTABLE = "public, max-age=31536000, immutable"
SHORT = "public, max-age=3600"
PATH_LENGTH_MAX = 200  # longer than any of our files; file systems refuse names over 255

_PACKAGED = Path(__file__).parent / "console_build"
_BUILT = Path(__file__).parents[1] / "build" / "console"


class ConsoleNotBuiltError(AppError):
    """The console's files are not there: this checkout was never set up."""

    code = "console_not_built"
    status = 503
    title = "Console not built"


class ConsoleFileNotFoundError(AppError):
    """A page that is still open asks for a file of another build."""

    code = "console_file_not_found"
    status = 404
    title = "Console file not found"


class ConsoleFiles:
    """What the build left in a directory."""

    def __init__(self, directory: Path | None = None) -> None:
        default = _PACKAGED if _PACKAGED.is_dir() else _BUILT
        self._directory = (directory or default).resolve()

    def index(self) -> Response:
        """Return the application's page, under a policy of its own and never kept.

        Scripts come from this origin alone. Styles too, or carry this answer's nonce.
        Raises ConsoleNotBuiltError.
        """
        try:
            page = (self._directory / INDEX).read_text("utf-8")
        except FileNotFoundError:
            raise ConsoleNotBuiltError(
                "the files of the console are not there",
                advice="build them with `make setup`, then load this page again",
            ) from None
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        headers = {"Content-Security-Policy": _policy(nonce), "Cache-Control": "no-store"}
        return HTMLResponse(page.replace(NONCE_PLACEHOLDER, nonce), headers=headers)

    def answer(self, request: Request, path: str) -> Response:
        """Return the file of a path, or the page for what is an address inside the application.

        Raises ConsoleNotBuiltError and ConsoleFileNotFoundError.
        """
        found = self._find(path)
        if found is not None:
            return _file(request, found, IMMUTABLE if path.startswith(HASHED_PREFIX) else SHORT)
        if path.startswith(HASHED_PREFIX):
            raise ConsoleFileNotFoundError(
                "there is no such file of the console", advice="load the page again"
            )
        return self.index()

    def _find(self, path: str) -> Path | None:
        if len(path) > PATH_LENGTH_MAX:
            return None
        wanted = (self._directory / path).resolve()
        inside = wanted.is_relative_to(self._directory) and wanted.name != INDEX
        return wanted if inside and wanted.is_file() else None


def _file(request: Request, path: Path, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    compressed = path.with_name(f"{path.name}.gz")
    if compressed.is_file() and "gzip" in request.headers.get("accept-encoding", ""):
        media_type = mimetypes.guess_type(path.name)[0]
        headers["Content-Encoding"] = "gzip"
        return FileResponse(compressed, headers=headers, media_type=media_type)
    return FileResponse(path, headers=headers)


def _policy(nonce: str) -> str:
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return "; ".join(rules)
