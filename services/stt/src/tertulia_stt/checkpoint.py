"""The checkpoint of a listening session: where a worker that takes the session over continues. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from tertulia_shared.codec import BadEntry, Fields, Value, count, known, pack, unpack
from tertulia_stt.engine import BYTES_PER_SAMPLE
from tertulia_stt.turn import NO_TURN, Phase, Turn

MAX_ENTRIES = 6_000
"""Maximum number of entries to track: the maximum length of the stream. It is two minutes of audio, longer than the
longest piece of speech.
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A position in the audio: all audio before `sample` has its final transcript. `turn` is the turn at this position.

    The sample is in the microphone entry with the number `entry` (counted from 1). The first sample of that entry is
    `entry_sample`.
    """

    sample: int = 0
    entry: int = 1
    entry_sample: int = 0
    turn: Turn = NO_TURN

    @property
    def after(self) -> str:
        """The id of the microphone entry after which reading continues."""
        return f"{self.entry - 1}-0"

    def fields(self) -> dict[str, Value | None]:
        """The checkpoint as fields of the progress hash."""
        return {
            "sample": self.sample,
            "entry": self.entry,
            "entry_sample": self.entry_sample,
            "pending": None if self.turn == NO_TURN else pack(_wire_of(self.turn)),
        }


def read_checkpoint(fields: Fields) -> Checkpoint:
    """Read the checkpoint from the progress hash. If the hash is empty, the checkpoint is the beginning of the session.

    Raises:
        BadEntry: the hash cannot be read.
    """
    names = (b"sample", b"entry", b"entry_sample")
    try:
        sample, entry, entry_sample = (
            count(fields.get(name, default)) for name, default in zip(names, (b"0", b"1", b"0"), strict=True)
        )
    except ValueError as error:
        raise BadEntry(f"the progress of the session cannot be read: {error}") from error
    return Checkpoint(sample, max(1, entry), entry_sample, read_turn(fields))


def read_turn(fields: Fields) -> Turn:
    """Read the turn from the progress hash; an empty turn if there is none.

    Raises:
        BadEntry: the turn cannot be read.
    """
    pending = fields.get(b"pending")
    if pending is None:
        return NO_TURN
    wire = unpack(pending)
    turn = known(Turn, _without_phase(wire))
    try:
        return replace(turn, phase=Phase(wire["phase"]))
    except (KeyError, ValueError) as error:
        raise BadEntry(f"the turn of the session has no readable phase: {error}") from error


def _without_phase(wire: object) -> object:
    if not isinstance(wire, Mapping):
        return wire
    return {name: value for name, value in cast("Mapping[str, Any]", wire).items() if name != "phase"}


def _wire_of(turn: Turn) -> dict[str, Any]:
    return {**asdict(turn), "phase": turn.phase.value}


class CheckpointTracker:
    """Records which sample each microphone entry begins with, from the last checkpoint on."""

    def __init__(self, start: Checkpoint) -> None:
        self._start = start
        self._entries: deque[tuple[int, int]] = deque(maxlen=MAX_ENTRIES)
        self._next_sample = start.entry_sample

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: int, pcm: bytes) -> bytes:
        """Add the next entry. Returns the part of its PCM that is not transcribed yet."""
        first = self._next_sample
        self._entries.append((entry, first))
        self._next_sample = first + len(pcm) // BYTES_PER_SAMPLE
        done = max(0, self._start.sample - first)
        return pcm[done * BYTES_PER_SAMPLE :]

    @property
    def position(self) -> int:
        """The sample after the last one of the entries."""
        return self._next_sample

    def checkpoint(self, sample: int) -> Checkpoint:
        """The checkpoint after a final transcript that ends at `sample`."""
        while len(self._entries) > 1 and self._entries[1][1] <= sample:
            self._entries.popleft()
        if not self._entries:
            return self._start
        entry, first = self._entries[0]
        return Checkpoint(sample, entry, first)
