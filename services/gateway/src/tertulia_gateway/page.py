"""Serves the web page from `static/`, where the build puts it, and sets security headers on every response."""

from __future__ import annotations

from html import escape
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"

POLICY = {
    "default-src": "'self'",
    "script-src": "'self' blob:",  # `blob:` because an AudioWorklet may be loaded from a blob
    "worker-src": "'self' blob:",
    # no other servers: a picture from another server could track the user; the pictures of characters are inline
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{directive} {sources}" for directive, sources in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "X-Frame-Options": "DENY",
}

FOREVER = "public, max-age=31536000, immutable"
NOT_FOUND = 404
NOT_FOUND_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Not found: Tertulia</title>
<h1>There is no page at this address.</h1><p><a href="{home}">Open Tertulia</a></p></html>
"""


class SecurityHeaders:
    """ASGI middleware that sets `HEADERS` on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, with_headers)


class _Page(StaticFiles):
    """The files of the page. Browsers may keep those whose names contain a hash, and ask again for the others."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code == NOT_FOUND and "text/html" in Headers(scope=scope).get("accept", ""):
                home = escape(f"{scope.get('app_root_path', '')}/")
                return HTMLResponse(NOT_FOUND_PAGE.format(home=home), NOT_FOUND)
            raise
        response.headers["Cache-Control"] = FOREVER if path.startswith("assets/") else "no-cache"
        return response


def install(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the page at `/`. If the page was not built, respond with instructions for building it."""
    if (static / "index.html").is_file():
        app.mount("/", GZipMiddleware(_Page(directory=static, html=True)), name="page")
        return

    @app.get("/", include_in_schema=False)
    async def not_built() -> PlainTextResponse:
        return PlainTextResponse("The page has not been built: run `make web`, then start the gateway again.\n", 503)
