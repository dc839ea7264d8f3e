from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tertulia_llm.reply import Reply, WrittenText, read_written
from tertulia_llm.reply_writer import EmptyReply, ReplyWriter
from tertulia_shared.codec import decode, decode_event, known
from tertulia_shared.entries import Speaker, TTSSentence
from tertulia_shared.events import Event, LLMChunk, MessageComplete, MessageResumed, MessageStarted
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, settle, virtual_time

LUNA = Speaker("luna-id", "Luna", "luna", "You are Luna.")


class ReplyBench:
    """A reply on an in-memory bus, with the events and sentences that it publishes."""

    def __init__(self, written: WrittenText | None = None, speaker: Speaker = LUNA) -> None:
        self.bus = MemoryBus(Keys("test"))
        self.conversation_id, self.message_id = new_id(), new_id()
        self.reply = Reply(
            self.bus.keys, self.bus.outlet(), self.conversation_id, new_id(), self.message_id, 1, speaker,
            ["Rex"], "Jay", written or WrittenText(),
        )  # fmt: skip

    async def write(self, *texts: str) -> None:
        """Publish these texts as one model stream, and end the reply."""
        writer = ReplyWriter(self.reply)
        for text in texts:
            if not await writer.write(text):
                break
        writer.finish()
        await self.reply.outlet.flush()

    async def events(self) -> list[Event]:
        await self.reply.outlet.flush()
        return [decode_event(e.fields) for e in await self.bus.read(self.bus.keys.events(self.conversation_id))]

    async def shown(self) -> str:
        return "".join(event.text for event in await self.events() if isinstance(event, LLMChunk))

    async def said(self) -> tuple[list[str], WrittenText]:
        entries = await self.bus.read(self.bus.keys.sentences(self.conversation_id, self.message_id))
        spoken: Sequence[TTSSentence] = [decode(TTSSentence, entry.fields) for entry in entries]
        assert [entry.id for entry in entries] == [f"{sentence.index + 1}-0" for sentence in spoken]
        return [sentence.text for sentence in spoken if not sentence.is_final], read_written(entries)


async def test_whole_text_of_a_reply_is_shown_and_spoken() -> None:
    bench = ReplyBench()
    bench.reply.announce(resumed=False)
    await bench.write("Hello", " there. ", "How are", " you?")
    bench.reply.complete()
    spoken, said = await bench.said()
    assert spoken == ["Hello there.", "How are you?"]
    assert said == WrittenText(2, "Hello there. How are you?", is_final=True, sentence_ends=(13, 25))
    assert await bench.shown() == said.text
    first, *_, last = await bench.events()
    assert isinstance(first, MessageStarted)
    assert last == MessageComplete(bench.message_id, LUNA.id, said.text, sentence_ends=(13, 25))
    state = await bench.bus.hash(bench.bus.keys.state(bench.conversation_id))
    assert (state[b"started"], state[b"complete"]) == (b"2", b"2")


@virtual_time
async def test_text_before_the_end_of_the_first_sentence_is_written_by_tick_after_its_first_token() -> None:
    bench = ReplyBench()
    bench.reply.announce(resumed=False)
    writer = ReplyWriter(bench.reply)
    events = bench.bus.keys.events(bench.conversation_id)
    written: list[tuple[float, str]] = []
    began = now()
    for token in ("Once", " upon", " a", " time", ".", " It", " rained"):
        await writer.write(token)
        await settle()
        chunks = [
            event for entry in await bench.bus.read(events) if isinstance(event := decode_event(entry.fields), LLMChunk)
        ]
        written += [(round(now() - began, 3), event.text) for event in chunks[len(written) :]]
        await asyncio.sleep(0.005)
    assert written[:3] == [(0, "Once"), (0.02, " upon a time"), (0.025, ". It")]
    assert written[3:] == [(0.03, " rained")]


async def test_numbers_are_spoken_as_words_and_stage_directions_are_only_shown() -> None:
    bench = ReplyBench()
    written = "(laughs) It costs $5.99. We met am 3. Oktober at 5 km/h."
    await bench.write(*written)
    spoken, said = await bench.said()
    assert spoken == [
        "It costs five dollars and ninety-nine cents.",
        "We met am 3. Oktober at five kilometers per hour.",
    ]
    assert said.text == await bench.shown() == written


@pytest.mark.parametrize(
    ("before", "text", "joined"),
    [
        ("One.", "Two.", "One. Two."),
        ("One. ", "Two.", "One. Two."),
        ("One.", " Two.", "One. Two."),
        ("One,", "\u2026and two.", "One,\u2026and two."),
        ("One", "!", "One!"),
        ("\u4f60\u597d\u3002", "\u518d\u89c1\u3002", "\u4f60\u597d\u3002\u518d\u89c1\u3002"),
    ],
)
async def test_text_of_a_resumed_reply_is_joined_with_a_space_if_necessary(before: str, text: str, joined: str) -> None:
    bench = ReplyBench(WrittenText(1, before, sentence_ends=(len(before),)))
    bench.reply.announce(resumed=True)
    await bench.write(text)
    assert bench.reply.written.text == joined
    resumed = (await bench.events())[0]
    assert resumed == MessageResumed(bench.message_id, LUNA.id, before, (len(before),))
    entries = await bench.bus.read(bench.bus.keys.sentences(bench.conversation_id, bench.message_id))
    assert entries[0].id == "2-0", "behind the last entry"


