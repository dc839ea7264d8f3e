"""One message, from its sentences to its audio, also if the worker crashes after any of its writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from tertulia_shared.bus import Entry, NotOwner, Stale
from tertulia_shared.codec import envelope
from tertulia_shared.entries import TTSSentence, Work
from tertulia_shared.ids import new_id
from tertulia_shared.interruption import CHECK_S
from tertulia_shared.keys import Key
from tertulia_shared.work import BadWork, RetryLater
from tertulia_tts.chunks import LONGEST_BYTES
from tertulia_tts.engine import SpeechRequest, SynthesisFailed
from tertulia_tts.metrics import BYTES_PER_SECOND
from tertulia_tts.sentence_reader import SENTENCE_WAIT_S
from tertulia_tts.speech_handler import seed_of
from tests.fakes.scripted_speech import Failure, ScriptedSpeech
from tests.harness.scrape import scraped
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.tts.spoken_message import SENTENCES, SpokenMessage

RETRYABLE = SynthesisFailed("the engine is busy", retryable=True)
PERMANENT = SynthesisFailed("the text is unspeakable", retryable=False)


@virtual_time
async def test_sentences_are_spoken_in_order_in_the_characters_voice() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    await message.speak()
    await message.assert_audio_complete()
    assert [text for text, _, _ in message.engine.spoken] == list(SENTENCES)
    assert {voice for _, voice, _ in message.engine.spoken} == {"luna"}
    assert len({seed for _, _, seed in message.engine.spoken}) == len(SENTENCES)
    chunk_id, chunk = (await message.audio())[1]
    assert (chunk_id, chunk.sentence_index, chunk.chunk_index) == ("1-2", 0, 1)


@virtual_time
async def test_sentence_is_spoken_before_the_next_sentence_arrives() -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    speaking = asyncio.create_task(message.speak())
    await asyncio.sleep(1)
    assert {chunk.sentence_index for _, chunk in await message.audio()} == {0}
    for index in (1, 2):
        await message.write_sentence(SENTENCES[index], index)
    await message.write_sentence("", 3, is_final=True)
    await speaking
    await message.assert_audio_complete()


@pytest.mark.parametrize("piece_s", [0.001, 0.01, 0.03], ids=["long chunks", "growing chunks", "short chunks"])
@virtual_time
async def test_no_sound_is_lost_or_repeated_if_the_worker_crashes_after_any_write(piece_s: float) -> None:
    writes = 0
    while True:
        writes += 1
        message = SpokenMessage(ScriptedSpeech(piece_s=piece_s))
        await message.post_sentences()
        if not await message.speak_until_write(writes):
            break
        await message.speak()
        await message.assert_audio_complete()
    assert writes > 4


@virtual_time
async def test_chunks_grow_while_the_engine_is_ahead_of_the_listener() -> None:
    message = SpokenMessage(ScriptedSpeech(ms_per_char=320))
    await message.post_sentences()
    await message.speak()
    lengths = [len(chunk.audio) for _, chunk in await message.audio()]
    assert lengths[0] < lengths[1] < lengths[3] < max(lengths) == LONGEST_BYTES


@virtual_time
async def test_chunks_stay_short_if_the_engine_is_slower_than_the_listener() -> None:
    message = SpokenMessage(ScriptedSpeech(ms_per_char=60, piece_s=0.04))
    await message.post_sentences(SENTENCES[:1])
    await message.speak()
    assert max(len(chunk.audio) for _, chunk in await message.audio()) == 3_744  # 78 ms


@virtual_time
async def test_worker_that_takes_a_message_over_does_not_synthesize_completely_published_sentences() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    while {chunk.sentence_index for _, chunk in await message.audio()} != {0, 1}:
        assert await message.speak_until_write(1)
    message.engine.spoken.clear()
    await message.speak()
    assert [text for text, _, _ in message.engine.spoken] == list(SENTENCES[1:])


@virtual_time
async def test_message_with_complete_audio_is_not_spoken_again() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    await message.speak()
    message.engine.spoken.clear()
    await message.post_work()
    await message.speak()
    assert message.engine.spoken == []


@virtual_time
async def test_second_work_entry_for_a_message_being_spoken_is_ignored() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    speaking = asyncio.create_task(message.speak())
    await settle()
    await message.post_work()
    await message.speak()
    assert not speaking.done()
    await speaking
    await message.assert_audio_complete()
    assert len(message.engine.spoken) == len(SENTENCES)


@virtual_time
async def test_worker_that_lost_its_claim_writes_no_more_audio() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    early = await message.claim_work()
    first = asyncio.create_task(message.handler.handle(early))
    await asyncio.sleep(0.05)
    late = await message.claim_work()
    second = asyncio.create_task(message.handler.handle(late))
    with pytest.raises(NotOwner):
        await first
    await second
    await message.assert_audio_complete()
    with pytest.raises(NotOwner):
        await message.handler.handle(early)


@virtual_time
async def test_no_audio_is_written_after_an_interruption() -> None:
    writes = 0
    while True:
        writes += 1
        message = SpokenMessage(ScriptedSpeech(piece_s=0.03))
        await message.post_sentences()
        cuts: list[asyncio.Task[None]] = []
        message.writes.after(
            writes, lambda message=message, to=cuts: to.append(asyncio.create_task(message.interrupt()))
        )
        try:
            await message.speak()
        except Stale:
            assert cuts
        if not cuts:
            break
        await asyncio.gather(*cuts)
        assert message.engine.running == 0, "the engine was stopped"
        cut_at = int((await message.bus.read(message.bus.keys.control(message.conversation_id)))[-1].fields[b"ts"])
        entries = await message.bus.read(message.bus.keys.audio(message.conversation_id, message.message_id))
        assert all(envelope(entry.fields).ts <= cut_at for entry in entries)
    assert writes > 8


@virtual_time
async def test_message_interrupted_before_the_claim_is_not_spoken() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    await message.interrupt()
    await message.speak()
    assert message.engine.spoken == []
    assert await message.audio() == []


@virtual_time
async def test_interruption_ends_the_wait_for_the_first_sentence() -> None:
    message = SpokenMessage()
    await message.post_sentences((), final=False)
    speaking = asyncio.create_task(message.speak())
    await asyncio.sleep(1)
    await message.interrupt()
    with pytest.raises(Stale):
        await speaking


@virtual_time
async def test_next_attempt_after_a_retryable_failure_publishes_only_the_missing_chunks() -> None:
    message = SpokenMessage(ScriptedSpeech(failures={SENTENCES[1]: [Failure(RETRYABLE, 3)]}))
    await message.post_sentences()
    with pytest.raises(RetryLater, match="busy"):
        await message.speak()
    await message.speak()
    await message.assert_audio_complete()
    assert await message.errors() == []


@pytest.mark.parametrize("pieces", [0, 3])
@virtual_time
async def test_sentence_that_cannot_be_spoken_is_reported_and_skipped(pieces: int) -> None:
    message = SpokenMessage(ScriptedSpeech(failures={SENTENCES[1]: [Failure(PERMANENT, pieces)]}))
    await message.post_sentences()
    await message.speak()
    (error,) = await message.errors()
    assert (error.code, error.message_id) == ("tts_failed", message.message_id)
    audio = [chunk for _, chunk in await message.audio()]
    assert audio[-1].is_final
    assert any(chunk.sentence_index == 2 for chunk in audio[:-1])
    whole = message.engine.pcm(SENTENCES[1], seed_of(message.message_id, 1))
    spoken = b"".join(chunk.audio for chunk in audio if chunk.sentence_index == 1)
    assert whole.startswith(spoken)
    assert bool(spoken) == bool(pieces)


@virtual_time
async def test_unknown_voice_is_replaced_by_the_default_voice() -> None:
    message = SpokenMessage()
    await message.bus.prepare("tts")
    outlet = message.bus.outlet()
    key = message.bus.keys.sentences(message.conversation_id, message.message_id)
    sentence = TTSSentence("Hi.", 0, message.conversation_id, message.message_id, "x", "X", "unknown voice")
    outlet.append(key, sentence, id="1-0")
    await outlet.flush()
    await message.write_sentence("", 1, is_final=True)
    await message.post_work()
    await message.speak()
    assert message.engine.spoken[0][1] == "plain"


@virtual_time
async def test_message_fails_if_the_next_sentence_does_not_come_in_time() -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    begun = now()
    with pytest.raises(BadWork, match="no further sentence"):
        await message.speak()
    assert now() - begun == pytest.approx(SENTENCE_WAIT_S, abs=2)


@virtual_time
async def test_worker_does_not_wait_for_a_reply_that_redis_lost_although_the_epoch_is_the_same() -> None:
    message = SpokenMessage()
    await message.post_sentences(SENTENCES[:1], final=False)
    speaking = asyncio.create_task(message.speak())
    await asyncio.sleep(1)
    keys, conversation_id, message_id = message.bus.keys, message.conversation_id, message.message_id
    lost = (keys.sentences(conversation_id, message_id), keys.audio(conversation_id, message_id))
    begun = now()
    await message.bus.delete([*lost, keys.owner(conversation_id, message_id)])
    with pytest.raises(NotOwner):
        await speaking
    assert now() - begun < 2 * CHECK_S


@pytest.mark.parametrize("work", [Work("nonsense", message_id=new_id()), Work(new_id()), Work(new_id(), "nonsense")])
@virtual_time
async def test_work_entry_without_ids_is_bad_work(work: Work) -> None:
    message = SpokenMessage()
    await message.bus.prepare("tts")
    await message.bus.post("tts", work)
    claim = await message.claim_work()
    with pytest.raises(BadWork, match="UUID"):
        await message.handler.handle(claim)
    await message.handler.give_up(claim, "bad")


def test_seed_is_the_same_for_the_same_message_and_sentence_index_and_else_differs() -> None:
    assert seed_of("a", 1) == seed_of("a", 1)
    assert len({seed_of("a", 1), seed_of("a", 2), seed_of("b", 1)}) == 3
    assert 0 <= seed_of("a", 1) < 2**32


@virtual_time
async def test_metrics_count_spoken_and_skipped_sentences() -> None:
    message = SpokenMessage(ScriptedSpeech(failures={SENTENCES[1]: [Failure(PERMANENT)]}))
    await message.post_sentences()
    await message.speak()
    seen = scraped(message.metrics)
    assert seen.of("tertulia_tts_first_chunk_seconds_count", engine="scripted") == 2
    assert seen.of("tertulia_tts_real_time_ratio_count", engine="scripted") == 2
    assert seen.of("tertulia_tts_failures_total") == 1
    assert seen.of("tertulia_hop_seconds_count", hop="sentences") == 1, "one read returned all sentences"
    sound_s = sum(len(chunk.audio) for _, chunk in await message.audio()) / BYTES_PER_SECOND
    assert seen.of("tertulia_tts_audio_seconds_total", engine="scripted") == pytest.approx(sound_s)


@dataclass(slots=True)
class AdjustableSpeech(ScriptedSpeech):
    """An engine that takes speed and pitch."""

    requests: list[SpeechRequest] = field(default_factory=list[SpeechRequest])

    def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes, None]:
        self.requests.append(request)
        return self.synthesize(request.text, request.voice, request.seed)


@virtual_time
@pytest.mark.parametrize(
    ("written", "used"), [((1.25, -2.0), (1.25, -2.0)), ((0.0, -99.0), (0.5, -6.0)), ((1e9, 1e9), (2.0, 6.0))]
)
async def test_engine_gets_speed_and_pitch_within_their_ranges(
    written: tuple[float, float], used: tuple[float, float]
) -> None:
    engine = AdjustableSpeech()
    message = SpokenMessage(engine)
    await message.bus.prepare("tts")
    outlet = message.bus.outlet()
    ids = message.conversation_id, message.message_id, "x", "X", "luna"
    key = message.bus.keys.sentences(message.conversation_id, message.message_id)
    outlet.append(key, TTSSentence("Hi.", 0, *ids, speed=written[0], pitch=written[1]), id="1-0")
    await outlet.flush()
    await message.write_sentence("", 1, is_final=True)
    await message.post_work()
    await message.speak()
    assert [(request.speed, request.pitch) for request in engine.requests] == [used]


@virtual_time
async def test_audio_is_not_read_again_after_its_final_entry() -> None:
    # the gateway deletes a sample of a voice as soon as it has read the final entry; besides, a read takes a round trip
    message = SpokenMessage()
    await message.post_sentences()
    read: list[Key] = []
    last = message.bus.last

    async def noted(key: Key) -> Entry | None:
        read.append(key)
        return await last(key)

    message.bus.last = noted  # type: ignore[method-assign]
    await message.speak()
    audio = message.bus.keys.audio(message.conversation_id, message.message_id)
    assert read.count(audio) == 1, "when the worker becomes the owner"
    await message.assert_audio_complete()
