"""Asks the model for one reply, and asks again when it fails, until the reply is complete."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Literal

from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Model
from tertulia_llm.model.failures import ModelFailed, jitter, retry_delay_s
from tertulia_llm.model.notices import Notices
from tertulia_llm.model.stream import DISCARD, Marker
from tertulia_llm.model.usage import added
from tertulia_llm.reply import Reply
from tertulia_llm.reply_writer import EmptyReply, ReplyWriter
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.prompt import Message, build_messages
from tertulia_llm.turn import Turn

MAX_ROUNDS = 4
"""One reply makes at most this many times `llm_retries` + 1 requests, even if each of them brings some text."""


def reply_seed(message_id: str) -> int:
    """The seed for the model (31 bits): derived from the message id, so that a retry asks with the same one."""
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=4).digest(), "big") >> 1


class ReplyGenerator:
    """Lets the model write replies."""

    def __init__(self, model: Model, settings: LLMSettings, metrics: LLMMetrics) -> None:
        self._model = model
        self._settings = settings
        self._metrics = metrics
        self._notices = Notices()

    async def generate(self, turn: Turn, reply: Reply, row_saved: asyncio.Task[None]) -> None:
        """Let the model write the rest of a reply. The client sees none of it before `row_saved` is done.

        Raises:
            ModelFailed: the model failed for good; what it had written is published.
        """
        failures = requests = 0
        while True:
            requests += 1
            sentences_before = reply.written.sentences
            try:
                await self._request(turn, reply, row_saved)
            except ModelFailed as failure:
                self._metrics.request_failed(failure.code)
                if not failure.is_adapted:
                    failures = 1 if reply.written.sentences > sentences_before else failures + 1
                tries = self._settings.llm_retries + 1
                # each request costs money: stop at this many, even if the server breaks off after every sentence
                if not failure.retryable or failures >= tries or requests >= MAX_ROUNDS * tries:
                    raise
                await asyncio.sleep(retry_delay_s(failures, failure, jitter()))
                if reply.announced:
                    reply.announce(resumed=True)
            else:
                return

    async def _request(self, turn: Turn, reply: Reply, row_saved: asyncio.Task[None]) -> None:
        async with (
            self._model.reply(
                self._prompt(turn, reply), turn.plan.settings, seed=reply_seed(reply.message_id)
            ) as stream,
            aclosing(aiter(stream)) as pieces,
        ):
            for notice in self._notices.first_time(turn.conversation_id, stream.dropped):
                reply.warn("model_setting_dropped", notice)
            try:
                await self._write(turn, reply, pieces, row_saved)
            except EmptyReply as error:
                raise ModelFailed("llm_unavailable", "The model said nothing.", retryable=True) from error
            finally:
                self._metrics.count_tokens(added({}, stream.usage))
                reply.usage = added(reply.usage, stream.usage)

    async def _write(
        self, turn: Turn, reply: Reply, pieces: AsyncIterator[str | Marker], row_saved: asyncio.Task[None]
    ) -> None:
        text = await _next_text(pieces)
        if text is not None:
            turn.timer.token()
        # a resumed reply may already be whole, so that the model has nothing to add
        if not reply.announced and (text is not None or reply.written.text):
            await row_saved
            reply.announce(resumed=turn.progress.started > reply.number)
        writer = ReplyWriter(reply)
        while text is not None:
            if text is DISCARD:
                reply.announce(resumed=True)
                writer = ReplyWriter(reply)
            elif not await writer.write(text):
                break
            elif reply.written.sentences:
                turn.timer.sentence()
            text = await _next_text(pieces)
        writer.finish()

    def _prompt(self, turn: Turn, reply: Reply) -> list[Message]:
        return build_messages(
            character_name=reply.speaker.name,
            system_prompt=reply.speaker.system_prompt,
            other_names=reply.others,
            user_name=self._settings.user_name,
            history=turn.history.prompt_messages(self._settings.llm_history_messages),
            continuing=reply.written.text,
        )


async def _next_text(pieces: AsyncIterator[str | Marker]) -> str | Literal[Marker.DISCARD] | None:
    async for piece in pieces:
        if piece is not Marker.THINKING:
            return piece
    return None
