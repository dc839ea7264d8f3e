"""`/api/voices`: the voices of the speech engines, and samples of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Request, Response

from tertulia_gateway.clips.clip_store import ClipStore
from tertulia_gateway.monitoring.health import engines_of
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest.client_leaving import CLIENT_CLOSED_REQUEST, unless_client_leaves
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import PITCH_MEANS, SPEED_MEANS, VoiceItem, VoiceList
from tertulia_gateway.rest.voice_preview import COLD_PATIENCE_S, MAX_CHARS, PATIENCE_S, Sample, SampleQueue, VoiceSilent
from tertulia_shared.bus import Bus
from tertulia_shared.codec import unpack
from tertulia_shared.entries import MAX_PITCH, MAX_SPEED, MIN_SPEED
from tertulia_shared.store import NotFound
from tertulia_shared.voice_clips import is_clip_id

VOICE_FIELDS = ("id", "name", "language", "description")
SAMPLE_TEXT = "Hello, it is good to have you at the table."

log = logging.getLogger(__name__)

VoiceId = Annotated[str, Path(min_length=1, max_length=64, description="a voice's id")]
SampleText = Annotated[str, Query(min_length=1, max_length=MAX_CHARS, description="what to say")]
Speed = Annotated[float, Query(ge=MIN_SPEED, le=MAX_SPEED, description=SPEED_MEANS)]
Pitch = Annotated[float, Query(ge=-MAX_PITCH, le=MAX_PITCH, description=PITCH_MEANS)]


def router(bus: Bus, clips: ClipStore, *, alive_s: float) -> APIRouter:
    """The routes. `alive_s`: seconds without a heartbeat after which a worker counts as dead."""
    api = APIRouter(prefix="/api", tags=["voices"])
    samples = SampleQueue(bus)

    @api.get("/voices", responses=responses())
    async def list_voices() -> VoiceList:
        """List the voices of the speech engines that run or ran before; `available` tells which of them run."""
        return VoiceList(voices=await known_voices(bus, clips, alive_s))

    @api.get(
        "/voices/{voice_id}/sample",
        response_class=Response,
        responses={
            200: {"content": {"audio/wav": {}}, "description": "a WAV, 24 kHz mono"},
            **responses(404, 422, 429),
        },
    )
    async def sample_voice(
        request: Request, voice_id: VoiceId, text: SampleText = SAMPLE_TEXT, speed: Speed = 1.0, pitch: Pitch = 0.0
    ) -> Response:
        """Let a tts worker speak one sentence with the given voice. If no tts worker runs, wait until one starts."""
        patience_s = patience_for(await known_voices(bus, clips, alive_s), voice_id)
        wav = await unless_client_leaves(request, samples.speak(Sample(voice_id, text, speed, pitch), patience_s))
        if wav is None:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        return Response(wav, media_type="audio/wav")

    return api


async def known_voices(bus: Bus, clips: ClipStore, alive_s: float) -> list[VoiceItem]:
    """The voices of the engines that run or ran before.

    Raises:
        BusError: Redis is unavailable.
    """
    running = engines_of(await bus.alive(alive_s))["tts"]
    voices = voices_of(await bus.hash(bus.keys.voices()), running)
    kept = {clip.id for clip in await asyncio.to_thread(clips.all)}
    # an engine publishes a deleted voice until it has read the list of recordings; one that has stopped
    # keeps its voices in Redis
    return [voice for voice in voices if not is_clip_id(voice.id) or voice.id in kept]


def voices_of(published: Mapping[bytes, bytes], running: Collection[str] = ()) -> list[VoiceItem]:
    """Decode the voices that the engines have published. Each value is msgpack of [{id, name, language, …}]. `running`
    are the engines of live workers.

    Skips engines whose value cannot be decoded.
    """
    found: list[VoiceItem] = []
    for name, raw in sorted(published.items()):
        try:
            engine = name.decode()
            found += [
                VoiceItem(
                    engine=engine,
                    available=engine in running,
                    adjustable=voice.get("adjustable", []),
                    traits=voice.get("traits", []),
                    origin=voice.get("origin", ""),
                    **{field: voice[field] for field in VOICE_FIELDS},
                )
                for voice in cast("list[dict[str, Any]]", unpack(raw))
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            log.warning("the voices of an engine cannot be read: %s", type(error).__name__)
    return found


def patience_for(voices: list[VoiceItem], voice_id: str) -> float:
    """How long to wait for a sample of a voice, in seconds.

    Raises:
        NotFound: no engine has this voice.
        VoiceSilent: only other engines are running, which would speak with another voice.
    """
    engines = sorted({voice.engine for voice in voices if voice.id == voice_id})
    if not engines:
        raise NotFound("voice", voice_id)
    running = sorted({voice.engine for voice in voices if voice.available})
    if not running:
        return COLD_PATIENCE_S
    if not set(engines) & set(running):
        raise VoiceSilent(
            ProblemCode.ENGINE_NOT_RUNNING,
            f"The speech engine {' or '.join(engines)}, which has this voice, is not running. Choose a voice of "
            f"{' or '.join(running)}, or start {engines[0]} (TERTULIA_TTS_ENGINE={engines[0]}).",
            engine=engines[0],
            running=", ".join(running),
        )
    return PATIENCE_S
