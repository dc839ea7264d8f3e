"""Entries of a newer release, and malformed entries: the message is given up with an error, and its audio gets its
final entry.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tertulia_shared.bus import WritesPaused
from tertulia_shared.codec import VERSION, BadEntry, UnknownVersion
from tertulia_shared.entries import MAX_SENTENCES, AudioChunk, TTSSentence, Work
from tertulia_shared.entry_ids import order
from tertulia_shared.work import BadWork
from tests.harness.eventually import eventually
from tests.unit.tts.spoken_message import SENTENCES, SpokenMessage

FAR = 2**64 - 1
NEWER: dict[str, Any] = {"v": VERSION + 1}
NO_VERSION: dict[str, Any] = {"v": ""}
EXTRAS = pytest.mark.parametrize(
    ("extra", "error"), [(NEWER, UnknownVersion), (NO_VERSION, BadEntry)], ids=["newer", "no version"]
)


async def assert_given_up(message: SpokenMessage, error: type[Exception]) -> None:
    """Check that handling the work fails with `error`. Then give the work up, and check that there is an error event
    and a final audio entry.
    """
    claim = await message.claim_work()
    with pytest.raises((error, ExceptionGroup)) as met:
        await message.handler.handle(claim)
    assert met
    await message.handler.give_up(claim, "it cannot be read")
    audio = await message.audio()
    assert audio[-1][1].is_final, "the audio has a final entry"
    (failure,) = await message.errors()
    assert (failure.code, failure.message_id) == ("tts_failed", message.message_id)
    assert "it cannot be read" in failure.message


@EXTRAS
async def test_message_with_an_undecodable_work_entry_is_given_up(
    extra: dict[str, Any], error: type[Exception]
) -> None:
    message = SpokenMessage()
    await message.bus.prepare("tts")
    await message.write_sentence(SENTENCES[0], 0)
    outlet = message.bus.outlet()
    outlet.append(message.bus.keys.work("tts"), Work(message.conversation_id, message_id=message.message_id), **extra)
    await outlet.flush()
    await assert_given_up(message, error)


@EXTRAS
async def test_message_with_an_undecodable_sentence_is_given_up(extra: dict[str, Any], error: type[Exception]) -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    entry = TTSSentence("What?", 1, message.conversation_id, message.message_id, "luna-id", "Luna", "luna")
    outlet = message.bus.outlet()
    outlet.append(message.bus.keys.sentences(message.conversation_id, message.message_id), entry, id="2-0", **extra)
    await outlet.flush()
    await assert_given_up(message, error)
    assert len(await message.audio()) > 1, "the first sentence was spoken"


@EXTRAS
async def test_message_with_undecodable_audio_is_given_up(extra: dict[str, Any], error: type[Exception]) -> None:
    message = SpokenMessage()
    await message.post_sentences()
    chunk = AudioChunk(b"\1\0", 0, 0, message.conversation_id, message.message_id, "luna-id")
    outlet = message.bus.outlet()
    outlet.append(message.bus.keys.audio(message.conversation_id, message.message_id), chunk, id="1-1", **extra)
    await outlet.flush()
    claim = await message.claim_work()
    with pytest.raises(error):
        await message.handler.handle(claim)
    await message.handler.give_up(claim, "it cannot be read")
    assert len(await message.errors()) == 1


async def test_client_gets_an_error_for_a_work_entry_without_an_epoch() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    claim = await message.claim_work()
    fields = {name: raw for name, raw in claim.fields.items() if name != b"epoch"}
    broken = type(claim)(claim.stage, claim.id, claim.attempt, fields)
    with pytest.raises(BadEntry):
        await message.handler.handle(broken)
    await message.handler.give_up(broken, "it cannot be read")
    assert len(await message.errors()) == 1


@pytest.mark.parametrize("epoch", ["abc", "", "-1", "9" * 17, "9" * 18, "9" * 400])
async def test_error_and_final_entry_are_written_if_the_epoch_in_the_state_is_invalid(epoch: str) -> None:
    message = SpokenMessage()
    await message.post_sentences()
    outlet = message.bus.outlet()
    outlet.put(message.bus.keys.state(message.conversation_id), {"epoch": epoch})
    await outlet.flush()
    await assert_given_up(message, BadWork)


async def test_error_and_final_entry_are_written_if_the_state_key_has_a_wrong_type() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    state = message.bus.keys.state(message.conversation_id)
    await message.bus.delete([state])
    outlet = message.bus.outlet()
    outlet.append(state, Work(message.conversation_id))
    await outlet.flush()
    await assert_given_up(message, BadWork)


async def test_error_is_written_if_the_audio_key_has_a_wrong_type() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    audio = message.bus.keys.audio(message.conversation_id, message.message_id)
    outlet = message.bus.outlet()
    outlet.put(audio, {"a": "b"})
    await outlet.flush()
    claim = await message.claim_work()
    with pytest.raises(BadWork):
        await message.handler.handle(claim)
    await message.handler.give_up(claim, "test")
    assert len(await message.errors()) == 1


async def test_give_up_fails_while_writes_are_paused_and_succeeds_afterwards() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    outlet = message.bus.outlet()
    outlet.put(message.bus.keys.state(message.conversation_id), {"epoch": "abc"})
    await outlet.flush()
    claim = await message.claim_work()
    message.bus.pause_writes("OOM command not allowed when used memory > 'maxmemory'.")
    with pytest.raises(WritesPaused):
        await message.handler.give_up(claim, "test")
    message.bus.resume_writes()
    await message.handler.give_up(claim, "test")
    assert len(await message.errors()) == 1


POSITIONS = [(99_998, 4), (5, 0), (4, 99), (MAX_SENTENCES - 1, 0)]


async def write_stray_chunk(message: SpokenMessage, id: str, sentence: int = 0, chunk: int = 0) -> None:
    outlet = message.bus.outlet()
    entry = AudioChunk(b"\1\0", sentence, chunk, message.conversation_id, message.message_id, "luna-id")
    outlet.append(message.bus.keys.audio(message.conversation_id, message.message_id), entry, id=id)
    await outlet.flush()


@pytest.mark.parametrize(("sentence", "chunk"), POSITIONS)
async def test_final_entry_is_written_after_a_chunk_of_a_sentence_that_does_not_exist(
    sentence: int, chunk: int
) -> None:
    message = SpokenMessage()
    await message.post_sentences()
    await write_stray_chunk(message, f"{sentence + 1}-{chunk + 1}", sentence, chunk)
    await assert_given_up(message, BadEntry)
    assert order((await message.audio())[-1][0]) > (sentence + 1, chunk + 1), "the final entry comes after that chunk"


@pytest.mark.parametrize(
    "id", ["99999-5", "3-1", f"{MAX_SENTENCES}-1", f"{FAR}-{FAR}", f"{FAR}-0", f"{MAX_SENTENCES + 1}-0"]
)
async def test_final_entry_is_written_after_a_chunk_with_a_wrong_id(id: str) -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    claim = await message.claim_work()
    speaking = asyncio.create_task(message.handler.handle(claim))
    audio_key = message.bus.keys.audio(message.conversation_id, message.message_id)
    await eventually(lambda: len(message.bus._server.stream(audio_key)), "the first sentence is spoken")
    await write_stray_chunk(message, id)
    await message.write_sentence(SENTENCES[1], 1)
    await message.write_sentence("", 2, is_final=True)
    await speaking
    audio = await message.audio()
    assert audio[-1][1].is_final
    is_kept = order(id)[0] <= MAX_SENTENCES
    assert (id in [at for at, _ in audio]) == is_kept, "a chunk with an impossible id is deleted"
    assert order(audio[-1][0]) > order(id) if is_kept else audio[-1][0] == "3-0"
    await message.bus.finish(claim, "worker")
    await message.post_work()
    await message.speak()  # another attempt adds no entries
    assert len(await message.audio()) == len(audio)
