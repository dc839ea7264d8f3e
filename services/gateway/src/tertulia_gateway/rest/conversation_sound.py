"""`/api/conversations/ID/sound`: a whole conversation as one sound file."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.types import Receive, Scope, Send

from tertulia_gateway.context import GatewayContext
from tertulia_gateway.rest.client_leaving import CLIENT_CLOSED_REQUEST, StreamUntilClientLeaves, unless_client_leaves
from tertulia_gateway.rest.conversations import ConversationId
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.sound_file_errors import NothingToSpeak, SoundFileBroken, SoundFileBusy
from tertulia_gateway.rest.spoken_conversation import SpokenConversations
from tertulia_gateway.rest.voice_preview import VoiceSilent
from tertulia_gateway.sound_file.ogg import EncoderFailed, ogg
from tertulia_gateway.sound_file.script import NO_VOICE
from tertulia_shared.bus import BusError
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.store import NotFound
from tertulia_shared.wav import wav_stream_header

log = logging.getLogger(__name__)

USER_VOICE_MEANS: Final = (
    f"the voice of the user's messages; {NO_VOICE}: leave them out. Without it, a voice that no character has"
)


class SoundFormat(StrEnum):
    """The formats of a sound file: Ogg with Opus, or WAV (16-bit PCM). Both are 24 kHz mono."""

    OGG = "ogg"
    WAV = "wav"


MEDIA: Final[Mapping[SoundFormat, str]] = {SoundFormat.OGG: "audio/ogg", SoundFormat.WAV: "audio/wav"}


def router(ctx: GatewayContext) -> APIRouter:
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])
    spoken = SpokenConversations(ctx)
    jobs = OneJob()

    @api.get(
        "/{conversation_id}/sound",
        response_class=Response,
        responses={
            200: {"content": {media: {} for media in MEDIA.values()}, "description": "the sound file"},
            **responses(404, 409, 422, 429),
        },
    )
    async def conversation_sound(
        request: Request,
        conversation_id: ConversationId,
        format: Annotated[SoundFormat, Query()] = SoundFormat.OGG,
        user_voice: Annotated[str, Query(max_length=64, description=USER_VOICE_MEANS)] = "",
    ) -> Response:
        """Save a whole conversation as one sound file, which is sent while it is made. One is made at a time."""
        conversation = await ctx.store.conversation(conversation_id)
        if conversation is None:
            raise NotFound("conversation", conversation_id)
        with ExitStack() as ending:
            ending.enter_context(jobs)
            begun = await unless_client_leaves(request, _begin(spoken, conversation_id, format, user_voice))
            if begun is None:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            name = f"tertulia-{conversation.created_at:%Y-%m-%d}-{conversation.id[:8]}.{format}"
            headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
            return _SoundFile(begun, MEDIA[format], headers, ending.pop_all())

    return api


class OneJob:
    """A context that is entered once at a time."""

    def __init__(self) -> None:
        self._is_running = False

    def __enter__(self) -> None:
        """Raises: SoundFileBusy."""
        if self._is_running:
            raise SoundFileBusy
        self._is_running = True

    def __exit__(self, *_: object) -> None:
        self._is_running = False


class _SoundFile(StreamUntilClientLeaves):
    """Sends the file, then closes `ending`. A failure breaks the connection, so that no client takes a part of the file
    for the whole.
    """

    def __init__(
        self, file: AsyncGenerator[bytes, None], media_type: str, headers: Mapping[str, str], ending: ExitStack
    ) -> None:
        super().__init__(file, media_type=media_type, headers=headers)
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._ending:
            try:
                await super().__call__(scope, receive, send)
            except (BusError, VoiceSilent, EncoderFailed) as error:
                log.warning("a sound file was not finished: %s", error)
                raise SoundFileBroken from None


async def _begin(
    spoken: SpokenConversations, conversation_id: str, format: SoundFormat, user_voice: str
) -> AsyncGenerator[bytes, None]:
    """The file, of which the first bytes are there.

    Raises:
        NothingToSpeak, EncoderFailed: see there. See also `SpokenConversations.begin`.
    """
    sound = await spoken.begin(conversation_id, user_voice)
    first = await anext(sound, None)
    if first is None:
        raise NothingToSpeak
    pcm = _joined(first, sound)
    file = ogg(pcm) if format is SoundFormat.OGG else _wav(pcm)
    return _joined(await anext(file), file)


async def _wav(sound: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(sound):
        yield wav_stream_header(SAMPLE_RATE_OUT)
        async for pcm in sound:
            yield pcm


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for each in rest:
            yield each
