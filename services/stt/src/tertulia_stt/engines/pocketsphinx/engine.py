"""Speech recognition with no key, no GPU and no download: Silero's VAD and pocketsphinx's US English model.

The decoder runs only during speech. At the beginning of a session, it has the parameters of an average voice. With each
utterance, it adapts them to the speaker.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from tertulia_stt.endpointing import EndpointSettings, SpeechEnded
from tertulia_stt.engine import EngineUnavailable, Writing
from tertulia_stt.engines.pocketsphinx.library import Decoder
from tertulia_stt.engines.pocketsphinx.pronunciation import spoken_words
from tertulia_stt.engines.pocketsphinx.utterance import Utterance
from tertulia_stt.pieces import PieceRecognizer
from tertulia_stt.settings import STTSettings
from tertulia_stt.stabilizer import sentence_case
from tertulia_stt.threaded import ThreadedSession

_FRAMES_PER_PARTIAL: Final = 4
"""The decoder's hypothesis is read after every four frames (128 ms): often enough for a reader, and cheap compared to
decoding.
"""
_MAX_HINTS: Final = 100
"""A decoder that has learned more hints is not reused, because each of them makes decoding slower."""

log = logging.getLogger(__name__)


def create(settings: STTSettings) -> PocketSphinxEngine:
    """Create the engine. The words in the settings become hints for the decoder."""
    endpointing = EndpointSettings(hangover_ms=settings.stt_silence_ms, draft_ms=settings.stt_draft_ms)
    return PocketSphinxEngine(words=settings.words, endpointing=endpointing)


class PocketSphinxEngine:
    """A `RecognitionEngine`. A session needs a decoder of about 80 MB and one thread.

    At most `max_idle` unused decoders are kept for later sessions.
    """

    name = "pocketsphinx"

    def __init__(
        self, *, words: Sequence[str] = (), endpointing: EndpointSettings | None = None, max_idle: int = 2
    ) -> None:
        self._hints = spoken_words(words)
        self.writing = Writing(is_punctuated=False, language="en", names=words)
        self._endpointing = endpointing or EndpointSettings()
        self._max_idle = max_idle
        self._idle: list[Decoder] = []
        self._lock = threading.Lock()  # a lock, because the threads of sessions return decoders
        self._running = False
        self._sessions: set[ThreadedSession] = set()

    async def start(self) -> None:
        decoder = await asyncio.to_thread(Decoder, self._hints)
        self._running = True
        self._return(decoder)

    async def open(self, *, first_sample: int = 0) -> ThreadedSession:
        if first_sample < 0:
            raise ValueError(f"first_sample must not be negative, but is {first_sample}")
        decoder = self._take_idle()
        if decoder is None:
            self._check_running()
            decoder = await asyncio.to_thread(Decoder, self._hints)
            if not self._running:  # the engine was closed while the decoder was being made
                decoder.close()
            self._check_running()
        recognizer = PocketSphinxRecognizer(
            decoder, self._endpointing, first_sample=first_sample, on_close=self._return
        )
        session = ThreadedSession(recognizer, on_closed=self._sessions.discard)
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        self._running = False
        await asyncio.gather(*(session.close() for session in tuple(self._sessions)))
        while decoder := self._take_idle():
            decoder.close()

    def _check_running(self) -> None:
        if not self._running:
            raise EngineUnavailable("the pocketsphinx engine is not running; start() it first")

    def _take_idle(self) -> Decoder | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _return(self, decoder: Decoder) -> None:
        # A decoder in the middle of an utterance is not reused, because ending its utterance takes longer than making a
        # new decoder.
        is_usable = not decoder.in_utterance and decoder.hint_count <= max(_MAX_HINTS, 2 * len(self._hints))
        with self._lock:
            if self._running and is_usable and len(self._idle) < self._max_idle:
                self._idle.append(decoder)
                return
        decoder.close()


class PocketSphinxRecognizer(PieceRecognizer):
    """A `BlockingRecognizer` with a decoder. Closing it returns the decoder through `on_close`."""

    def __init__(
        self,
        decoder: Decoder,
        endpointing: EndpointSettings,
        *,
        first_sample: int,
        on_close: Callable[[Decoder], None],
    ) -> None:
        super().__init__(_Transcriber(decoder, on_close), endpointing, first_sample=first_sample)


class _Transcriber:
    """A `PieceTranscriber`: passes speech to the decoder and reads its hypotheses."""

    is_complete: bool = True
    agreement: ClassVar[int] = 3

    def __init__(self, decoder: Decoder, on_close: Callable[[Decoder], None]) -> None:
        self._decoder = decoder
        self._return = on_close
        self._utterance = Utterance(decoder)
        self._is_in_piece = False
        self._new_hints: Mapping[str, str] | None = None
        self._frames = 0  # number of frames that the decoder has processed since its hypothesis was last read
        decoder.forget_speaker()

    def expect(self, words: Sequence[str]) -> None:
        self._new_hints = spoken_words(words)
        if not self._is_in_piece:
            self._add_hints()

    def start(self) -> None:
        self._add_hints()
        self._is_in_piece = True
        self._utterance.begin()
        self._frames = 0

    def process(self, pcm: bytes) -> None:
        self._utterance.add(pcm)

    def pauses(self) -> None:
        self._frames = _FRAMES_PER_PARTIAL

    def draft(self, ended: SpeechEnded) -> str | None:  # noqa: ARG002 - the port's signature
        return self._utterance.make_draft()

    def resumes(self) -> None:
        self._utterance.drop_draft()

    def hypothesis(self) -> Sequence[str] | None:
        self._frames += 1
        if self._frames < _FRAMES_PER_PARTIAL:
            return None
        self._frames = 0
        return self._utterance.partial_words()

    def write(self, words: Sequence[str]) -> str:
        return sentence_case(words)

    def end(self, ended: SpeechEnded) -> str:  # noqa: ARG002 - the port's signature
        self._is_in_piece = False
        return self._utterance.end()

    def close(self) -> None:
        self._return(self._decoder)

    def _add_hints(self) -> None:
        hints, self._new_hints = self._new_hints, None
        if hints is None:
            return
        try:
            self._decoder.add_hints(hints)
        except ValueError as error:
            log.warning("a name is not recognized: %s", error)
