"""A scripted tts worker on the in-memory bus, and the entries that it reads and writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_shared.codec import decode
from tertulia_shared.entries import AudioChunk, TTSSentence, Work
from tertulia_shared.store import Message
from tertulia_shared.testing.memory_bus import MemoryBus


@asynccontextmanager
async def speaking(bus: MemoryBus) -> AsyncGenerator[list[TTSSentence]]:
    """A tts worker, whose sound of a sentence is its text. Yields the sentences that it was given."""
    await bus.prepare("tts")
    said: list[TTSSentence] = []

    async def work() -> None:
        while True:
            for claim in await bus.claim("tts", "w", count=1, block_s=5):
                given = decode(Work, claim.fields)
                entries = await bus.read(bus.keys.sentences(given.conversation_id, given.message_id))
                if not entries:  # the sample was cancelled
                    await bus.finish(claim, "w")
                    continue
                sentence, final = [decode(TTSSentence, entry.fields) for entry in entries]
                assert [entry.id for entry in entries] == [f"{sentence.index + 1}-0", f"{final.index + 1}-0"]
                said.append(sentence)
                worker = bus.outlet()
                key = bus.keys.audio(given.conversation_id, given.message_id)
                ids = given.conversation_id, given.message_id, ""
                worker.append(key, AudioChunk(sentence.text.encode(), sentence.index, 0, *ids), id="900-1")
                worker.append(key, AudioChunk(b"", final.index, 0, *ids, is_final=True), id="901-0")
                await worker.flush()
                await bus.finish(claim, "w")

    task = asyncio.ensure_future(work())
    try:
        yield said
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def write_sentences(bus: MemoryBus, message: Message, *sentences: tuple[str, str]) -> None:
    """Write a reply's sentences (spoken, written) as an llm worker does."""
    outlet = bus.outlet()
    for index, (spoken, written) in enumerate((*sentences, ("", ""))):
        entry = TTSSentence(
            spoken, index, message.conversation_id, message.id, "", "", "rex", not written, 0.8, 1.0
        )  # fmt: skip
        key = bus.keys.sentences(message.conversation_id, message.id)
        outlet.append(key, entry, id=f"{index + 1}-0", written=written.encode())
    await outlet.flush()


async def write_audio(bus: MemoryBus, message: Message, *pieces: bytes) -> None:
    """Write a reply's whole sound as a tts worker does."""
    outlet = bus.outlet()
    key, ids = bus.keys.audio(message.conversation_id, message.id), (message.conversation_id, message.id, "")
    for nth, piece in enumerate(pieces):
        outlet.append(key, AudioChunk(piece, 0, nth, *ids), id=f"1-{nth + 1}")
    outlet.append(key, AudioChunk(b"", 1, 0, *ids, is_final=True), id="2-0")
    await outlet.flush()
