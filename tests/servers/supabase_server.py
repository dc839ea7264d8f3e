"""Supabase's API gateway before PostgREST: it checks API keys and strips /rest/v1; Realtime is scripted."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import io
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.servers.postgres import JWT_SECRET, Database
from tests.servers.redis_server import free_port

HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive"}


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_key(role: str, secret: str = JWT_SECRET) -> str:
    """An API key like Supabase's: a signed token that names the role."""
    head, body = (_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, {"role": role}))
    signature = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{_base64(signature)}"


SERVICE_KEY = make_key("service_role")
ANON_KEY = make_key("anon")


class SupabaseServer:
    """`with SupabaseServer(database) as server:` serves at `server.url`, in its own thread."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.listeners = 0
        """The number of Realtime connections that have joined."""
        self.requests = 0
        """The number of requests that were forwarded to PostgREST."""
        self._sockets: dict[web.WebSocketResponse, str] = {}
        self._open = threading.Event()
        self._open.set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.set()
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    # -- control by a test

    def hold(self) -> None:
        """Accept requests, but do not answer them."""
        self._open.clear()

    def let_go(self) -> None:
        """Answer again, also the held requests."""
        self._open.set()

    def tell_of_change(self, table: str) -> None:
        """Realtime: report that a row of the table changed."""
        self._in_loop(self._tell(table))

    def drop_listeners(self) -> None:
        """Realtime: close every connection."""
        self._in_loop(self._drop())

    def _in_loop(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    # -- the API gateway

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        async with aiohttp.ClientSession(auto_decompress=False) as client:
            app = web.Application(client_max_size=64 * 1024 * 1024)

            async def rest(request: web.Request) -> web.StreamResponse:
                return await self._rest(client, request)

            app.router.add_route("*", "/rest/v1/{path:.*}", self._behind_the_gate(rest))
            app.router.add_get("/realtime/v1/websocket", self._behind_the_gate(self._realtime))
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port).start()
            self._started.set()
            await self._stop.wait()
            await self._drop()
            await runner.cleanup()

    def _behind_the_gate(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("apikey") or request.query.get("apikey")
            if key not in (SERVICE_KEY, ANON_KEY):
                return web.json_response(
                    {
                        "message": "Invalid API key",
                        "hint": "Double check your Supabase `anon` or `service_role` API key.",
                    },
                    status=401,
                )
            return await handler(request)

        return guarded

    async def _rest(self, client: aiohttp.ClientSession, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        while not self._open.is_set():  # noqa: ASYNC110 - it is set from another thread
            await asyncio.sleep(0.005)
        self.requests += 1
        path = request.rel_url.raw_path_qs.removeprefix("/rest/v1")
        try:
            async with client.request(
                request.method,
                # the raw path, so that nothing is encoded twice
                URL(f"http://127.0.0.1:{self.database.port}{path}", encoded=True),
                data=io.BytesIO(body),
                headers={name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP},
            ) as answer:
                headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
                return web.Response(status=answer.status, body=await answer.read(), headers=headers)
        except aiohttp.ClientError:
            return web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html")

    # -- Realtime, only for row changes

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            async for frame in socket:
                message = json.loads(frame.data)
                if message["event"] == "phx_join":
                    changes = message["payload"]["config"]["postgres_changes"]
                    bound = [{"id": number, **change} for number, change in enumerate(changes, 1)]
                    self._sockets[socket] = message["topic"]  # before the reply, because a test may wait for it
                    self.listeners += 1
                    await self._reply(socket, message, {"postgres_changes": bound})
                elif message["event"] in ("heartbeat", "phx_leave"):
                    await self._reply(socket, message, {})
        except ConnectionResetError:
            pass  # the client or a test has closed the connection
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _reply(self, socket: web.WebSocketResponse, message: dict[str, Any], response: dict[str, Any]) -> None:
        payload = {"status": "ok", "response": response}
        await socket.send_json(
            {"event": "phx_reply", "topic": message["topic"], "ref": message["ref"], "payload": payload}
        )

    async def _tell(self, table: str) -> None:
        data: dict[str, Any] = {
            "schema": "public", "table": table, "type": "UPDATE", "commit_timestamp": "2026-03-01T12:00:00Z",
            "columns": [], "record": {}, "old_record": {}, "errors": None,
        }  # fmt: skip
        for socket, topic in list(self._sockets.items()):
            with contextlib.suppress(ConnectionResetError):  # that listener has disconnected
                await socket.send_json(
                    {"event": "postgres_changes", "topic": topic, "ref": None, "payload": {"ids": [1], "data": data}}
                )

    async def _drop(self) -> None:
        dropped = list(self._sockets)
        self._sockets.clear()
        for socket in dropped:
            await socket.close()
