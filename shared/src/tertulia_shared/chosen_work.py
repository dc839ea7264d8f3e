"""Claims the new work of a tts worker: what its engine can speak, and what no better worker takes.

While all workers of the stage are alike and nothing is set aside, it claims as `NewWork` does, without a look at what
waits. Otherwise every post wakes it, and it looks, chooses (`speech_workers`) and picks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tertulia_shared.bus import UNASSIGNED, Bus, Claim, WriteRefused, WritesPaused
from tertulia_shared.new_work import NewWork
from tertulia_shared.speech_workers import Speakers, SpeechWorker, choose, field_of, speakers_of

WRITE_AGAIN_S: Final = 5.0
"""How often a worker writes its entry again: it has changed, or Redis may have lost it."""
KEPT_S: Final = 600.0
"""An entry that was not refreshed for so long is deleted: its worker is gone."""
SPEAKABLE_S: Final = 3600.0
"""The sentences of older work have expired, so nobody can speak it any more."""
MAX_LEFT: Final = 1_000

log = logging.getLogger(__name__)


def now() -> float:
    """The loop's monotonic time, in seconds."""
    return asyncio.get_running_loop().time()


class SpeechPresence:
    """What this worker can speak, and what the other workers can.

    `can_speak`: returns this worker's entry without its name and time. `claim_after_s`: see `speech_workers.choose`.
    """

    def __init__(self, bus: Bus, can_speak: Callable[[], SpeechWorker], *, claim_after_s: float) -> None:
        self._bus = bus
        self._can_speak = can_speak
        self.claim_after_s = claim_after_s
        self.speakers = Speakers()
        self._name = ""
        self._members: Sequence[str] = ()
        self._tier: int | None = None
        self._written: SpeechWorker | None = None
        self._written_at = float("-inf")
        self._left: dict[str, float] = {}

    @property
    def is_mixed(self) -> bool:
        """True if a live peer has another engine, tier or voices than this worker."""
        return any(not worker.is_like(self._written) for worker in self.speakers.workers) if self._written else False

    def preferred(self, voice_id: str) -> str:
        """The engine that should speak this voice instead of this worker's, if it could; "" if there is none."""
        if self._tier is None:
            self._tier = self._can_speak().tier
        return self.speakers.preferred(voice_id, self._tier)

    def may_speak(self, voice_id: str) -> bool:
        """False if only other engines have this voice."""
        return any(worker.name == self._name for worker in self.speakers.able(voice_id)) or not self._written

    def leave(self, work_id: str, for_s: float) -> None:
        """Leave this work to others for so long."""
        self._left[work_id] = now() + for_s
        if len(self._left) > MAX_LEFT:
            del self._left[next(iter(self._left))]

    @property
    def left(self) -> Sequence[str]:
        """The work that is left to others now."""
        until = {work_id: at for work_id, at in self._left.items() if at > now()}
        self._left = until
        return list(until)

    async def refresh(self, name: str, members: Sequence[str]) -> bool:
        """Write this worker's entry if it has changed or is old, and read those of all workers. Returns True if any of
        them can speak something else than before.

        Args:
            name: this worker's. members: the live workers of all stages.

        Raises:
            BusError: Redis is unavailable, or refuses it.
        """
        self._name = name
        mine = self._entry(name)
        is_due = now() - self._written_at >= WRITE_AGAIN_S
        if not is_due and mine == self._written and members == self._members and self.speakers.is_complete:
            return False
        keys = self._bus.keys
        entries = await self._bus.hash(keys.speech_workers())
        speakers = speakers_of(members, entries, await self._bus.hash(keys.voices()))
        if is_due or mine != self._written:
            outlet = self._bus.outlet()
            expired = {each.name: None for each in speakers.gone if each.at < time.time() - KEPT_S}
            outlet.put(keys.speech_workers(), {**field_of(replace(mine, at=time.time())), **expired})
            await outlet.flush()
            self._written, self._written_at = mine, now()
        others = [worker for worker in speakers.workers if worker.name != name]
        gone = [each for each in speakers.gone if each.name != name and each.at >= time.time() - KEPT_S]
        published = speakers.published | mine.voices
        before = self.speakers
        self._change(Speakers([*others, mine], gone, published, speakers.is_complete))
        self._members = list(members)
        return _abilities(before) != _abilities(self.speakers)

    def forget(self, peer: str) -> None:
        """Its process has ended."""
        self._change(self.speakers.without(peer))

    def _change(self, speakers: Speakers) -> None:
        if speakers.summary != self.speakers.summary:
            log.info("the speech workers are: %s", speakers.summary, extra={"worker": self._name})
        self.speakers = speakers

    def _entry(self, name: str) -> SpeechWorker:
        return replace(self._can_speak(), name=name)


