"""Makes the voices of recordings that the gateway publishes, and forgets those that are deleted.

The list of recordings is a stream (`Keys.clips`), whose last entry is valid; the sound of each is a hash (`Keys.clip`).
A worker makes all voices before it takes work, and follows the list. If a sentence names a voice that the worker does
not have, because the voice is new, the worker reads the list at once.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict
from typing import Final, NoReturn

from tertulia_shared.bus import Bus, BusError, Entry, Outlet
from tertulia_shared.codec import BadEntry, decode, known, pack
from tertulia_shared.entries import TTSSentence, VoiceClip, VoiceClips
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import Warn
from tertulia_shared.voice_clips import is_clip_id, voice_files
from tertulia_shared.voice_files import BadVoice, check
from tertulia_tts.engine import CannotClone, ClonesVoices, SpeechEngine, can_clone
from tertulia_tts.warnings_once import Warnings

RETRY_S: Final = 30.0
"""How often the worker tries again to make a voice that the engine could not make."""
NEW_VOICE_S: Final = 10.0
"""How long a sentence waits for a new voice. After that, the default voice speaks."""
START_S: Final = 60.0
"""How long the worker's start waits for the voices."""
MAX_FAULT_CHARS: Final = 500

log = logging.getLogger(__name__)


class ClipVoices:
    """The voices of recordings of one engine. If the engine cannot clone, there are none."""

    def __init__(self, bus: Bus, engine: SpeechEngine) -> None:
        self._bus = bus
        self._engine = engine
        self._cloning = engine if isinstance(engine, ClonesVoices) and can_clone(engine) else None
        self._made: set[str] = set()
        self._failed: dict[str, str] = {}
        self._seen = BEGINNING
        """The id of the last list that was read."""
        self._changing = asyncio.Lock()
        self._warnings = Warnings(bus.keys)

    async def load(self) -> None:
        """Make all voices, for at most `START_S`; `follow` makes the rest."""
        try:
            async with asyncio.timeout(START_S):
                await self._read()
        except (BusError, TimeoutError) as error:
            log.warning("the voices made from recordings are not loaded yet: %s", type(error).__name__)

    async def follow(self) -> NoReturn:
        """Keep the voices up to date, until cancelled."""
        if self._cloning is None:
            await asyncio.Event().wait()
        reading = self._bus.follow(self._bus.keys.clips(), after=self._seen)
        while True:
            try:
                async with asyncio.timeout(RETRY_S if self._failed else None):
                    await reading.read()
            except TimeoutError:
                pass
            except BusError as error:
                log.warning("the list of recordings cannot be read: %s", error)
                await asyncio.sleep(RETRY_S)
            try:
                await self._read()
            except BusError as error:
                log.warning("the voices made from recordings cannot be read: %s", error)

    async def ready(self, sentence: TTSSentence, outlet: Outlet) -> None:
        """Wait until the engine has the voice of a sentence, if it is made from a recording. If the voice does not
        exist, warn the client: the default voice speaks.
        """
        if not is_clip_id(sentence.voice_id) or sentence.voice_id in self._made:
            return
        try:
            if sentence.voice_id not in self._failed:
                async with asyncio.timeout(NEW_VOICE_S):
                    await self._read()
        except (BusError, TimeoutError) as error:
            log.warning("a new voice could not be made in time: %s", type(error).__name__)
        if sentence.voice_id not in self._made:
            self._warnings.send(outlet, sentence, sentence.voice_id, self._missing(sentence))

    async def _read(self) -> None:
        """Read the list, and make and forget voices accordingly.

        Raises:
            BusError: Redis is unavailable.
        """
        if self._cloning is None:
            return
        async with self._changing:
            last = await self._bus.last(self._bus.keys.clips())
            if last is None:
                return  # Redis has lost the list; the gateway writes it again
            clips = _clips_in(last)
            if clips is None:
                return
            self._seen = last.id
            before = set(self._made), dict(self._failed)
            for voice_id in (self._made | self._failed.keys()) - clips.keys():
                await self._forget(self._cloning, voice_id)
            for clip in clips.values():
                if clip.id not in self._made:
                    await self._make(self._cloning, clip)
            if before != (self._made, self._failed):
                await self._publish(before[1])

    async def _make(self, engine: ClonesVoices, clip: VoiceClip) -> None:
        pcm = (await self._bus.hash(self._bus.keys.clip(clip.id))).get(b"pcm", b"")
        try:
            voice = voice_files(clip, pcm)
            check(voice)
            await engine.add_voice(voice)
        except (BadVoice, CannotClone) as error:
            log.warning("no voice can be made from the recording %s: %s", clip.id, error)
            self._failed[clip.id] = str(error)[:MAX_FAULT_CHARS]
        except Exception as error:  # one recording must not stop a worker that has all other voices
            log.exception("the engine failed to make a voice from the recording %s", clip.id)
            self._failed[clip.id] = f"the speech engine failed ({type(error).__name__}); its log has more"
        else:
            self._made.add(clip.id)
            self._failed.pop(clip.id, None)

    async def _forget(self, engine: ClonesVoices, voice_id: str) -> None:
        await engine.remove_voice(voice_id)
        self._made.discard(voice_id)
        self._failed.pop(voice_id, None)

    async def _publish(self, failed_before: dict[str, str]) -> None:
        """Publish the engine's voices, and why some could not be made."""
        keys, name = self._bus.keys, self._engine.name
        faults = {f"{name}:{voice_id}": self._failed.get(voice_id) for voice_id in {*failed_before, *self._failed}}
        outlet = self._bus.outlet()
        outlet.put(keys.voices(), {name: published_voices(self._engine)})
        if faults:
            outlet.put(keys.clip_faults(), faults)
        await outlet.flush()

    def _missing(self, sentence: TTSSentence) -> Warn:
        instead = self._engine.voices()[0].name
        return Warn(
            "voice_missing",
            f"{sentence.character_name}'s voice was made from a recording, and the speech engine {self._engine.name} "
            f"does not have it. {instead}'s voice speaks. Choose another voice for this character.",
        )


def published_voices(engine: SpeechEngine) -> bytes:
    """The engine's voices, as in `Keys.voices`."""
    return pack([asdict(voice) for voice in engine.voices()])


def _clips_in(entry: Entry) -> dict[str, VoiceClip] | None:
    """The recordings in a list, by their ids; None if it cannot be read."""
    try:
        clips = [known(VoiceClip, each) for each in decode(VoiceClips, entry.fields).clips]
    except BadEntry as error:
        log.warning("the list of recordings cannot be read: %s", error)
        return None
    return {clip.id: clip for clip in clips if is_clip_id(clip.id)}
