"""Speaks a whole conversation again, one message after the other, for its sound file. Each message is read from Redis
or made again like a replay (see `replayed_sound`). No key of the conversation is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import Final

from tertulia_gateway.cards.voice_proposal import KnownVoice
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.cast_writer import CastWriter
from tertulia_gateway.rest.replayed_sound import ReplayedSound
from tertulia_gateway.rest.schemas import VoiceItem
from tertulia_gateway.rest.sound_file_errors import MAX_CHARS, MAX_MESSAGES, TooLongToSpeak
from tertulia_gateway.rest.voice_preview import COLD_PATIENCE_S, Sample, VoiceSilent
from tertulia_gateway.rest.voices import known_voices, patience_for
from tertulia_gateway.sound_file.script import NO_VOICE, Spoken, script
from tertulia_shared.bus import BusUnavailable, WritesPaused
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.store import Message

PAUSE_S: Final = 0.6
"""Silence between two messages, in seconds."""
ATTEMPTS: Final = 3
"""So many times a message is begun. A worker that is killed or a Redis that restarts costs one of them."""
RETRY_S: Final = 5.0
"""Seconds before the second attempt; twice as many before the third."""
PAGE: Final = 500
"""Messages per read of the store."""

log = logging.getLogger(__name__)


class SpokenConversations:
    """Reads or makes the sound of conversations."""

    def __init__(self, ctx: GatewayContext) -> None:
        self._ctx = ctx
        self._replayed = ReplayedSound(ctx.bus, ctx.store, alive_s=ctx.alive_s)

    async def begin(self, conversation_id: str, user_voice: str) -> AsyncGenerator[bytes, None]:
        """Decide what is spoken. Returns the PCM, one sentence or pause at a time. `user_voice`: see `script`.

        Raises:
            TooLongToSpeak: see there.
            NotFound: there is no voice `user_voice`.
            VoiceSilent: the engine of `user_voice` is not running.
            BusError, StoreError: Redis or the store is unavailable.
        """
        ctx = self._ctx
        messages = await self._messages(conversation_id)
        characters = {character.id: character for character in await ctx.store.characters()}
        seats = (await CastWriter(ctx.bus, ctx.store, conversation_id, ctx.wall_ms()).read(stored=True)).seats
        if seats is None:
            seats = tuple(character.id for character in characters.values() if character.active)
        voices = await known_voices(ctx.bus, ctx.clips, ctx.alive_s)
        if user_voice not in ("", NO_VOICE):
            patience_for(voices, user_voice)
        spoken = script(messages, characters, seats, _without_doubles(voices), user_voice)
        running = {voice.id for voice in voices if voice.available} or {voice.id for voice in voices}
        return self._sound(spoken, running)

    async def _sound(self, spoken: Sequence[Spoken], voices: Collection[str]) -> AsyncGenerator[bytes, None]:
        """All messages, with a pause between two. Messages without any speech (an emoji) have no pause either."""
        pause, begun = bytes(int(PAUSE_S * SAMPLE_RATE_OUT) * 2), False
        for each in spoken:
            is_first = True
            async with aclosing(self._message(each, voices, attempts=ATTEMPTS if begun else 1)) as sound:
                async for pcm in sound:
                    if begun and is_first:
                        yield pause
                    yield pcm
                    begun, is_first = True, False

    async def _message(self, spoken: Spoken, voices: Collection[str], *, attempts: int) -> AsyncGenerator[bytes, None]:
        """The PCM of one message. After a failure, it is begun again; what was yielded before is left out.

        Raises:
            VoiceSilent, BusError: the last attempt failed.
        """
        message = spoken.message
        voice = Sample(spoken.voice, "", spoken.speed, spoken.pitch, message.id)
        yielded = 0
        for attempt in range(1, attempts + 1):
            try:
                async with aclosing(self._replayed.whole(message, voice, voices, COLD_PATIENCE_S)) as sound:
                    skipped = yielded
                    async for pcm in sound:
                        rest = pcm[skipped:]
                        skipped -= len(pcm) - len(rest)
                        yielded += len(rest)
                        if rest:
                            yield rest
            except (BusUnavailable, WritesPaused, VoiceSilent) as error:
                if attempt == attempts:
                    raise
                log.info("a message is spoken again: %s", error, extra={"message_id": message.id})
                await asyncio.sleep(RETRY_S * attempt)
            else:
                return

    async def _messages(self, conversation_id: str) -> list[Message]:
        """All messages. Raises: TooLongToSpeak, StoreError."""
        messages: list[Message] = []
        chars, after = 0, None
        while page := await self._ctx.store.messages(conversation_id, PAGE, after):
            messages += page
            chars += sum(len(message.text) for message in page)
            if len(messages) > MAX_MESSAGES or chars > MAX_CHARS:
                raise TooLongToSpeak
            after = page[-1].position
        return messages


def _without_doubles(voices: Sequence[VoiceItem]) -> list[KnownVoice]:
    """Each voice once: two engines may have voices of the same id, and a running one speaks it."""
    items = {voice.id: voice for voice in sorted(voices, key=lambda voice: voice.available)}
    return [KnownVoice(each.id, each.language, each.description, each.available) for each in items.values()]