@pytest.mark.parametrize("texts", [(), ("  ",), ("<Luna>", "</Luna>"), ("<Rex>My turn!",)])
async def test_stream_without_text_of_the_speaker_raises_empty_reply(
    texts: tuple[str, ...],
) -> None:
    bench = ReplyBench()
    with pytest.raises(EmptyReply):
        await bench.write(*texts)
    assert await bench.said() == ([], WrittenText())


async def test_reply_of_only_emoji_is_shown_and_has_no_sentence() -> None:
    bench = ReplyBench()
    await bench.write("\U0001f600")
    spoken, said = await bench.said()
    assert (spoken, said) == ([], WrittenText(0, "\U0001f600", is_final=True))


async def test_writer_takes_no_more_text_when_the_model_writes_for_another_character() -> None:
    bench = ReplyBench()
    writer = ReplyWriter(bench.reply)
    assert await writer.write("Hello. ")
    assert not await writer.write("<Rex>Woof.")
    writer.finish()
    assert bench.reply.written.text.strip() == "Hello."


async def test_complete_sentences_are_kept_when_the_stream_breaks_off() -> None:
    bench = ReplyBench()
    await ReplyWriter(bench.reply).write("One sentence. Half a")
    await bench.reply.outlet.flush()
    assert bench.reply.written == WrittenText(1, "One sentence. ", sentence_ends=(14,))
    bench.reply.end_speech()
    bench.reply.end_speech()
    await bench.reply.outlet.flush()
    assert (await bench.said())[1] == WrittenText(1, "One sentence. ", is_final=True, sentence_ends=(14,))


@pytest.mark.parametrize(
    ("last_text", "ends_in_chunks", "all_ends"), [("", [5, 20], (5, 20, 29)), (" \U0001f600", [5, 20, 30], (5, 20, 30))]
)
async def test_each_sentence_end_is_sent_with_the_chunk_that_makes_it_certain(
    last_text: str, ends_in_chunks: list[int], all_ends: tuple[int, ...]
) -> None:
    bench = ReplyBench()
    await bench.write("Tea? \U0001f375 ", "Yes", ", please. I", " insist.", last_text)
    bench.reply.complete()
    *chunks, complete = await bench.events()
    text, ends = "", list[int]()
    for chunk in chunks:
        assert isinstance(chunk, LLMChunk)
        text += chunk.text
        ends += chunk.sentence_ends
        assert max(ends, default=0) <= len(text)
    assert ends == ends_in_chunks
    assert isinstance(complete, MessageComplete)
    assert complete.sentence_ends == all_ends
    entries = await bench.bus.read(bench.bus.keys.sentences(bench.conversation_id, bench.message_id))
    assert read_written(entries).sentence_ends == complete.sentence_ends
    starts = (0, *all_ends)
    sentences = [complete.text[start:end].strip() for start, end in zip(starts, all_ends, strict=False)]
    assert sentences == ["Tea?", "\U0001f375 Yes, please.", "I insist."]


async def test_text_of_discarded_sentences_is_not_read_again_by_another_worker() -> None:
    page = ReplyBench()
    await ReplyWriter(page.reply).write("One. Then")
    start = page.reply.written
    await ReplyWriter(page.reply).write("I should say two. And then three. ")
    page.reply.discard(start)
    assert page.reply.written == WrittenText(2, "One. ", sentence_ends=(5, 5))
    await page.write("Two.")
    entries = await page.bus.read(page.bus.keys.sentences(page.conversation_id, page.message_id))
    assert read_written(entries).text == "One. Two."
    assert page.reply.written.text == "One. Two."


async def test_sentences_have_the_speed_and_pitch_of_the_character() -> None:
    bench = ReplyBench(speaker=replace(LUNA, speed=1.25, pitch=-2.0))
    await bench.write("Hello there. ")
    entries = await bench.bus.read(bench.bus.keys.sentences(bench.conversation_id, bench.message_id))
    first = decode(TTSSentence, entries[0].fields)
    assert (first.speed, first.pitch) == (1.25, -2.0)


def test_speed_and_pitch_of_a_planned_character_survive_the_wire() -> None:
    fast = replace(LUNA, speed=1.25, pitch=-2.0)
    assert known(Speaker, fast.to_wire()) == fast
    assert not {"speed", "pitch"} & LUNA.to_wire().keys()
