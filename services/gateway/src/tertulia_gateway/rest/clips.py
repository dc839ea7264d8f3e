"""`/api/clips`: voices made from recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path

from tertulia_gateway.clips.clip_publisher import ClipPublisher
from tertulia_gateway.clips.clip_store import StoredClip
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.monitoring.health import engines_of
from tertulia_gateway.rest.clip_rules import ClipRefused, check_room, check_texts, check_unused
from tertulia_gateway.rest.middleware import CLIPS_PATH
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import ClipItem, ClipList, NewClip, VoiceItem
from tertulia_gateway.rest.voices import voices_of
from tertulia_shared.engine_state import cloning_in
from tertulia_shared.store import NotFound
from tertulia_shared.store.records import time_to_text, utc_now
from tertulia_shared.voice_clips import CLIP_HZ, BadRecording, check_recording, new_clip_id, pcm_of

ClipId = Annotated[str, Path(pattern="^clip-[0-9a-f]{16}$", description="the voice's id")]


@dataclass(frozen=True, slots=True)
class _Engines:
    """The running engines that clone, the voices of all running engines, and what the former report (by
    `engine:clip_id`).
    """

    cloning: Collection[str]
    voices: Collection[VoiceItem]
    faults: Mapping[str, str]

    def item_of(self, clip: StoredClip) -> ClipItem:
        """The clip with its state."""
        return ClipItem(
            id=clip.id,
            name=clip.name,
            language=clip.language,
            seconds=clip.seconds,
            created_at=clip.created_at,  # pyright: ignore[reportArgumentType] - Pydantic parses it
            consented_at=clip.consented_at,  # pyright: ignore[reportArgumentType] - as above
            ready=any(voice.id == clip.id for voice in self.voices),
            problem=next((fault for name in self.cloning if (fault := self.faults.get(f"{name}:{clip.id}"))), ""),
        )


def router(ctx: GatewayContext) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix=CLIPS_PATH, tags=["voices"])
    store, bus = ctx.clips, ctx.bus
    publisher = ClipPublisher(bus, store, ctx.clock)
    changing = asyncio.Lock()

    async def engines() -> _Engines:
        running = engines_of(await bus.alive(ctx.alive_s))["tts"]
        cloning = cloning_in(await bus.hash(bus.keys.engines())) & set(running)
        voices = [voice for voice in voices_of(await bus.hash(bus.keys.voices()), running) if voice.available]
        faults = await bus.hash(bus.keys.clip_faults())
        return _Engines(
            sorted(cloning),
            voices,
            {name.decode(errors="replace"): fault.decode(errors="replace") for name, fault in faults.items()},
        )

    @api.get("", responses=responses())
    async def list_clips() -> ClipList:
        """List the voices made from recordings, and whether an engine runs that can make more."""
        now = await engines()
        clips = await asyncio.to_thread(store.all)
        return ClipList(engines=list(now.cloning), limit=store.limit, clips=[now.item_of(clip) for clip in clips])

    @api.post("", status_code=201, responses=responses(409, 422, body=True))
    async def make_voice(new: NewClip) -> ClipItem:
        """Make a voice from a recording. The engines need a moment; `ready` in the list says when it can speak."""
        check_texts(new.name, new.transcript, consent=new.consent)
        pcm = await asyncio.to_thread(_checked, new.audio)
        async with changing:
            now, clips = await engines(), await asyncio.to_thread(store.all)
            taken = [*(voice.name for voice in now.voices), *(clip.name for clip in clips)]
            check_room(new.name, taken, count=len(clips), limit=store.limit, engines=now.cloning)
            at = time_to_text(utc_now())
            seconds = round(len(pcm) / 2 / CLIP_HZ, 1)
            clip = StoredClip(new_clip_id(), new.name, new.language, new.transcript, seconds, at, at)
            await asyncio.to_thread(store.save, clip, pcm)
            await publisher.publish(clip)
        return now.item_of(clip)

    @api.delete("/{clip_id}", status_code=204, responses=responses(404, 409, 422))
    async def delete_voice(clip_id: ClipId) -> None:
        """Delete a voice and its recording. Refused while a character speaks with it."""
        async with changing:
            if clip_id not in {clip.id for clip in await asyncio.to_thread(store.all)}:
                raise NotFound("voice", clip_id)
            check_unused(clip_id, await ctx.store.characters())
            await asyncio.to_thread(store.delete, clip_id)
            await publisher.withdraw(clip_id)

    return api


def _checked(wav: bytes) -> bytes:
    """The samples of a recording from which a voice can be made.

    Raises:
        ClipRefused: no voice can be made from it.
    """
    try:
        pcm = pcm_of(wav)
        check_recording(pcm)
    except BadRecording as error:
        raise ClipRefused(422, error.code, str(error), "audio", error.params) from error
    return pcm
