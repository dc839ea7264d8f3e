"""Extends the summary of one conversation by the messages that are next.

The new summary is written only if the conversation has had no turn and no other change of the summary since its
messages were read. So a change of the past, which is a turn, cannot be overwritten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Replies
from tertulia_llm.model.endings import Ending
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.stream import DISCARD, MOST_TICKS, THINKING
from tertulia_llm.model.usage import usage_of
from tertulia_llm.plan import position_of
from tertulia_llm.summary.activity import TurnActivity
from tertulia_llm.summary.due import BATCH_MESSAGES, Batch, end_of_past, next_batch
from tertulia_llm.text.prompt import HistoryMessage
from tertulia_llm.text.summary_prompt import made_text, request_messages
from tertulia_llm.turn_state import TurnState, read_state
from tertulia_shared.bus import Append, Bus, Condition, Put
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_summary import ROOM_CHARS, Summary, summary_event, summary_of
from tertulia_shared.entries import ModelSettings
from tertulia_shared.entry_ids import order
from tertulia_shared.outbox import AWAY, Outbox
from tertulia_shared.store import Message, Store
from tertulia_shared.summary_documents import save_summary, stored_summary
from tertulia_shared.usage import Usage

MAX_TURN_MESSAGES: Final = 32
"""More than the messages of one turn."""
MAX_HISTORY: Final = 1_000
"""The most messages that the store returns at once."""

Result = TypeVar("Result")


class Postponed(Exception):
    """Raised when a summary cannot be extended now: the store is unavailable, or a turn waits."""


class Outdated(Exception):
    """Raised when the conversation has changed while the model wrote. Nothing was written."""


class SummaryExtension:
    """Extends summaries. `now_ms`: the time, in ms since 1970."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        outbox: Outbox,
        model: Replies,
        *,
        activity: TurnActivity,
        metrics: LLMMetrics,
        now_ms: Callable[[], int],
    ) -> None:
        self._bus = bus
        self._store = store
        self._outbox = outbox
        self._model = model
        self._activity = activity
        self._metrics = metrics
        self._now_ms = now_ms

    async def extend(self, conversation_id: str, keep: int, most: int = BATCH_MESSAGES) -> bool:
        """Extend the summary by at most `most` messages. The last `keep` messages stay outside.

        Returns False if there is nothing to extend.

        Raises:
            Postponed, Outdated: see there.
            TurnBegun: a turn has begun; the request was cancelled.
            ModelFailed: the model server did not give a text.
            BadEntry: the state cannot be read. StoreError, BusError.
        """
        raw = await self._bus.hash(self._bus.keys.state(conversation_id))
        fields, state = ConversationState(raw), read_state(raw)
        last = await self._bus.last(self._bus.keys.turns(conversation_id))
        if last is not None and order(last.id) > order(state.cursor):
            raise Postponed("a turn waits")
        summary = await self._restored(conversation_id, fields)
        if summary.off:
            return False
        batch = await self._next_batch(conversation_id, state, summary, keep, most)
        if batch is None:
            return False
        made, usage = summary.made, Usage()
        if batch.messages:
            summary, made, usage = await self._made(state, summary, batch)
        longer = summary.extended(made, batch.covers, batch.times_ms, usage, self._now_ms())
        await self._write(conversation_id, fields, longer)
        await save_summary(self._outbox, conversation_id, longer)
        return True

    async def _restored(self, conversation_id: str, fields: ConversationState) -> Summary:
        """The summary. If the state has expired, it is taken from the store."""
        if StateField.SUMMARY in fields:
            return summary_of(fields)
        if await self._outbox.is_waiting(conversation_id):
            raise Postponed("the store lacks messages")
        return await self._from_store(lambda: stored_summary(self._store, conversation_id))

    async def _next_batch(
        self, conversation_id: str, state: TurnState, summary: Summary, keep: int, most: int
    ) -> Batch | None:
        if await self._outbox.is_waiting(conversation_id):
            raise Postponed("the store lacks messages")
        wanted = min(MAX_HISTORY, keep + MAX_TURN_MESSAGES)
        newest = await self._from_store(lambda: self._store.history(conversation_id, wanted))
        planned = None if state.plan is None else position_of(state.plan.entry_id, 0)
        end = end_of_past(newest, keep, planned)
        if end <= summary.covers:
            return None
        after = summary.covers or None
        page = await self._from_store(lambda: self._store.messages(conversation_id, BATCH_MESSAGES, after))
        return next_batch(page, end, most)

    async def _from_store(self, read: Callable[[], Awaitable[Result]]) -> Result:
        try:
            async with asyncio.timeout(self._outbox.patience_s):
                return await read()
        except AWAY as error:
            raise Postponed("the store is unavailable") from error

    async def _made(self, state: TurnState, summary: Summary, batch: Batch) -> tuple[Summary, str, Usage]:
        """Ask the model. Returns the summary without the text that the model's text replaces, and the latter."""
        if summary.room < ROOM_CHARS:
            summary = summary.without_own()
        messages = request_messages(
            [_remembered(message) for message in batch.messages],
            user_name=next((each.character_name for each in batch.messages if each.role == "user"), ""),
            character_names=_speakers(batch.messages),
            own=summary.own,
            made=summary.made,
        )
        pieces: list[str] = []
        usage = Usage()
        async with (
            self._activity.until_turn(),
            self._model.reply(messages, ModelSettings(model=state.settings.model)) as stream,
        ):
            try:
                stream.merge_text(MOST_TICKS)
                async for piece in stream:
                    if piece is DISCARD:
                        pieces.clear()
                    elif piece is not THINKING:
                        pieces.append(piece)
            finally:
                usage = usage_of(stream.usage)
                self._metrics.count_summary_tokens(usage)
        text = made_text("".join(pieces), summary.room, is_whole=stream.ending is not Ending.LENGTH)
        if not text:
            raise ModelFailed("llm_no_text", "The model wrote no summary.", retryable=True)
        return summary, text, usage

    async def _write(self, conversation_id: str, before: ConversationState, summary: Summary) -> None:
        keys = self._bus.keys
        given = [Condition(field, _text(before.get(field))) for field in (StateField.EPOCH, StateField.SUMMARY)]
        writes = [
            Put(keys.state(conversation_id), summary.fields()),
            Append(keys.events(conversation_id), summary_event(summary)),
        ]
        if not (await self._bus.transact(conversation_id, writes, given=given)).new:
            raise Outdated


def _remembered(message: Message) -> HistoryMessage:
    return HistoryMessage(message.role, message.character_name, message.text, message.status == "interrupted")


def _speakers(messages: Sequence[Message]) -> Sequence[str]:
    return tuple(dict.fromkeys(message.character_name for message in messages if message.role == "character"))


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="replace")
