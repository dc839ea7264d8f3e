"""A client that resumes waits for audio that is still to come, but not for audio that has expired."""

from __future__ import annotations

import pytest

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation.resume import OpenedConversation, resume_conversation
from tertulia_shared.bus import Append, Expire
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import MessageComplete, MessageStarted, TurnAccepted, TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import SOUND_GRACE_S, Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.bus import Clock

C, M, T, LUNA = new_id(), new_id(), new_id(), new_id()
NOW_MS = 1_800_000_000_000


class CompleteTurn:
    """A conversation with one turn, whose text and audio are complete."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.bus = MemoryBus(Keys("test"), clock=self.clock, now_ms=lambda: NOW_MS)

    async def begin(self) -> None:
        events, audio = self.bus.keys.events(C), self.bus.keys.audio(C, M)
        said = [
            TurnAccepted(T, "hello", "typed"), MessageStarted(M, T, LUNA, "Luna"),
            MessageComplete(M, LUNA, "Hi.", "complete"), TurnComplete(T),
        ]  # fmt: skip
        await self.bus.transact(C, [Append(events, event) for event in said], raise_epoch=True, talk=True)
        await self.bus.transact(
            C,
            [
                Append(audio, AudioChunk(b"\0\0", 0, 0, C, M, LUNA), "1-1"),
                Append(audio, AudioChunk(b"", 1, 0, C, M, LUNA, is_final=True), "2-0"),
            ],
        )

    async def end_talk(self) -> None:
        await self.bus.transact(C, [Expire(self.bus.keys.audio(C, M), SOUND_GRACE_S)], talk=False)

    async def resume(self) -> OpenedConversation:
        first = (await self.bus.read(self.bus.keys.events(C)))[-1]
        opened = await resume_conversation(self.bus, MemoryStore(), "me", Resume(C, first.id), NOW_MS)
        assert isinstance(opened, OpenedConversation)
        return opened


@pytest.mark.parametrize("later_s", [0, SOUND_GRACE_S - 1])
async def test_resuming_client_gets_played_audio_until_it_expires_early(later_s: int) -> None:
    turn = CompleteTurn()
    await turn.begin()
    await turn.end_talk()
    turn.clock.now += later_s
    opened = await turn.resume()
    assert [message.message_id for message in opened.position.audio.waiting] == [M]


async def test_resuming_client_does_not_wait_for_expired_audio() -> None:
    turn = CompleteTurn()
    await turn.begin()
    await turn.end_talk()
    turn.clock.now += SOUND_GRACE_S
    opened = await turn.resume()
    assert opened.position.audio.head is None
    assert opened.position.timeline.settled


async def test_resuming_client_gets_unplayed_audio_long_after_the_turn() -> None:
    turn = CompleteTurn()
    await turn.begin()
    turn.clock.now += 10 * SOUND_GRACE_S
    opened = await turn.resume()
    assert [message.message_id for message in opened.position.audio.waiting] == [M]


async def test_resuming_client_gets_the_final_entry_of_a_message_whose_chunks_were_deleted() -> None:
    turn = CompleteTurn()
    await turn.begin()
    await turn.bus.free([turn.bus.keys.audio(C, M).name], keep_end=True)
    opened = await turn.resume()
    (message,) = opened.position.audio.waiting
    (end,) = await turn.bus.read(turn.bus.keys.audio(C, M), message.after)
    assert end.fields[b"is_final"] == b"1"
