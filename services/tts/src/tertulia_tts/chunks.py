"""Splits a message's PCM into chunks, which grow while the listener has sound to play.

A short chunk reaches the listener early; a long one costs less for each second of sound. So chunks are short while the
listener waits, and at most as long as the sound that the listener still has; long chunks, half as long. Chunks that
have grown get a length with which Redis wastes little memory.
"""

from __future__ import annotations

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_tts.entry_memory import FITTING, fitting, split_at

MIN_CHUNK_MS = 20
MAX_CHUNK_MS = 200
"""Maximum of the settings for short chunks."""
LONGEST_BYTES = FITTING[-1]
"""Maximum length of a chunk: 1,187 ms. With its ids, such an entry just fits 56 KiB."""
CAREFUL_MS = 334
"""A longer chunk is at most half as long as the lead, so that an engine that is little faster than the listener does
not use up the lead with it.
"""
NEARLY = 0.95
"""A short chunk gets a fitting length if that is at least this share of the set one: 78 ms instead of 80."""


class ChunkLengths:
    """Chooses the lengths of a message's chunks.

    Without a lead, a sentence's first chunk is `first_ms` long, the next ones `rest_ms` or up to 5 % less. Each further
    chunk is at most twice as long as the one before, and not longer than the lead; above `CAREFUL_MS`, not longer than
    half of it. Of these lengths it is the longest that fits the sizes of Redis' allocator.

    Raises:
        ValueError: a length is outside 20 to 200 ms.
    """

    def __init__(self, first_ms: int = 40, rest_ms: int = 100) -> None:
        self._first = _chunk_bytes("first_ms", first_ms)
        rest = _chunk_bytes("rest_ms", rest_ms)
        self._rest = fitting(rest) if fitting(rest) >= rest * NEARLY else rest
        self._longest = max(LONGEST_BYTES, self._rest)
        self._last = 0

    def next(self, lead_s: float, *, is_first: bool) -> int:
        """The number of bytes of the next chunk. `lead_s`: seconds of published sound that the listener has not played
        yet. `is_first`: it is the first chunk of a sentence.
        """
        lead = bytes_of(int(lead_s * 1000))
        if is_first and lead < self._rest:
            self._last = self._first
        elif self._last < self._rest:
            self._last = self._rest
        else:
            bound = max(min(lead, _CAREFUL), bytes_of(int(lead_s * 1000 / 2)))
            self._last = max(self._rest, fitting(min(2 * self._last, bound, self._longest)))
        return self._last


class Chunker:
    """Splits one sentence into chunks of the lengths that `lengths` chooses; the last chunk contains the remainder.

    If a piece is exactly as long as the next chunk, it is returned without a copy.
    """

    def __init__(self, lengths: ChunkLengths) -> None:
        self._lengths = lengths
        self._wanted = 0
        self._is_first = True
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, pcm: bytes, lead_s: float = 0.0) -> list[bytes]:
        """Add PCM. Returns the chunks that are now complete, in order. `lead_s`: see `ChunkLengths.next`; it is the
        lead before these chunks are published.

        Raises:
            ValueError: `pcm` does not end with a whole sample.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ValueError(f"a piece of PCM must hold whole 16-bit samples, not {len(pcm)} bytes")
        if not pcm:
            return []
        wanted = self._wanted or self._choose(lead_s)
        if not self._held_bytes and len(pcm) == wanted:
            self._wanted = 0
            return [pcm]
        self._held.append(pcm)
        self._held_bytes += len(pcm)
        if self._held_bytes < wanted:
            return []
        return self._cut(b"".join(self._held), lead_s)

    def finish(self) -> list[bytes]:
        """Return the PCM that is left, as a list of one or two shorter chunks, or of none."""
        if not self._held_bytes:
            return []
        last = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        at = split_at(len(last), at_least=bytes_of(MIN_CHUNK_MS))
        return [last[:at], last[at:]] if at else [last]

    def _choose(self, lead_s: float) -> int:
        self._wanted = self._lengths.next(lead_s, is_first=self._is_first)
        self._is_first = False
        return self._wanted

    def _cut(self, pcm: bytes, lead_s: float) -> list[bytes]:
        chunks: list[bytes] = []
        at = 0
        while len(pcm) - at >= self._wanted:
            chunks.append(pcm[at : at + self._wanted])
            at += self._wanted
            self._choose(lead_s + at / _BYTES_PER_S)
        self._held = [pcm[at:]] if at < len(pcm) else []
        self._held_bytes = len(pcm) - at
        return chunks


_BYTES_PER_S = SAMPLE_RATE * BYTES_PER_SAMPLE


def bytes_of(ms: int) -> int:
    """The length of so much PCM in bytes."""
    return SAMPLE_RATE * ms // 1000 * BYTES_PER_SAMPLE


_CAREFUL = bytes_of(CAREFUL_MS)


def _chunk_bytes(name: str, ms: int) -> int:
    if not MIN_CHUNK_MS <= ms <= MAX_CHUNK_MS:
        raise ValueError(f"{name} must be {MIN_CHUNK_MS} to {MAX_CHUNK_MS} ms, not {ms}")
    return bytes_of(ms)
