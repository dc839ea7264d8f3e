"""HTTP requests to a model server."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import truststore

from tertulia_llm.model.context_window import entries_in
from tertulia_llm.model.failures import failure_of, refusal
from tertulia_llm.model.knowledge import KnownModel
from tertulia_llm.settings import LLMSettings
from tertulia_shared.version import __version__

QUESTION_S: Final = 5.0
"""Seconds to wait for the answer to any request that does not ask for a reply."""
CONNECT_S: Final = 10.0
KEPT_S: Final = 5.0
"""Seconds for which an idle connection is kept. Many servers close it after as many."""
MAX_PAGE_BYTES: Final = 1 << 16
MAX_ERROR_BYTES: Final = 1 << 20
FIRST_ERROR: Final = 400
"""The lowest HTTP status of an error."""


def is_web_page(headers: Mapping[str, str]) -> bool:
    """True if these headers are those of a web page."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"


class ModelServer:
    """One server. `is_changed` is set when something new is known about a model, or a model was used whose window is
    unknown.
    """

    def __init__(self, settings: LLMSettings) -> None:
        self.base_url = settings.llm_base_url
        self.is_changed = asyncio.Event()
        self._wait_s = settings.llm_first_token_s + settings.llm_stall_s
        self._headers = _headers_of(settings)
        self._proxy = proxy_for(self.base_url)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def changed(self) -> None:
        """Note that something new is known about a model."""
        self.is_changed.set()

    def used(self, known: KnownModel) -> None:
        """Note that a request for this model has ended."""
        known.uses += 1
        if known.may_ask:
            self.is_changed.set()

    async def completion(self, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
        """Send the request for a reply, and return the response whose body begins. The caller closes it with
        `release`. The worker repeats requests, not this class: a part of the reply may already have been spoken.

        Raises:
            ModelFailed: the server is unavailable, or refuses the request; then `error` says what it answered.
        """
        wait = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self._wait_s)
        try:
            response = await self._opened.post(
                f"{self.base_url}/chat/completions", data=_json(body), timeout=wait, proxy=self._proxy
            )
        except Exception as error:
            raise failure_of(error) from error
        if response.status < FIRST_ERROR:
            return response
        try:
            raise refusal(response.status, response.headers, await _beginning_of(response, MAX_ERROR_BYTES))
        finally:
            response.release()

    async def beginning_of(self, response: aiohttp.ClientResponse) -> bytes:
        """The first bytes of a body, as many as arrive in time. They are enough for the title of a web page."""
        return await _beginning_of(response, MAX_PAGE_BYTES)

    async def models(self, base_url: str = "") -> list[Mapping[str, Any]] | None:
        """The server's list of models; None if the server has no list at this address. `base_url`: another base URL to
        try.
        """
        answer = await self.ask(f"{base_url or self.base_url}/models")
        entries = entries_in(answer)
        return entries if entries or (isinstance(answer, dict) and "data" in answer) else None

    async def ask(self, url: str, body: Mapping[str, object] | None = None) -> object:
        """The parsed answer to a GET, or to a POST of `body`; None if there is no valid answer."""
        try:
            return await self._question("GET" if body is None else "POST", url, body)
        except Exception:  # noqa: BLE001 - a server may answer a question that it does not know with anything
            return None

    async def get(self, url: str) -> object:
        """The parsed answer to a GET; text that is not called JSON is returned as it is.

        Raises:
            ModelFailed: the server is unavailable, or refuses the request.
            Exception: the answer is invalid.
        """
        return await self._question("GET", url, None)

    async def _question(self, method: str, url: str, body: Mapping[str, object] | None) -> object:
        async with self._answer(method, url, body) as response:
            if response.status >= FIRST_ERROR:
                raise refusal(response.status, response.headers, await _beginning_of(response, MAX_ERROR_BYTES))
            if response.content_type.endswith("json"):
                return json.loads(await response.read())
            return await response.text(errors="replace")

    @asynccontextmanager
    async def _answer(
        self, method: str, url: str, body: Mapping[str, object] | None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=QUESTION_S)
        data = None if body is None else _json(body)
        try:
            async with self._opened.request(method, url, data=data, timeout=timeout, proxy=self._proxy) as response:
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise failure_of(error) from error

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:  # made here, because it needs a running event loop
            trusted = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S, ssl=trusted)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        return self._session

    def beside(self, path: str) -> str:
        """The URL of `path` on the same server, but outside of the OpenAI-compatible API."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix("/v1").rstrip("/") + path, "", ""))

    def shown(self, base_url: str = "") -> str:
        """The base URL, or another one, without a password."""
        parts = urlsplit(base_url or self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


def proxy_for(base_url: str) -> str | None:
    """The proxy for this address by the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY); None if there is none."""
    parts = urlsplit(base_url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return None if not proxy or urllib.request.proxy_bypass(parts.hostname or "") else proxy


def _headers_of(settings: LLMSettings) -> dict[str, str]:
    """The headers of each request; those of the settings replace ours."""
    ours = {
        "Accept": "application/json",
        "Authorization": f"Bearer {settings.openrouter_api_key.get_secret_value() or 'none'}",
        "Content-Type": "application/json",
        "User-Agent": f"Tertulia/{__version__}",
        "X-Title": "Tertulia",
    }
    given = settings.extra_headers
    names = {name.lower() for name in given}
    return {**{name: value for name, value in ours.items() if name.lower() not in names}, **given}


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def _beginning_of(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    read = b""
    with suppress(Exception):  # the bytes that have arrived are enough
        async with asyncio.timeout(QUESTION_S):
            async for piece in response.content.iter_any():
                read += piece
                if len(read) > max_bytes:
                    break
    return read[:max_bytes]
