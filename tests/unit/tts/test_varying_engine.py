"""A takeover with an engine that speaks a sentence differently each time: each rendition is heard from its beginning,
and no word is left out.
"""

from __future__ import annotations

from itertools import count, groupby

from tertulia_shared.entries import AudioChunk
from tests.fakes.scripted_speech import VaryingSpeech
from tests.harness.virtual_time import virtual_time
from tests.unit.tts.spoken_message import SpokenMessage

PIECE_S = 0.04
"""The engine is slower than real time, so that there are many chunks."""
TEXTS = ("I went early, bought apples, and came home again with them.", "Well?")


def sounds(audio: list[AudioChunk], sentence: int) -> list[bytes]:
    """The sounds of a sentence between its silent chunks."""
    pcm = [chunk.audio for chunk in audio if chunk.sentence_index == sentence and not chunk.is_final]
    return [b"".join(group) for is_loud, group in groupby(pcm, any) if is_loud]


def assert_clean(parts: list[bytes], renditions: list[tuple[str, bytes]], text: str) -> None:
    """Check that each part is the beginning of one rendition, which begins with a clause that the parts before had
    begun; the last part is a whole rendition.
    """
    spoken_to = 0
    for number, part in enumerate(parts):
        said, whole = next(each for each in renditions if each[1].startswith(part))
        begins_at = len(text) - len(said)
        assert begins_at == 0 or text[begins_at - 1] == ",", "a rendition begins with a clause"
        assert begins_at <= spoken_to, "no word is left out"
        spoken_to = max(spoken_to, begins_at + len(part) * len(said) // len(whole))
        assert number < len(parts) - 1 or part == whole


@virtual_time
async def test_takeover_after_any_write_repeats_a_clause_and_joins_no_two_renditions() -> None:
    writes, said = 0, set[str]()
    while True:
        writes += 1
        message = SpokenMessage(engine := VaryingSpeech(piece_s=PIECE_S))
        await message.post_sentences(TEXTS)
        if not await message.speak_until_write(writes):
            break
        await message.speak()
        audio = [chunk for _, chunk in await message.audio()]
        assert audio[-1].is_final
        for index, text in enumerate(TEXTS):
            own = [chunk.chunk_index for chunk in audio if chunk.sentence_index == index and not chunk.is_final]
            assert own == list(range(len(own)))
            assert_clean(sounds(audio, index), [each for each in engine.renditions if text.endswith(each[0])], text)
        said |= {text for text, _ in engine.renditions}
    assert said == {*TEXTS, " bought apples, and came home again with them.", " and came home again with them."}


@virtual_time
async def test_several_takeovers_of_one_sentence_leave_no_word_out() -> None:
    message = SpokenMessage(engine := VaryingSpeech(piece_s=PIECE_S))
    await message.post_sentences(TEXTS)
    for writes in (12, 25, 9, 25, 20):
        assert await message.speak_until_write(writes)
    await message.speak()
    audio = [chunk for _, chunk in await message.audio()]
    assert_clean(
        sounds(audio, 0), [each for each in engine.renditions if TEXTS[0].endswith(each[0])], TEXTS[0]
    )  # fmt: skip


@virtual_time
async def test_sentence_that_was_published_completely_is_not_spoken_again() -> None:
    for writes in count(1):
        message = SpokenMessage(engine := VaryingSpeech(piece_s=PIECE_S))
        await message.post_sentences(TEXTS[:1], final=False)
        assert await message.speak_until_write(writes)
        published = await message.audio()
        if published and published[-1][1].text_at == len(TEXTS[0]):
            await message.write_sentence(TEXTS[1], 1)
            await message.write_sentence("", 2, is_final=True)
            engine.renditions.clear()
            await message.speak()
            assert [text for text, _ in engine.renditions] == [TEXTS[1]]
            break


@virtual_time
async def test_engine_that_is_set_to_be_reproducible_continues_at_the_sample() -> None:
    message = SpokenMessage(engine := VaryingSpeech(is_reproducible=True))
    await message.post_sentences(TEXTS)
    await message.speak_until_write(8)
    await message.speak()
    written = {chunk.text_at for _, chunk in await message.audio()}
    assert written <= {0, *map(len, TEXTS)}, "no position within a sentence"
    assert {text for text, _ in engine.renditions} == set(TEXTS)
