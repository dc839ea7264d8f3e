"""Splits a sentence's PCM into chunks.

Where a chunk ends depends only on the position in the sentence, not on the sizes of the engine's pieces. So a worker
that synthesizes the sentence again makes the same chunks: chunk *k* has the same samples in every worker.
"""

from __future__ import annotations

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE

MIN_CHUNK_MS = 20
MAX_CHUNK_MS = 200


class Chunker:
    """Splits one sentence. The first chunk is `first_ms` long, the following chunks `rest_ms`; the last chunk contains
    the remainder.

    A short first chunk shortens the wait if the engine is slow. If the engine makes a sentence in a few milliseconds,
    `first_ms=rest_ms` saves one entry per sentence. If a piece is exactly as long as the next chunk, it is returned
    without a copy.

    Raises:
        ValueError: a length is outside 20 to 200 ms.
    """

    def __init__(self, first_ms: int = 40, rest_ms: int = 100) -> None:
        self._wanted = _chunk_bytes("first_ms", first_ms)
        self._rest = _chunk_bytes("rest_ms", rest_ms)
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, pcm: bytes) -> list[bytes]:
        """Add PCM. Returns the chunks that are now complete, in order.

        Raises:
            ValueError: `pcm` does not end with a whole sample.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ValueError(f"a piece of PCM must hold whole 16-bit samples, not {len(pcm)} bytes")
        if not self._held_bytes and len(pcm) == self._wanted:
            self._wanted = self._rest
            return [pcm]
        self._held.append(pcm)
        self._held_bytes += len(pcm)
        if self._held_bytes < self._wanted:
            return []
        return self._cut(b"".join(self._held))

    def finish(self) -> list[bytes]:
        """Return the PCM that is left, as a list with one shorter chunk, or with none."""
        if not self._held_bytes:
            return []
        last = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        return [last]

    def _cut(self, pcm: bytes) -> list[bytes]:
        chunks: list[bytes] = []
        at = 0
        while len(pcm) - at >= self._wanted:
            chunks.append(pcm[at : at + self._wanted])
            at += self._wanted
            self._wanted = self._rest
        self._held = [pcm[at:]]
        self._held_bytes = len(pcm) - at
        return chunks


def _chunk_bytes(name: str, ms: int) -> int:
    if not MIN_CHUNK_MS <= ms <= MAX_CHUNK_MS:
        raise ValueError(f"{name} must be {MIN_CHUNK_MS} to {MAX_CHUNK_MS} ms, not {ms}")
    return SAMPLE_RATE * ms // 1000 * BYTES_PER_SAMPLE
