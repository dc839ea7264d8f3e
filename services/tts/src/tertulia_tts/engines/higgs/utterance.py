"""Generates one utterance on the device's thread: the model's columns become frames, and the frames become PCM."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tertulia_tts.engine import SynthesisFailed
from tertulia_tts.engines.higgs.delay_pattern import Codes, FrameAssembler
from tertulia_tts.engines.higgs.frame_decoder import FrameDecoder
from tertulia_tts.engines.higgs.model import ClonedVoice, DeviceLost, OutOfMemory, SpeechModel
from tertulia_tts.pcm_queue import PCMQueue
from tertulia_tts.silence_trimmer import SilenceTrimmer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text for one run of the model, at most `max_frames` long, and the silence of `gap_ms` after it."""

    voice: ClonedVoice
    text: str
    seed: int
    max_frames: int
    gap_ms: int


def speak(model: SpeechModel, utterance: Utterance, queue: PCMQueue, beat: Callable[[], None]) -> Exception | None:
    """Generate an utterance into `queue`. If memory runs out, generate it a second time without the delivered part.

    Calls `beat` at each step of the model. Returns the error, if any; never raises.
    """
    given = 0

    def offer(pcm: bytes) -> bool:
        nonlocal given
        given += len(pcm)
        return queue.offer(pcm)

    try:
        try:
            generate(model, utterance, offer, beat)
        except OutOfMemory as error:
            log.warning("out of memory, trying once more: %s", error)
            model.free()
            generate(model, utterance, _without(given, queue.offer), beat)
    except OutOfMemory as error:
        model.free()
        queue.finish(SynthesisFailed(f"the voice's device is out of memory: {error}", retryable=True))
        return error
    except DeviceLost as error:
        queue.finish(SynthesisFailed(f"the voice's device is lost: {error}", retryable=True))
        return error
    except Exception as error:  # noqa: BLE001 - the waiting consumer gets every error
        queue.finish(error)
        return error
    queue.finish()
    return None


def generate(
    model: SpeechModel, utterance: Utterance, offer: Callable[[bytes], bool], beat: Callable[[], None]
) -> None:
    """Generate an utterance, and pass its PCM to `offer` as it is made. Ends early if `offer` returns False."""
    frames = FrameAssembler(model.codebooks)
    decoder = FrameDecoder(model.decode)
    trimmer = SilenceTrimmer(utterance.gap_ms)
    wanted = offer(b"")

    def on_column(column: Codes) -> bool:
        nonlocal wanted
        beat()
        frame = frames.feed(column)
        wanted = offer(b"" if frame is None else trimmer.feed(decoder.feed(frame)).tobytes())
        return wanted and not frames.ended and not decoder.fell_silent

    if wanted:
        model.generate(utterance.voice, utterance.text, utterance.seed, utterance.max_frames, on_column)
    for samples in decoder.finish() if wanted else ():
        beat()
        if not offer(trimmer.feed(samples).tobytes()):
            return
    if wanted:
        offer(trimmer.finish().tobytes())


def _without(count: int, offer: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    """`offer` that skips the first `count` bytes."""
    left = count

    def offer_rest(pcm: bytes) -> bool:
        nonlocal left
        skipped = min(left, len(pcm))
        left -= skipped
        return offer(pcm[skipped:])

    return offer_rest
