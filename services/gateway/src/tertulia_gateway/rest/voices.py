"""`/api/voices`: the voices of the speech engines, and samples of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Response

from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import VoiceItem, VoiceList
from tertulia_gateway.rest.voice_preview import MAX_CHARS, SampleQueue
from tertulia_shared.bus import Bus
from tertulia_shared.codec import unpack
from tertulia_shared.store import NotFound

VOICE_FIELDS = ("id", "name", "language", "description")
SAMPLE_TEXT = "Hello, it is good to have you at the table."

log = logging.getLogger(__name__)

VoiceId = Annotated[str, Path(min_length=1, max_length=64, description="a voice's id")]
SampleText = Annotated[str, Query(min_length=1, max_length=MAX_CHARS, description="what to say")]


def router(bus: Bus) -> APIRouter:
    api = APIRouter(prefix="/api", tags=["voices"])
    samples = SampleQueue(bus)

    @api.get("/voices", responses=responses())
    async def list_voices() -> VoiceList:
        """List the voices of the speech engines that are running or were running within the last day."""
        return VoiceList(voices=voices_of(await bus.hash(bus.keys.voices())))

    @api.get(
        "/voices/{voice_id}/sample",
        response_class=Response,
        responses={
            200: {"content": {"audio/wav": {}}, "description": "a WAV, 24 kHz mono"},
            **responses(404, 422, 429),
        },
    )
    async def sample_voice(voice_id: VoiceId, text: SampleText = SAMPLE_TEXT) -> Response:
        """Let a tts worker speak one sentence with the given voice."""
        if all(voice.id != voice_id for voice in voices_of(await bus.hash(bus.keys.voices()))):
            raise NotFound("voice", voice_id)
        return Response(await samples.speak(voice_id, text), media_type="audio/wav")

    return api


def voices_of(published: Mapping[bytes, bytes]) -> list[VoiceItem]:
    """Decode the voices that the engines have published. Each value is msgpack of [{id, name, language, description}].

    Skips engines whose value cannot be decoded.
    """
    found: list[VoiceItem] = []
    for engine, raw in sorted(published.items()):
        try:
            voices = cast("list[dict[str, Any]]", unpack(raw))
            found += [
                VoiceItem(engine=engine.decode(), **{name: voice[name] for name in VOICE_FIELDS}) for voice in voices
            ]
        except (KeyError, TypeError, ValueError) as error:
            log.warning("the voices of an engine cannot be read: %s", type(error).__name__)
    return found
