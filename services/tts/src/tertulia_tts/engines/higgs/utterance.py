"""Generates one utterance on the device thread: converts the model's columns to frames, and the frames to PCM."""

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
    """A text for one run of the model. Its speech has at most `max_frames`; `gap_ms` of silence follow it."""

    voice: ClonedVoice
    text: str
    seed: int
    max_frames: int
    gap_ms: int


def speak(model: SpeechModel, utterance: Utterance, queue: PCMQueue, beat: Callable[[], None]) -> Exception | None:
    """Generate an utterance, and put its PCM into `queue`. If memory runs out, generate it a second time, and skip the
    part that was delivered already.

    Calls `beat` at each step of the model. Returns the error if the generation failed, else None. Never raises.
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
    """Generate an utterance. `offer` is called with each piece of PCM. The generation ends early if `offer` returns
    False.
    """
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
    """A function like `offer` that drops the first `count` bytes."""
    left = count

    def offer_rest(pcm: bytes) -> bool:
        nonlocal left
        skipped = min(left, len(pcm))
        left -= skipped
        return offer(pcm[skipped:])

    return offer_rest
