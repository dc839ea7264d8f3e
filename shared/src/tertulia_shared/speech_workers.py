"""What the tts workers can speak, and which of them speaks a message. Pure.

Each worker writes its entry to the hash `Keys.speech_workers`. A worker of an older release has none: its voices are
those that its engine has published.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, cast

from tertulia_shared.bus.port.work import WaitingWork
from tertulia_shared.codec import unpack
from tertulia_shared.new_work import GRACE_S
from tertulia_shared.voice_clips import is_clip_id
from tertulia_shared.worker_names import name_of

DEFAULT_TIER: Final = 1
"""The tier of a worker that names none."""
TIERS: Final = 10


@dataclass(frozen=True, slots=True)
class SpeechWorker:
    """What a tts worker can speak now.

    `name`: its name in the consumer group. `tier`: 0 is preferred. `slots`: how many messages it begins without delay.
    `clones`: it makes voices from recordings, so it speaks every such voice. `at`: when it said so, in seconds since
    1970.
    """

    name: str
    engine: str
    tier: int = DEFAULT_TIER
    slots: int = 1
    voices: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    clones: bool = False
    at: float = 0.0

    def speaks(self, voice_id: str) -> bool:
        """True if it has the voice, or can make it; "" stands for any voice."""
        return not voice_id or voice_id in self.voices or (self.clones and is_clip_id(voice_id))

    def is_like(self, other: SpeechWorker) -> bool:
        """True if both can speak the same and have the same tier, so that either may speak each message."""
        return (self.engine, self.tier, self.voices, self.clones) == (
            other.engine, other.tier, other.voices, other.clones,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speakers:
    """The tts workers, and the voices that engines have published (`Keys.voices`), also engines that no longer run.

    `workers`: the live ones. `gone`: those that ended within the last minutes. `is_complete`: all live workers have
    said what they can speak.
    """

    workers: Sequence[SpeechWorker] = ()
    gone: Sequence[SpeechWorker] = ()
    published: frozenset[str] = frozenset()
    is_complete: bool = True

    @property
    def summary(self) -> str:
        """The engines of the live workers with their tiers, one for each worker, for the log."""
        return ", ".join(sorted(f"{worker.engine} (tier {worker.tier})" for worker in self.workers))

    def able(self, voice_id: str) -> Sequence[SpeechWorker]:
        """The live workers that may speak this voice; if no engine knows the voice, all of them (with their default
        voice).
        """
        able = [worker for worker in self.workers if worker.speaks(voice_id)]
        return able if able or voice_id in self.published else self.workers

    def absent(self, voice_ids: Iterable[str]) -> Sequence[str]:
        """Those of these voices that no live worker can speak; all of them if no tts worker is alive."""
        return sorted({voice_id for voice_id in voice_ids if not self.able(voice_id)})

    def preferred(self, voice_id: str, tier: int) -> str:
        """The engine of a better tier than `tier` that speaks this voice, or spoke it until minutes ago; "" if none."""
        better = [each for each in (*self.workers, *self.gone) if each.tier < tier and each.speaks(voice_id)]
        return min(better, key=lambda each: (each.tier, -each.at)).engine if better else ""

    def without(self, name: str) -> Speakers:
        """The same, after the worker `name` has ended."""
        ended = [worker for worker in self.workers if worker.name == name]
        left = [worker for worker in self.workers if worker.name != name]
        return replace(self, workers=left, gone=[*self.gone, *ended]) if ended else self


def field_of(worker: SpeechWorker) -> Mapping[str, str]:
    """The worker's field of `Keys.speech_workers`."""
    entry = asdict(worker) | {"voices": sorted(worker.voices), "languages": sorted(worker.languages)}
    del entry["name"]
    return {worker.name: json.dumps(entry, ensure_ascii=False)}