def _abilities(speakers: Speakers) -> object:
    return [replace(worker, at=0.0) for worker in speakers.workers], speakers.published


class ChosenWork(NewWork):
    """Claims the new work of one tts worker."""

    def __init__(self, bus: Bus, worker: str, presence: SpeechPresence, *, slots: int, limit: int) -> None:
        super().__init__(bus, "tts", worker, slots=slots, limit=limit)
        self._presence = presence
        self._is_set_aside = True
        """True if work may be set aside."""
        self._is_refused = False
        """True if this worker's Redis user lacks the rights (of an older release): it then claims as `NewWork` does."""

    @property
    def not_taken_over_from(self) -> str:
        return "" if self._is_refused else UNASSIGNED

    async def refresh(self, members: Sequence[str], holders: Sequence[str]) -> bool:
        """Learn what the workers can speak. `holders`: the consumers that hold work.

        Returns True if this worker must choose again.
        """
        has_changed = False
        self._is_set_aside = UNASSIGNED in holders
        try:
            has_changed = await self._presence.refresh(self._worker, members)
        except WritesPaused:
            raise
        except WriteRefused as error:
            if not self._is_refused:
                log.warning("this worker speaks without regard to other engines: %s", error)
            self._is_refused = True
        else:
            self._is_refused = False
        return has_changed

    def forget(self, peer: str) -> None:
        """Its process has ended: leave it no more work."""
        super().forget(peer)
        self._presence.forget(peer)
        self._is_set_aside = True  # it may have returned work

    async def keep(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Set aside the claimed work that only other engines can speak; return the rest."""
        kept: list[Claim] = []
        for claim in claims:
            voice_id = claim.fields.get(b"voice_id", b"").decode(errors="replace")
            if self._presence.may_speak(voice_id):
                kept.append(claim)
            else:
                await self._bus.set_aside(claim, self._worker)
                self._is_set_aside = True
                log.info("left work to an engine that has its voice", extra={"work_id": claim.id, "voice": voice_id})
        return kept

    async def claim(self, held: int, block_s: float) -> Sequence[Claim]:
        """Claim new work, waiting up to `block_s` for it. May return nothing earlier. `held`: what the worker holds."""
        presence = self._presence
        if self._is_refused or not (presence.is_mixed or self._is_set_aside):
            return await super().claim(held, block_s)
        view = await self._bus.look("tts")
        choice = choose(
            self._worker, view.waiting, view.held, presence.speakers,
            room=self._limit - held, claim_after_s=presence.claim_after_s, leave={*presence.left, *self.left},
        )  # fmt: skip
        self._is_set_aside = UNASSIGNED in view.held
        if choice.ids:
            return await self._bus.pick("tts", self._worker, choice.ids)
        await self._drop_expired([work.id for work in view.waiting if work.age_s > SPEAKABLE_S])
        if presence.is_mixed:
            await self._bus.wait_for_post("tts", after=view.last_id, block_s=min(block_s, choice.look_again_s))
            return ()
        return await super().claim(held, min(block_s, choice.look_again_s))

    async def _drop_expired(self, ids: Sequence[str]) -> None:
        for claim in await self._bus.pick("tts", self._worker, ids) if ids else ():
            log.warning("nobody could speak a message within an hour", extra={"work_id": claim.id})
            await self._bus.finish(claim, self._worker)
