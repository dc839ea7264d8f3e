"""The language model: any OpenAI-compatible server, through the `openai` SDK, whose stream is read raw."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import openai

from tertulia_llm.model.sse import BrokenStream, StreamParser
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings

IN_BODY = ("min_p", "top_k", "repetition_penalty")
"""Settings without an argument in the SDK; OpenRouter and others take them in the body."""
MAX_RETRY_DELAY_S = 20.0


class ModelFailed(Exception):
    """The model server did not send (the rest of) a reply.

    `code` is for the client's `error` event, the message says what to do, `retryable` whether another try may help.
    """

    def __init__(self, code: str, message: str, *, retryable: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after_s = retry_after_s


def retry_delay_s(failures: int, failure: ModelFailed, jitter: float) -> float:
    """Seconds to wait before the next try: as the server says, else 0.5, doubled per failure; `jitter` in 0..1."""
    if failure.retry_after_s is not None:
        return min(MAX_RETRY_DELAY_S, failure.retry_after_s)
    return min(MAX_RETRY_DELAY_S, 0.5 * 2 ** (failures - 1)) * (0.5 + jitter / 2)


class ModelStream:
    """One response: iterate for its text, as much at a time as has arrived."""

    def __init__(self, pieces: AsyncIterator[bytes], settings: LLMSettings) -> None:
        self._pieces = pieces
        self._settings = settings
        self.usage: Mapping[str, Any] = {}

    async def __aiter__(self) -> AsyncGenerator[str]:
        """Yield texts, never empty.

        Raises:
            ModelFailed: the stream broke, stalled, or holds an error.
        """
        parser = StreamParser()
        wait_s = self._settings.llm_first_token_s
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        finished = False
        at_end = False
        while not at_end:
            data = await self._read(deadline, wait_s)
            at_end = not data
            try:
                delta = parser.feed(data or b"\n")  # the last line may lack its line end
            except BrokenStream as error:
                raise ModelFailed("llm_unavailable", str(error), retryable=True) from error
            self.usage = delta.usage or self.usage
            if delta.text:
                # only text extends the deadline; keep-alive comments do not
                wait_s = self._settings.llm_stall_s
                deadline = loop.time() + wait_s
                yield delta.text
            if delta.error is not None:
                raise error_in_stream(delta.error)
            if delta.done:
                return
            finished = finished or bool(delta.finish_reason)
        if not finished:
            raise ModelFailed("llm_unavailable", "The model's reply broke off.", retryable=True)

    async def _read(self, deadline: float, wait_s: float) -> bytes:
        """The next bytes; empty at the end."""
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(self._pieces, b"")
        except TimeoutError:
            raise ModelFailed(
                "llm_unavailable", f"The model said nothing for {wait_s:g} seconds.", retryable=True
            ) from None
        except openai.APIError as error:
            raise _failed(error) from error
        except Exception as error:  # the SDK's transports raise errors of their own while reading
            raise ModelFailed("llm_unavailable", f"The model's reply broke off: {error}", retryable=True) from error


class Model:
    """Requests to one server."""

    def __init__(self, settings: LLMSettings, *, fixed_model: bool = False) -> None:
        """`fixed_model`: the server has one model only, so the client's choice is ignored."""
        self._settings = settings
        self._fixed_model = fixed_model
        self._client = openai.AsyncOpenAI(
            base_url=settings.llm_base_url,
            api_key=settings.openrouter_api_key.get_secret_value() or "none",
            max_retries=0,  # the worker repeats requests itself: part of the reply may have been spoken
            http_client=openai.DefaultAioHttpClient(),
            timeout=openai.Timeout(settings.llm_first_token_s + settings.llm_stall_s, connect=10.0),
            default_headers={"X-Title": "Tertulia"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @asynccontextmanager
    async def reply(
        self, messages: Sequence[Mapping[str, str]], settings: ModelSettings, *, seed: int | None = None
    ) -> AsyncGenerator[ModelStream]:
        """Ask for a reply.

        Raises:
            ModelFailed: the server refused or is unavailable.
        """
        asked = {name: value for name, value in asdict(settings).items() if value is not None}
        body: dict[str, Any] = {name: asked.pop(name) for name in IN_BODY if name in asked}
        # put the messages into the body directly, so that the SDK does not validate each
        body["messages"] = list(messages)
        model = asked.pop("model", self._settings.llm_model)
        if self._fixed_model:
            model = self._settings.llm_model
        opening = self._client.chat.completions.with_streaming_response.create(
            model=model,
            messages=[],
            stream=True,
            max_tokens=self._settings.llm_max_tokens,
            seed=openai.omit if seed is None else seed,
            stream_options={"include_usage": True},
            extra_body=body,
            **asked,
        )
        try:
            response = await opening.__aenter__()
        except openai.APIError as error:
            raise _failed(error) from error
        except Exception as error:  # the SDK's transports raise errors of their own: headers over 8 kB, for example
            problem = f"The model server's answer cannot be read ({type(error).__name__})."
            raise ModelFailed("llm_unavailable", problem, retryable=True) from error
        try:
            yield ModelStream(response.iter_bytes(), self._settings)
        finally:
            await opening.__aexit__(None, None, None)


MAX_FIGURE = 2**63
"""Figures from here on are too large for msgpack and JSON readers, and are skipped."""
USAGE = ("prompt_tokens", "completion_tokens", "cost")


def added(before: Mapping[str, int | float], usage: Mapping[str, Any]) -> dict[str, int | float]:
    """Add a request's usage to that of earlier ones. Figures that are not in `USAGE` or not numbers are skipped."""
    total = dict(before)
    for name in USAGE:
        figure = usage.get(name)
        if isinstance(figure, int | float) and not isinstance(figure, bool):
            summed = total.get(name, 0) + figure
            if -MAX_FIGURE < summed < MAX_FIGURE:  # false for NaN
                total[name] = summed
    return total


def jitter() -> float:
    """A random number in 0..1, so that many clients do not retry at once."""
    return random.random()  # noqa: S311 - not a secret


def error_in_stream(error: Mapping[str, Any]) -> ModelFailed:
    """The failure for an error object that a server sent in place of a chunk."""
    code = error.get("code")
    status = code if isinstance(code, int) else 500
    return _by_status(status, str(error.get("message") or "unknown error"), None)


def _failed(error: Exception) -> ModelFailed:
    match error:
        case openai.APITimeoutError() if not _was_refused(error):
            return ModelFailed("llm_unavailable", "The model server does not answer.", retryable=True)
        case openai.APIConnectionError():
            return ModelFailed(
                "llm_unavailable",
                "The model server cannot be reached: look at TERTULIA_LLM_BASE_URL and the network.",
                retryable=True,
            )
        case openai.APIStatusError():
            return _by_status(error.status_code, error.message, error.response.headers.get("retry-after"))
        case _:
            return ModelFailed("llm_unavailable", f"The model server failed: {error}", retryable=True)


def _was_refused(error: BaseException | None) -> bool:
    """True if no connection was made; the aiohttp transport reports that as a timeout, for any reason."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _by_status(status: int, detail: str, retry_after: str | None) -> ModelFailed:
    detail = " ".join(detail.split())[:300]
    known = {
        400: ("llm_bad_request", f"The model server refused the request: {detail}"),
        401: ("llm_auth", "The model server refused the key: check OPENROUTER_API_KEY."),
        402: ("llm_credit", "The account at the model server has no credit left: top it up, or choose a free model."),
        403: ("llm_auth", f"The model server does not allow this: {detail}"),
        404: ("llm_model", f"The model server has no such model: choose another in the model settings. ({detail})"),
        422: ("llm_bad_request", f"The model server refused the request: {detail}"),
        429: ("llm_rate", "The model server asks us to slow down: wait a moment, or choose another model."),
    }
    code, message = known.get(status, ("llm_unavailable", f"The model server failed ({status}): {detail}"))
    retryable = status in (408, 409, 425, 429) or status >= 500  # noqa: PLR2004 - HTTP's own classes
    return ModelFailed(code, message, retryable=retryable, retry_after_s=_seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    try:
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None  # a date: use the default delays
