"""One streamed response of a model server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Final

from tertulia_llm.model.endings import Ending
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.paused_reading import Connection, paused
from tertulia_llm.model.reply_reader import Marker, ReplyReader
from tertulia_llm.settings import LLMSettings
from tertulia_shared.ticks import until_tick

THINKING: Final = Marker.THINKING
DISCARD: Final = Marker.DISCARD
__all__ = ("DISCARD", "THINKING", "Ending", "Marker", "ModelStream")

AFTER_FINISH_S: Final = 2.0
"""After the reply: how long to wait for the token counts and the end of the stream. Some servers send neither."""

MOST_TICKS: Final = 2
"""The argument of `merge_text` after the second sentence: the stream yields text at most 25 times a second."""
_FEW_BYTES: Final = 2048
"""A read of so many bytes has only a few tokens."""


class ModelStream:
    """One response. Iterate over it for the text; each item has all text that has arrived since the last one."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        settings: LLMSettings,
        model: str = "",
        reasons_first: set[str] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """`reasons_first`: the models whose replies begin with reasoning that no tag opens; the stream updates it.

        `names`: those of the user and of the speaker.
        """
        self._pieces = pieces
        self._settings = settings
        self.dropped: Sequence[str] = ()
        """A sentence for each setting that was left out because the model refuses it."""
        self.left_out = 0
        """The number of messages that were left out because the prompt has no room for them."""
        self.connection: Connection | None = None
        """The connection of the response; None if it cannot be paused."""
        self._model = model
        self._reasons_first = set[str]() if reasons_first is None else reasons_first
        self._ticks = 0
        """See `merge_text`."""
        self._reader = ReplyReader(settings.llm_max_tokens, reasons_first=model in self._reasons_first, names=names)

    @property
    def usage(self) -> Mapping[str, Any]:
        """The token counts, as the server sends them; empty before that."""
        return self._reader.usage

    @property
    def ending(self) -> Ending:
        """Why the reply ended. Valid after the iteration."""
        return self._reader.ending

    def merge_text(self, ticks: int) -> None:
        """From now on, read a response that arrives token by token only every `ticks` ticks: a read costs more than a
        token.
        """
        self._ticks = ticks

    async def __aiter__(self) -> AsyncGenerator[str | Marker]:
        """Yield texts (never empty) and markers.

        Raises:
            ModelFailed: the stream broke off or stalled, has an error, or has no reply.
        """
        reader = self._reader
        wait_s = self._settings.llm_first_token_s
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        try:
            while not reader.is_done:
                is_finished, progress = reader.is_finished, reader.progress
                data = await self._read(deadline, wait_s)
                for piece in reader.feed(data) if data else reader.finish():
                    yield piece
                if self._ticks and 0 < len(data) < _FEW_BYTES and not reader.is_finished:
                    with paused(self.connection):
                        await asyncio.sleep(until_tick(loop.time(), self._ticks))
                if reader.is_finished and not is_finished:
                    deadline = loop.time() + min(AFTER_FINISH_S, self._settings.llm_stall_s)
                elif reader.progress > progress and not reader.is_finished:
                    # only text and reasoning extend the deadline; keep-alive comments do not
                    wait_s = self._settings.llm_stall_s
                    deadline = loop.time() + wait_s
            await self._end_reading()
        finally:
            if reader.reasons_first:
                self._reasons_first.add(self._model)
            else:
                self._reasons_first.discard(self._model)
        if reader.failure is not None:
            raise reader.failure

    async def _end_reading(self) -> None:
        """Read on as far as possible without waiting. So the HTTP client's generators end here; otherwise the event
        loop would close each of them in a task of its own.
        """
        with contextlib.suppress(Exception):  # the reply is complete
            async with asyncio.timeout(0):
                while await anext(self._pieces, b""):
                    pass

    async def _read(self, deadline: float, wait_s: float) -> bytes:
        """The next bytes; empty at the end of the stream."""
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(self._pieces, b"")
        except TimeoutError:
            failure = ModelFailed("llm_unavailable", f"The model said nothing for {wait_s:g} seconds.", retryable=True)
        except Exception as error:  # noqa: BLE001 - the SDK's HTTP client raises errors of many types
            failure = ModelFailed("llm_unavailable", f"The model's reply broke off: {error}", retryable=True)
        if self._reader.is_finished:
            return b""  # the reply is complete
        raise failure
