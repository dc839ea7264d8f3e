"""The FastAPI application: the WebSocket endpoint, the REST API and the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.websockets import WebSocket

from tertulia_gateway import page
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.model_requests import ModelRequests
from tertulia_gateway.rest import (
    api_docs,
    cards,
    cast,
    character_lorebooks,
    characters,
    clips,
    conversation_branch,
    conversation_import,
    conversation_sound,
    conversations,
    lorebooks,
    message_sound,
    middleware,
    model,
    personas,
    problems,
    status,
    summaries,
    voices,
)
from tertulia_gateway.ws.connections import Connections
from tertulia_gateway.ws.endpoint import WebSocketEndpoint
from tertulia_shared.version import __version__

DESCRIPTION = (
    "Talk with several AI characters. The conversation itself is at the WebSocket `/ws`: see docs/protocol.md."
)


def make_app(ctx: GatewayContext, connections: Connections, *, static: Path = page.STATIC) -> FastAPI:
    """Build the application. The caller opens and closes the bus and the store in `ctx`."""
    app = FastAPI(title="Tertulia", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None)
    endpoint = WebSocketEndpoint(connections, ctx)

    middleware.install(app, ctx.access)
    app.add_middleware(page.SecurityHeaders)
    problems.install(app)

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await endpoint.serve(socket)

    app.include_router(status.router(ctx.bus, connections, ctx.metrics, ctx.health()))
    app.include_router(conversations.router(ctx))
    app.include_router(message_sound.router(ctx.store, ctx.bus, alive_s=ctx.alive_s))
    app.include_router(conversation_sound.router(ctx))
    app.include_router(conversation_import.router(ctx.store))
    app.include_router(conversation_branch.router(ctx))
    app.include_router(cards.router(ctx))
    app.include_router(cast.router(ctx))
    app.include_router(lorebooks.router(ctx))
    app.include_router(summaries.router(ctx))
    app.include_router(character_lorebooks.router(ctx.store, ctx.bus))
    app.include_router(characters.router(ctx.store, ctx.bus, ctx.user_name))
    app.include_router(personas.router(ctx.store))
    app.include_router(voices.router(ctx.bus, ctx.clips, alive_s=ctx.alive_s))
    app.include_router(clips.router(ctx))
    app.include_router(model.router(ModelRequests(ctx.bus, ctx.wall_ms), ctx.access))
    api_docs.install(app)
    page.install(app, static)
    return app
