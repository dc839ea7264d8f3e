"""If a message is given up, the client gets an error, and the message's audio gets its final entry."""

from __future__ import annotations

import pytest

from tertulia_shared.entries import Work
from tests.harness.virtual_time import virtual_time
from tests.unit.tts.spoken_message import SENTENCES, SpokenMessage


@pytest.mark.parametrize("final", [True, False])
@virtual_time
async def test_give_up_writes_a_final_audio_entry_and_an_error(*, final: bool) -> None:
    message = SpokenMessage()
    await message.post_sentences(final=final)
    await message.speak_until_write(2)
    await message.handler.give_up(await message.claim_work(), "given up after 5 attempts")
    audio_id, last = (await message.audio())[-1]
    assert last.is_final
    assert audio_id == f"{len(SENTENCES) + 1}-0"
    (error,) = await message.errors()
    assert "given up after 5 attempts" in error.message


@virtual_time
async def test_give_up_before_the_first_sentence_writes_a_final_audio_entry() -> None:
    message = SpokenMessage()
    await message.post_sentences((), final=False)
    await message.handler.give_up(await message.claim_work(), "test")
    assert [(audio_id, chunk.is_final) for audio_id, chunk in await message.audio()] == [("1-0", True)]


@virtual_time
async def test_give_up_writes_a_final_audio_entry_after_an_undecodable_sentence() -> None:
    message = SpokenMessage()
    await message.post_sentences(final=False)
    outlet = message.bus.outlet()
    key = message.bus.keys.sentences(message.conversation_id, message.message_id)
    outlet.append(key, Work(message.conversation_id), id="4-0")
    await outlet.flush()
    claim = await message.claim_work()
    with pytest.raises(ValueError, match="TTSSentence"):
        await message.handler.handle(claim)
    await message.handler.give_up(claim, "test")
    audio_id, last = (await message.audio())[-1]
    assert last.is_final
    assert audio_id == "5-0", "the id after all sentences"


@virtual_time
async def test_give_up_of_an_interrupted_message_writes_no_error() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    claim = await message.claim_work()
    await message.interrupt()
    await message.handler.give_up(claim, "test")
    assert await message.errors() == []
