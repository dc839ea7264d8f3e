"""Sends the requests for replies, with the HTTP client of the `openai` SDK.

The SDK builds the first request. The later ones differ from it only in their body: for each request, the SDK takes five
times as long as its HTTP client. They are sent with the client's session (`session_requests`), or else as copies of the
first request with the client itself: through a proxy, and to servers that set cookies or redirect. If the first request
was redirected, the SDK builds all of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

import httpx2
import openai
import orjson
from openai.types.chat import ChatCompletionChunk

from tertulia_llm.model.session_requests import SessionRequests, session_of

_OF_ONE_REQUEST: Final = frozenset({"content-length", "cookie"})
"""The headers that differ between two requests."""


class CompletionRequests:
    """Requests to `/chat/completions` of one server. `http`: the HTTP client of `client`."""

    def __init__(self, client: openai.AsyncOpenAI, http: httpx2.AsyncClient) -> None:
        self._client = client
        self._http = http
        self._first: httpx2.Request | None = None
        self._headers = httpx2.Headers()
        self._direct: SessionRequests | None = None

    async def send(self, body: Mapping[str, Any]) -> httpx2.Response:
        """Send a request; the body of the response is not read yet.

        Raises:
            openai.APIError: the server is unavailable, or refuses the request.
        """
        if self._first is not None and (content := _json(body)) is not None:
            return await self._send_later(self._first, content)
        # below `chat.completions.create`, which copies and checks what we know to be right
        stream = await self._client.post(
            "/chat/completions",
            cast_to=ChatCompletionChunk,
            body=body,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        response = stream.response
        if not response.history:  # it was not redirected
            self._first = request = response.request
            self._headers = httpx2.Headers(
                [(name, value) for name, value in request.headers.multi_items() if name.lower() not in _OF_ONE_REQUEST]
            )
            session = session_of(self._http, request.url)
            self._direct = None if session is None else SessionRequests(session, request, self._headers)
        return response

    async def _send_later(self, first: httpx2.Request, content: bytes) -> httpx2.Response:
        if self._direct is not None and not self._http.cookies:
            response = await self._direct.send(content)
            if "set-cookie" in response.headers:
                self._http.cookies.extract_cookies(response)
            if not response.has_redirect_location:
                return await _successful(response)
            await response.aclose()
            self._direct = None  # the next requests are probably redirected, too
        return await self._send(self._copy_with(first, content))

    def _copy_with(self, first: httpx2.Request, content: bytes) -> httpx2.Request:
        """The next request."""
        request = httpx2.Request(
            first.method, first.url, headers=self._headers, stream=httpx2.ByteStream(content),
            extensions=first.extensions,
        )  # fmt: skip
        request.read()
        request.headers.encoding = self._headers.encoding  # else it is found out again
        request.headers["content-length"] = str(len(content))
        if self._http.cookies:
            self._http.cookies.set_cookie_header(request)
        return request

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. It fails with the errors of the SDK."""
        try:
            response = await self._http.send(request, stream=True)
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(request=request) from error
        except (httpx2.RequestError, ssl.SSLError) as error:
            raise openai.APIConnectionError(request=request) from error
        return await _successful(response)


def _json(body: Mapping[str, Any]) -> bytes | None:
    """The body in JSON; None if only the SDK can write it."""
    try:
        return orjson.dumps(body)
    except TypeError:  # for example an integer of more than 64 bits
        return None


async def _successful(response: httpx2.Response) -> httpx2.Response:
    """The response, unless the server refuses the request. Raises: openai.APIStatusError."""
    if response.is_success:
        return response
    await response.aread()
    raise openai.APIStatusError(f"Error code: {response.status_code}", response=response, body=None)
