"""Idempotency-Key on every POST under /v1 (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from api.auth import authenticate
from api.deps import get_core
from api.errors import PROBLEM_MEDIA_TYPE
from control_plane.kit.errors import AppError
from control_plane.kit.idempotency import Claim, IdempotencyStore, KeptReply

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
ERROR_STATUS_MIN = 400
FAILURE_STATUS_MIN = 500

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

RouteHandler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotencyKeyInvalidError(AppError):
    """The key is not 1 to 255 visible ASCII characters, or was sent twice."""

    code = "idempotency_key_invalid"
    status = 422
    title = "Idempotency key invalid"


class IdempotencyKeyUnsupportedError(AppError):
    """The route can not promise what the header asks for, and says so instead of ignoring it."""

    code = "idempotency_key_unsupported"
    status = 422
    title = "Idempotency key unsupported"


class ReplyKeeper:
    """Keeps the reply of this request, if it carries a key, in the transaction of its work.

    Without `keep` a reply is kept once it is given: a crash between the two leaves the work done
    and the key free. Whatever is written in a transaction calls `keep` in it.
    """

    def __init__(self, store: IdempotencyStore, claim: Claim | None) -> None:
        self._store = store
        self._claim = claim

    @property
    def is_resumed(self) -> bool:
        """Whether the same request was begun before and nobody knows how it ended."""
        return self._claim is not None and self._claim.is_resumed

    def keep(
        self, session: Session, status: int, reply: BaseModel, location: str | None = None
    ) -> None:
        """Keep `reply`, with its Location header if it has one."""
        if self._claim is not None:
            body = reply.model_dump_json().encode()
            self._store.keep(session, self._claim, status, body, location)


async def handle_once(request: Request, handler: RouteHandler) -> Response:
    """Answer an authenticated request by `handler`, or by the reply kept under its key.

    A refusal frees the key: nothing was done, and the request may be corrected. A failure of ours
    keeps it for the same request, which may have been carried out; one that came after its work
    was written down is kept like any other reply.
    """
    key = _key_of(request)
    if key is None:
        return await handler(request)
    principal = await authenticate(request)
    store = get_core(request).idempotency
    request_hash = _hash(principal.id, request, await request.body())
    claim = await run_in_threadpool(store.claim, principal.organization_id, key, request_hash)
    if isinstance(claim, KeptReply):
        return _replay(claim)
    request.state.claim = claim
    try:
        response = await handler(request)
    except Exception as error:
        await run_in_threadpool(store.release if _is_refusal(error) else store.lapse, claim)
        raise
    location = response.headers.get("location")
    body = bytes(response.body)
    await run_in_threadpool(store.keep_final, claim, response.status_code, body, location)
    return response


def _replay(kept: KeptReply) -> Response:
    headers = {REPLAYED_HEADER: "true"}
    if kept.location is not None:
        headers["Location"] = kept.location
    is_problem = kept.status >= ERROR_STATUS_MIN
    media_type = PROBLEM_MEDIA_TYPE if is_problem else "application/json"
    return Response(kept.body, kept.status, headers, media_type)


def _is_refusal(error: Exception) -> bool:
    """Whether the request was refused before it did anything."""
    if isinstance(error, AppError):
        return error.status < FAILURE_STATUS_MIN
    if isinstance(error, HTTPException):
        return error.status_code < FAILURE_STATUS_MIN
    return isinstance(error, RequestValidationError)


def get_reply_keeper(request: Request) -> ReplyKeeper:
    return ReplyKeeper(get_core(request).idempotency, getattr(request.state, "claim", None))


def refuse_idempotency_key(request: Request) -> None:
    """Dependency of routes that do not deduplicate: refuses the header by name."""
    if IDEMPOTENCY_HEADER in request.headers:
        raise IdempotencyKeyUnsupportedError(
            "records are not deduplicated by Idempotency-Key",
            advice="leave the header out; an idempotent Kafka producer writes each record once",
        )


def _key_of(request: Request) -> str | None:
    keys = request.headers.getlist(IDEMPOTENCY_HEADER)
    if not keys:
        return None
    if len(keys) != 1 or _KEY.fullmatch(keys[0]) is None:
        raise IdempotencyKeyInvalidError(
            "an Idempotency-Key has 1 to 255 visible ASCII characters and is sent once",
            advice="use a fresh UUID for every new request",
        )
    return keys[0]


def _hash(principal_id: str, request: Request, body: bytes) -> bytes:
    # The principal is part of it: a reply is given to nobody but the caller it was made for.
    parts = (principal_id, request.method, request.url.path, request.url.query)
    digest = hashlib.sha256()
    for part in (*(part.encode() for part in parts), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


Reply = Annotated[ReplyKeeper, Depends(get_reply_keeper)]
