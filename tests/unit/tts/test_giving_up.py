"""A message that is given up: the client gets an error, and the message's audio ends."""

from __future__ import annotations

import pytest

from tertulia_shared.entries import Work
from tests.harness.virtual_time import virtual_time
from tests.unit.tts.spoken_message import SENTENCES, Stand


@pytest.mark.parametrize("final", [True, False])
@virtual_time
async def test_give_up_ends_the_audio_and_sends_an_error(*, final: bool) -> None:
    stand = Stand()
    await stand.set(final=final)
    await stand.die_after(2)
    await stand.speaker.give_up(await stand.claimed(), "given up after 5 attempts")
    audio_id, last = (await stand.audio())[-1]
    assert last.is_final
    assert audio_id == f"{len(SENTENCES) + 1}-0"
    (error,) = await stand.errors()
    assert "given up after 5 attempts" in error.message


@virtual_time
async def test_give_up_before_the_first_sentence_ends_the_audio() -> None:
    stand = Stand()
    await stand.set((), final=False)
    await stand.speaker.give_up(await stand.claimed(), "no luck")
    assert [(audio_id, chunk.is_final) for audio_id, chunk in await stand.audio()] == [("1-0", True)]


@virtual_time
async def test_give_up_ends_the_audio_of_unreadable_sentences() -> None:
    stand = Stand()
    await stand.set(final=False)
    outlet = stand.bus.outlet()
    key = stand.bus.keys.sentences(stand.conversation_id, stand.message_id)
    outlet.append(key, Work(stand.conversation_id), id="4-0")
    await outlet.flush()
    claim = await stand.claimed()
    with pytest.raises(ValueError, match="TTSSentence"):
        await stand.speaker.handle(claim)
    await stand.speaker.give_up(claim, "unreadable")
    audio_id, last = (await stand.audio())[-1]
    assert last.is_final
    assert audio_id == "5-0", "behind all that was spoken, and all that will be"


@virtual_time
async def test_give_up_of_an_interrupted_message_sends_no_error() -> None:
    stand = Stand()
    await stand.set()
    claim = await stand.claimed()
    await stand.interrupt()
    await stand.speaker.give_up(claim, "too late anyway")
    assert await stand.errors() == []
