"""HTTP requests to a model server, with the `openai` SDK.

The SDK is imported when the worker has started (`load_sdk`): that takes half a second of CPU. Replies are requested
and read below the SDK, with its HTTP client (`completion_requests`): the SDK's own reading takes as long as the whole
request.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit, urlunsplit

from tertulia_llm.model.context_window import entries_in
from tertulia_llm.model.failures import ModelFailed, failure_of
from tertulia_llm.model.knowledge import KnownModel
from tertulia_llm.settings import LLMSettings

if TYPE_CHECKING:
    import httpx2
    import openai

    from tertulia_llm.model.completion_requests import CompletionRequests

    Response = httpx2.Response

QUESTION_S: Final = 5.0
"""Seconds to wait for the answer to any request that does not ask for a reply."""
CONNECT_S: Final = 10.0
MAX_PAGE_BYTES: Final = 1 << 16


async def load_sdk() -> None:
    """Import the SDK, unless it is imported already. The event loop goes on meanwhile."""
    if "openai" not in sys.modules:
        await asyncio.to_thread(import_module, "openai")


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
        self._settings = settings
        self._made: tuple[openai.AsyncOpenAI, httpx2.AsyncClient] | None = None
        self._completions: CompletionRequests | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._made is not None:
            await self._made[0].close()

    def changed(self) -> None:
        """Note that something new is known about a model."""
        self.is_changed.set()

    def used(self, known: KnownModel) -> None:
        """Note that a request for this model has ended."""
        known.uses += 1
        if known.may_ask:
            self.is_changed.set()

    async def completion(self, body: Mapping[str, Any]) -> Response:
        """Send the request for a reply; `body` is sent unchanged. The caller closes the response.

        Raises:
            ModelFailed: the server is unavailable, or refuses the request; then `error` says what it answered.
        """
        await load_sdk()
        import openai  # noqa: PLC0415 - see above

        if self._completions is None:
            from tertulia_llm.model.completion_requests import CompletionRequests  # noqa: PLC0415 - it imports the SDK

            self._completions = CompletionRequests(*self._clients)
        try:
            return await self._completions.send(body)
        except openai.APIError as error:
            raise failure_of(error) from error
        # the SDK's HTTP transports also raise errors of other types: for headers over 8 kB, for example
        except Exception as error:
            problem = f"The model server's answer cannot be read ({type(error).__name__})."
            raise ModelFailed("llm_unavailable", problem, retryable=True) from error

    def body_of(self, response: Response) -> AsyncIterator[bytes]:
        """The body, in pieces as they arrive."""
        if response.headers.get("content-encoding", "identity") != "identity":
            return response.aiter_bytes()
        return aiter(cast("httpx2.AsyncByteStream", response.stream))  # `aiter_raw` would take each piece once more

    async def beginning_of(self, response: Response) -> bytes:
        """The first bytes of a body, as many as arrive in time. They are enough for the title of a web page."""
        read = b""
        with suppress(Exception):  # the bytes that have arrived are enough
            async with asyncio.timeout(QUESTION_S):
                async for piece in self.body_of(response):
                    read += piece
                    if len(read) > MAX_PAGE_BYTES:
                        break
        return read[:MAX_PAGE_BYTES]

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
            if body is None:
                return await self.get(url)
            await load_sdk()
            async with asyncio.timeout(QUESTION_S):
                return await self._client.post(url, cast_to=object, body=body, options={"timeout": QUESTION_S})
        except Exception:  # noqa: BLE001 - a server may answer a question that it does not know with anything
            return None

    async def get(self, url: str) -> object:
        """The parsed answer to a GET.

        Raises:
            ModelFailed: the server is unavailable, or refuses the request.
            Exception: the answer is invalid.
        """
        await load_sdk()
        import openai  # noqa: PLC0415 - see above

        try:
            async with asyncio.timeout(QUESTION_S):
                return await self._client.get(url, cast_to=object, options={"timeout": QUESTION_S})
        except (openai.APIError, TimeoutError) as error:
            raise failure_of(error) from error

    @property
    def _client(self) -> openai.AsyncOpenAI:
        return self._clients[0]

    @property
    def _clients(self) -> tuple[openai.AsyncOpenAI, httpx2.AsyncClient]:
        """The SDK's client, and its HTTP client."""
        if self._made is None:
            import openai  # noqa: PLC0415 - see above

            settings, http = self._settings, openai.DefaultAioHttpClient()
            client = openai.AsyncOpenAI(
                base_url=self.base_url,
                api_key=settings.openrouter_api_key.get_secret_value() or "none",
                # the worker itself repeats requests, because a part of the reply may already have been spoken
                max_retries=0,
                http_client=http,
                timeout=openai.Timeout(settings.llm_first_token_s + settings.llm_stall_s, connect=CONNECT_S),
                default_headers={"X-Title": "Tertulia", **settings.extra_headers},
            )
            self._made = client, http
        return self._made

    def beside(self, path: str) -> str:
        """The URL of `path` on the same server, but outside of the OpenAI-compatible API."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix("/v1").rstrip("/") + path, "", ""))

    def shown(self, base_url: str = "") -> str:
        """The base URL, or another one, without a password."""
        parts = urlsplit(base_url or self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
