"""Sends requests with the `aiohttp` session of the SDK's HTTP client, without the client itself.

The client handles redirects, proxies and authentication for each request, which takes as long as the session does.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Final

import aiohttp
import httpx2
import openai

from tertulia_llm.model.paused_reading import Connection

_PIECE_BYTES: Final = 16 * 1024


def session_of(http: httpx2.AsyncClient, url: httpx2.URL) -> aiohttp.ClientSession | None:
    """The session with which the client sends requests to this URL. None: it is unknown, or there is a proxy."""
    transport_for = getattr(http, "_transport_for_url", None)
    transport: object = None if transport_for is None else transport_for(url)
    session = getattr(transport, "client", None)
    has_proxy = getattr(transport, "proxy", None) is not None
    return session if isinstance(session, aiohttp.ClientSession) and not has_proxy else None


class BodyStream(httpx2.AsyncByteStream):
    """The body of a response of `aiohttp`, in pieces as they arrive."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @property
    def connection(self) -> Connection | None:
        """The connection of the response, as long as it has one."""
        connection = self._response.connection
        return None if connection is None else connection.transport

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._response.content.iter_chunked(_PIECE_BYTES))

    async def aclose(self) -> None:
        """Let the connection be used again, or close it if the body has not ended."""
        self._response.release()
        await self._response.wait_for_close()


class SessionRequests:
    """Requests that differ from `first` only in their body. `headers`: those that all requests have."""

    def __init__(self, session: aiohttp.ClientSession, first: httpx2.Request, headers: httpx2.Headers) -> None:
        self._session = session
        self._first = first
        self._url = str(first.url)
        self._headers = headers.multi_items()
        # as the SDK's transport does; aiohttp's `connect` includes the wait for a free connection
        timeout: Mapping[str, float | None] = first.extensions.get("timeout", {})
        self._timeout = aiohttp.ClientTimeout(
            connect=timeout.get("pool"), sock_connect=timeout.get("connect"), sock_read=timeout.get("read")
        )

    async def send(self, content: bytes) -> httpx2.Response:
        """Send a request. Redirects are not followed.

        Raises:
            openai.APIConnectionError: the server is unavailable.
        """
        try:
            response = await self._session.request(
                self._first.method, self._url, headers=self._headers, data=content, timeout=self._timeout,
                allow_redirects=False, auto_decompress=False,
            )  # fmt: skip
        except aiohttp.ClientConnectionError as error:  # as the SDK does; `failures` looks at the cause
            raise openai.APITimeoutError(request=self._first) from error
        except (aiohttp.ClientPayloadError, aiohttp.InvalidURL, ssl.SSLError) as error:
            raise openai.APIConnectionError(request=self._first) from error
        return httpx2.Response(
            response.status, headers=response.raw_headers, stream=BodyStream(response), request=self._first
        )
