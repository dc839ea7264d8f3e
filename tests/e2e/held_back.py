"""Holds back what a page and the server send, so that a test can use the page before it knows the answer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urlsplit

from playwright.async_api import Page, Request, Route, WebSocketRoute

SOCKET = re.compile(r"/ws(\?|$)")


class Requests:
    """The page's requests to the REST API: those that were sent, and those without an answer."""

    def __init__(self, page: Page) -> None:
        self.sent: list[str] = []
        """Method and path of each, in order."""
        self._open: set[Request] = set()
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_answer)
        page.on("requestfailed", self._on_answer)

    @property
    def waiting(self) -> list[str]:
        """Method and path of each that has no answer yet."""
        return [_named(request) for request in self._open]

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).path.startswith("/api/"):
            self.sent.append(_named(request))
            self._open.add(request)

    def _on_answer(self, request: Request) -> None:
        self._open.discard(request)


@asynccontextmanager
async def held_answers(page: Page, which: Callable[[str], bool]) -> AsyncGenerator[asyncio.Event]:
    """These requests (method and path) to the REST API reach the server only when the event is set. At the end, no
    route of the page is left.
    """
    released = asyncio.Event()

    async def pass_later(route: Route) -> None:
        if which(_named(route.request)):
            await released.wait()
        await route.continue_()

    await page.route("**/api/**", pass_later)
    try:
        yield released
    finally:
        released.set()
        await page.unroute_all(behavior="wait")


async def hold_connection(page: Page) -> Callable[[], None]:
    """The page's next WebSockets connect only when the returned function is called."""
    released = asyncio.Event()

    async def connect_later(socket: WebSocketRoute) -> None:
        await released.wait()
        socket.connect_to_server()

    await page.route_web_socket(SOCKET, connect_later)
    return released.set


async def hold_events(page: Page) -> Callable[[], None]:
    """The page's next WebSockets receive `conversation_started`, and everything else only when the returned function is
    called.
    """
    held: list[Callable[[], None]] = []
    is_held = True

    def connect(socket: WebSocketRoute) -> None:
        def deliver(message: str | bytes) -> None:
            if is_held and not (isinstance(message, str) and '"conversation_started"' in message):
                held.append(lambda: socket.send(message))
            else:
                socket.send(message)

        socket.connect_to_server().on_message(deliver)

    def release() -> None:
        nonlocal is_held
        is_held = False
        for send in held:
            send()

    await page.route_web_socket(SOCKET, connect)
    return release


class ControlledConnection:
    """The page's WebSockets from now on, which the test can cut."""

    def __init__(self) -> None:
        self._may_connect = asyncio.Event()
        self._may_connect.set()
        self._sockets: list[WebSocketRoute] = []
        self._sent: list[str | bytes] = []

    @classmethod
    async def of(cls, page: Page) -> Self:
        self = cls()
        await page.route_web_socket(SOCKET, self._connect)
        return self

    async def cut(self) -> None:
        """Close the connection. Others wait for `restore`."""
        self._may_connect.clear()
        await self._sockets[-1].close(code=1012)

    def restore(self) -> None:
        self._may_connect.set()

    def notes(self) -> list[str]:
        """The texts of the author's note that the page has sent."""
        commands = [json.loads(frame) for frame in self._sent if isinstance(frame, str)]
        return [each["data"]["text"] for each in commands if each["type"] == "note" and "text" in each["data"]]

    async def _connect(self, socket: WebSocketRoute) -> None:
        await self._may_connect.wait()
        server = socket.connect_to_server()

        def to_server(frame: str | bytes) -> None:
            self._sent.append(frame)
            server.send(frame)

        socket.on_message(to_server)
        self._sockets.append(socket)


def _named(request: Request) -> str:
    return f"{request.method} {urlsplit(request.url).path}"
