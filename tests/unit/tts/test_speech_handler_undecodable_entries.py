"""Entries of a newer release and malformed entries: the message is given up with an error, and its sound ends."""

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


async def failed(message: SpokenMessage, error: type[Exception]) -> None:
    """Handle the work, which fails with `error`, and give it up. Check the error event and the end of the audio."""
    claim = await message.claim_work()
    with pytest.raises((error, ExceptionGroup)) as met:
        await message.handler.handle(claim)
    assert met
    await message.handler.give_up(claim, "it cannot be read")
    audio = await message.audio()
    assert audio[-1][1].is_final, "the audio has its end"
    (failure,) = await message.errors()
    assert (failure.code, failure.message_id) == ("tts_failed", message.message_id)
    assert "it cannot be read" in failure.message


@EXTRAS
async def test_unreadable_pointer_fails_the_message(extra: dict[str, Any], error: type[Exception]) -> None:
    message = SpokenMessage()
    await message.bus.prepare("tts")
    await message.write_sentence(SENTENCES[0], 0)
    outlet = message.bus.outlet()
    outlet.append(message.bus.keys.work("tts"), Work(message.conversation_id, message_id=message.message_id), **extra)
    await outlet.flush()
    await failed(message, error)


@EXTRAS
async def test_unreadable_sentence_fails_the_message(extra: dict[str, Any], error: type[Exception]) -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    entry = TTSSentence("What?", 1, message.conversation_id, message.message_id, "luna-id", "Luna", "luna")
    outlet = message.bus.outlet()
    outlet.append(message.bus.keys.sentences(message.conversation_id, message.message_id), entry, id="2-0", **extra)
    await outlet.flush()
    await failed(message, error)
    assert len(await message.audio()) > 1, "what could be spoken was"


@EXTRAS
async def test_unreadable_audio_fails_the_message(extra: dict[str, Any], error: type[Exception]) -> None:
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


async def test_pointer_without_an_envelope_is_reported() -> None:
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
async def test_invalid_epoch_does_not_stop_the_error_and_the_end(epoch: str) -> None:
    message = SpokenMessage()
    await message.post_sentences()
    outlet = message.bus.outlet()
    outlet.put(message.bus.keys.state(message.conversation_id), {"epoch": epoch})
    await outlet.flush()
    await failed(message, BadWork)


async def test_state_of_another_type_does_not_stop_the_error_and_the_end() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    state = message.bus.keys.state(message.conversation_id)
    await message.bus.delete([state])
    outlet = message.bus.outlet()
    outlet.append(state, Work(message.conversation_id))
    await outlet.flush()
    await failed(message, BadWork)


async def test_audio_of_another_type_does_not_stop_the_error() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    audio = message.bus.keys.audio(message.conversation_id, message.message_id)
    outlet = message.bus.outlet()
    outlet.put(audio, {"a": "b"})
    await outlet.flush()
    claim = await message.claim_work()
    with pytest.raises(BadWork):
        await message.handler.handle(claim)
    await message.handler.give_up(claim, "it takes no sound")
    assert len(await message.errors()) == 1


async def test_give_up_waits_while_redis_refuses_writes() -> None:
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


CHUNK_AT = [(99_998, 4), (5, 0), (4, 99), (MAX_SENTENCES - 1, 0)]


async def foreign_chunk(message: SpokenMessage, id: str, sentence: int = 0, chunk: int = 0) -> None:
    outlet = message.bus.outlet()
    entry = AudioChunk(b"\1\0", sentence, chunk, message.conversation_id, message.message_id, "luna-id")
    outlet.append(message.bus.keys.audio(message.conversation_id, message.message_id), entry, id=id)
    await outlet.flush()


@pytest.mark.parametrize(("sentence", "chunk"), CHUNK_AT)
async def test_chunk_of_a_missing_sentence_does_not_stall_the_message(sentence: int, chunk: int) -> None:
    message = SpokenMessage()
    await message.post_sentences()
    await foreign_chunk(message, f"{sentence + 1}-{chunk + 1}", sentence, chunk)
    await failed(message, BadEntry)
    assert order((await message.audio())[-1][0]) > (sentence + 1, chunk + 1), "a reader behind that chunk sees the end"


@pytest.mark.parametrize(
    "id", ["99999-5", "3-1", f"{MAX_SENTENCES}-1", f"{FAR}-{FAR}", f"{FAR}-0", f"{MAX_SENTENCES + 1}-0"]
)
async def test_foreign_chunk_mutes_only_the_rest_of_its_message(id: str) -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    claim = await message.claim_work()
    speaking = asyncio.create_task(message.handler.handle(claim))
    sound = message.bus.keys.audio(message.conversation_id, message.message_id)
    await eventually(lambda: len(message.bus._server.stream(sound)), "the first sentence is spoken")
    await foreign_chunk(message, id)
    await message.write_sentence(SENTENCES[1], 1)
    await message.write_sentence("", 2, is_final=True)
    await speaking
    audio = await message.audio()
    assert audio[-1][1].is_final
    is_left = order(id)[0] <= MAX_SENTENCES
    assert (id in [at for at, _ in audio]) == is_left, "what the gateway does not read over is taken away"
    assert order(audio[-1][0]) > order(id) if is_left else audio[-1][0] == "3-0"
    await message.bus.finish(claim, "worker")
    await message.post_work()
    await message.speak()  # another attempt adds nothing
    assert len(await message.audio()) == len(audio)
