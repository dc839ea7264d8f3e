"""Checks, before a REST request is routed, whether access is allowed and whether the body is too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request, Response

from tertulia_gateway.auth import Access, Refusal
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest import problems
from tertulia_shared.cards.png_file import MAX_PNG_BYTES

MAX_BODY_BYTES = 1024 * 1024
"""Large enough for a character with the largest allowed picture, which takes 270 kB."""

CARD_FILE_PATHS = ("/api/characters/import", "/api/characters/card")
NEW_CHARACTER_PATH = "/api/characters"
MAX_NEW_CHARACTER_BYTES = 8 * 1024 * 1024
"""Large enough for a character with the largest allowed card, which has up to six bytes for a character."""

CLIPS_PATH = "/api/clips"
MAX_CLIP_BODY_BYTES = 2 * 1024 * 1024
"""Large enough for the longest recording of a voice: 30 s of 24 kHz PCM, which is 1.92 MB in base64."""


def install(app: FastAPI, access: Access) -> None:
    """Check /api, /openapi.json and /metrics. The health paths need no token, because they reveal nothing about
    conversations.
    """

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        path = request.url.path
        if path in ("/openapi.json", "/metrics") or path.startswith("/api"):
            refusal = access.refusal(request.headers, request.query_params)
            refusal = refusal or body_refusal(request.headers, _max_body_bytes(path))
            if refusal is not None:
                return problems.refused(refusal)
        return await call_next(request)


def body_refusal(headers: Mapping[str, str], max_bytes: int = MAX_BODY_BYTES) -> Refusal | None:
    """Return a 411/413 refusal if Content-Length is missing or too large."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdigit():
        return Refusal(411, "Give the body's length in Content-Length.", ProblemCode.BODY_LENGTH_MISSING)
    if int(length) > max_bytes:
        reason = f"The body has {length} bytes; at most {max_bytes} are taken."
        return Refusal(413, reason, ProblemCode.BODY_TOO_LONG, {"length": int(length), "most": max_bytes})
    return None


def _max_body_bytes(path: str) -> int:
    if path in CARD_FILE_PATHS or (path.startswith(f"{NEW_CHARACTER_PATH}/") and path.endswith("/card")):
        return MAX_PNG_BYTES
    if path == NEW_CHARACTER_PATH:
        return MAX_NEW_CHARACTER_BYTES
    return MAX_CLIP_BODY_BYTES if path == CLIPS_PATH else MAX_BODY_BYTES
