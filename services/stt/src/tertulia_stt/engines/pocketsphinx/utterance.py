"""Decodes utterances. The final text can be read before it is certain that an utterance has ended."""

from __future__ import annotations

from typing import Final

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_stt.engines.pocketsphinx.library import Decoder
from tertulia_stt.stabilizer import sentence_case

MOST_DECODED_AGAIN_BYTES: Final = 5 * SAMPLE_RATE * BYTES_PER_SAMPLE
"""A draft is made only of at most this much sound (5 s), and only until this much was decoded again. Decoding it takes
0.8 s on one core, and the words that follow are recognized this much later.
"""


class Utterance:
    """The utterance that is being decoded. `begin` starts the next one.

    The last passes of the decoder end its utterance. So if the speech goes on after a draft, the sound is decoded
    again, from the beginning of the utterance.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._sound = bytearray()
        self._draft: str | None = None
        self._decoded_again = 0  # number of bytes

    def begin(self) -> None:
        """Begin an utterance. Forget the one before."""
        self._sound.clear()
        self._draft = None
        self._decoded_again = 0
        self._decoder.start()

    def add(self, pcm: bytes) -> None:
        """Add sound. While there is a draft, the sound is kept and not decoded."""
        self._sound += pcm
        if self._draft is None:
            self._decoder.process(pcm)

    def partial_words(self) -> list[str]:
        """The hypothesis so far."""
        return list(self._decoder.words())

    def make_draft(self) -> str | None:
        """The final text if the speech has ended; None if making it would cost too much."""
        if self._draft is not None:
            return self._draft
        if max(len(self._sound), self._decoded_again) > MOST_DECODED_AGAIN_BYTES:
            return None
        self._draft = self._final_text()
        return self._draft

    def drop_draft(self) -> None:
        """Continue to decode, because the speech goes on. Does nothing if there is no draft."""
        if self._draft is None:
            return
        self._draft = None
        self._decoded_again += len(self._sound)
        self._decoder.start()
        self._decoder.process(bytes(self._sound))

    def end(self) -> str:
        """The final text: that of the draft, if there is one."""
        return self._final_text() if self._draft is None else self._draft

    def _final_text(self) -> str:
        self._decoder.end()
        return sentence_case(self._decoder.words())
