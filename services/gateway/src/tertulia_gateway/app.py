"""The FastAPI application: WebSocket, REST and page, put together from what is passed in."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.websockets import WebSocket

from tertulia_gateway import page
from tertulia_gateway.auth import Access
from tertulia_gateway.context import Backstage
from tertulia_gateway.rest import characters, conversations, middleware, problems, reference, status, voices
from tertulia_gateway.settings import GatewaySettings
from tertulia_gateway.ws.connections import Hub
from tertulia_gateway.ws.endpoint import Door
from tertulia_shared.version import __version__

DESCRIPTION = (
    "Talk with several AI characters. The conversation itself is at the WebSocket `/ws`: see docs/protocol.md."
)


def make_app(settings: GatewaySettings, hub: Hub, backstage: Backstage, *, static: Path = page.STATIC) -> FastAPI:
    """The application. It owns nothing: bus, store and hub live as long as the caller lets them."""
    app = FastAPI(
        title="Tertulia", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None
    )  # fmt: skip
    access = Access(settings)
    door = Door(hub, access, backstage)

    middleware.install(app, access)
    app.add_middleware(page.SecurityHeaders)
    problems.install(app)

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await door.serve(socket)

    app.include_router(status.router(backstage.bus, hub, settings, backstage.metrics))
    app.include_router(conversations.router(backstage.store))
    app.include_router(characters.router(backstage.store, backstage.bus))
    app.include_router(voices.router(backstage.bus))
    reference.install(app)
    page.install(app, static)
    return app
