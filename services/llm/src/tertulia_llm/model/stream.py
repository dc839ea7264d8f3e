"""One streamed response of a model server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

import openai

from tertulia_llm.model.failures import ModelFailed, error_in_stream, failure_of
from tertulia_llm.model.sse import BrokenStream, StreamParser
from tertulia_llm.settings import LLMSettings


class ModelStream:
    """One response: iterate for its text, as much at a time as has arrived."""

    def __init__(self, pieces: AsyncIterator[bytes], settings: LLMSettings) -> None:
        self._pieces = pieces
        self._settings = settings
        self.usage: Mapping[str, Any] = {}
        self.dropped: Sequence[str] = ()
        """A sentence for each setting that the model refuses and that was left out."""

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
            raise failure_of(error) from error
        except Exception as error:  # the SDK's transports raise errors of their own while reading
            raise ModelFailed("llm_unavailable", f"The model's reply broke off: {error}", retryable=True) from error