def speakers_of(members: Iterable[str], entries: Mapping[bytes, bytes], published: Mapping[bytes, bytes]) -> Speakers:
    """The tts workers.

    Args:
        members: the live workers (`Presence.alive`).
        entries: the hash `Keys.speech_workers`. An entry that cannot be read is ignored.
        published: the hash `Keys.voices`.
    """
    voices = {engine.decode(errors="replace"): _voice_ids(raw) for engine, raw in published.items()}
    found = {name.decode(errors="replace"): _worker(name, raw) for name, raw in entries.items()}
    alive = {name_of(member): member.rpartition(":")[2] for member in members if member.startswith("tts:")}
    workers = [
        found.get(name) or SpeechWorker(name, engine, voices=voices.get(engine, frozenset()))
        for name, engine in sorted(alive.items())
    ]
    gone = [worker for name, worker in sorted(found.items()) if worker is not None and name not in alive]
    is_complete = all(found.get(name) is not None for name in alive)
    return Speakers(workers, gone, frozenset[str]().union(*voices.values()), is_complete)


@dataclass(frozen=True, slots=True)
class Choice:
    """The waiting work that a worker claims now, and the seconds until more of it may be its own."""

    ids: Sequence[str]
    look_again_s: float


def choose(
    me: str, waiting: Sequence[WaitingWork], held: Mapping[str, int], speakers: Speakers,
    *, room: int, claim_after_s: float, leave: Collection[str] = (),
) -> Choice:  # fmt: skip
    """Which of the waiting work the worker `me` claims.

    A message goes to a worker of the best tier that can speak it and has a free slot: to the one whose slots are filled
    least, or after `GRACE_S` to whoever claims it. Each `claim_after_s` of waiting adds the next tier. After the last
    one, workers claim it though their slots are full.

    Args:
        me: the name of one of the live workers.
        waiting: what waits. held: what each worker holds.
        speakers: the workers.
        room: the most that this worker may claim.
        claim_after_s: the time for which a message waits for each tier.
        leave: ids that this worker does not claim now.
    """
    filled = {worker.name: held.get(worker.name, 0) for worker in speakers.workers}
    ids: list[str] = []
    look_again_s = math.inf
    for work in waiting:
        if len(ids) == room:
            break
        able = speakers.able(work.fields.get(b"voice_id", b"").decode(errors="replace"))
        if work.id in leave or all(worker.name != me for worker in able):
            continue
        tiers = sorted({worker.tier for worker in able})
        steps = math.inf if claim_after_s <= 0 else work.age_s // claim_after_s
        open_to = [worker for worker in able if tiers.index(worker.tier) <= steps]
        free = [worker for worker in open_to if filled[worker.name] < worker.slots]
        if not free and (len(tiers) == 1 or steps >= len(tiers)):
            free = open_to
        if free:
            first = min(free, key=lambda each: (each.tier, filled[each.name] / max(1, each.slots), each.name))
            mine = first.name == me or (work.age_s >= GRACE_S and any(worker.name == me for worker in free))
            filled[me if mine else first.name] += 1
            if mine:
                ids.append(work.id)
                continue
        look_again_s = min(look_again_s, _next_step_s(work.age_s, claim_after_s))
    return Choice(ids, look_again_s)


def _next_step_s(age_s: float, claim_after_s: float) -> float:
    """Seconds until the work is open to more workers than now."""
    step_s = claim_after_s - age_s % claim_after_s if claim_after_s > 0 else GRACE_S
    return min(step_s, GRACE_S - age_s) if age_s < GRACE_S else step_s


def _voice_ids(raw: bytes) -> frozenset[str]:
    try:
        return frozenset(str(voice["id"]) for voice in cast("list[dict[str, Any]]", unpack(raw)))
    except (KeyError, TypeError, ValueError):
        return frozenset()


def _worker(name: bytes, raw: bytes) -> SpeechWorker | None:
    try:
        entry = cast("dict[str, Any]", json.loads(raw))
        return SpeechWorker(
            name.decode(errors="replace"), str(entry["engine"]), int(entry["tier"]), max(1, int(entry["slots"])),
            frozenset(map(str, entry["voices"])), frozenset(map(str, entry["languages"])), bool(entry["clones"]),
            float(entry["at"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
