"""Reads the sentences of one message in order, as the llm worker writes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from tertulia_shared.bus import Bus, Entry, Follow
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import TTSSentence
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Key
from tertulia_shared.metrics.hop import Hop
from tertulia_shared.work import BadWork

MAX_SENTENCE_CHARS = 2_000
"""Only this many characters of a sentence are spoken. The llm stage writes no longer sentences."""
SENTENCE_WAIT_S = 600.0
"""Maximum wait for the next sentence, in seconds. It is longer than all retries of a request to the model and a
takeover together.
"""


async def read_sentences(
    bus: Bus, key: Key, hop: Hop, *, known: Sequence[Entry], first: int
) -> AsyncGenerator[TTSSentence, None]:
    """Yield the sentences from number `first` on. `known`: the entries at the stream's beginning, which the caller has
    already read.

    Raises:
        BadEntry: an entry cannot be decoded, or its id does not match its sentence number.
        BadWork: no sentence came within `SENTENCE_WAIT_S`.
    """
    entries = [entry for entry in known if order(entry.id)[0] > first]
    # follow the stream now, so that new entries are read while the known sentences are spoken
    follow = bus.follow(key, known[-1].id if entries else f"{first}-0", until_final=True)
    try:
        while True:
            if entries:
                hop.taken(entries[0].fields)
            for entry in entries:
                sentence = decode(TTSSentence, entry.fields)
                # otherwise the ids of the audio chunks would be wrong as well
                if entry.id != f"{sentence.index + 1}-0":
                    raise BadEntry(f"TTSSentence entry {entry.id}: the id does not match sentence {sentence.index}")
                if len(sentence.text) > MAX_SENTENCE_CHARS:
                    sentence = replace(sentence, text=sentence.text[:MAX_SENTENCE_CHARS])
                yield sentence
                if sentence.is_final:
                    return
            entries = await _next_entries(follow)
    finally:
        follow.close()


async def _next_entries(follow: Follow) -> Sequence[Entry]:
    try:
        async with asyncio.timeout(SENTENCE_WAIT_S):
            return await follow.read()
    except TimeoutError:
        raise BadWork(f"no further sentence came for {SENTENCE_WAIT_S:g} seconds") from None
