"""Followed streams, for the tests of `tertulia inspect`."""

from __future__ import annotations

from tertulia_shared.bus import Append, Bus
from tertulia_shared.entries import (
    AudioChunk,
    TTSSentence,
    UserTurn,
    Work,
)
from tertulia_shared.events import (
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnStarted,
)
from tests.harness.sample_snapshot import (
    T1,
    L,
    replies,
)  # fmt: skip


async def say(bus: Bus, conversation_id: str, message_id: str, text: str, *, posted: bool = True) -> None:
    """Write a whole turn into the streams, with its pointer unless its work is already finished."""
    keys = bus.keys
    for stage in ("llm", "tts"):
        await bus.prepare(stage)
    events, sentences = keys.events(conversation_id), keys.sentences(conversation_id, message_id)
    audio = keys.audio(conversation_id, message_id)
    spoken = TTSSentence(text, 0, conversation_id, message_id, L, "Luna", "luna")
    last = TTSSentence("", 1, conversation_id, message_id, L, "Luna", "luna", is_final=True)
    await bus.transact(
        conversation_id,
        [
            Append(keys.turns(conversation_id), UserTurn(T1, conversation_id, text, "typed")),
            Append(events, TurnAccepted(T1, text, "typed")),
            Append(events, TurnStarted(T1, replies((message_id, "Luna")))),
            Append(events, MessageStarted(message_id, T1, L, "Luna")),
            Append(sentences, spoken, "1-0"),
            Append(sentences, last, "2-0"),
            Append(audio, AudioChunk(b"\1\2" * 2_400, 0, 0, conversation_id, message_id, L), "1-1"),
            Append(audio, AudioChunk(b"", 1, 0, conversation_id, message_id, L, is_final=True), "2-0"),
            Append(events, TurnComplete(T1)),
        ],
        raise_epoch=True,
        then=("llm", Work(conversation_id)) if posted else None,
    )  # fmt: skip
