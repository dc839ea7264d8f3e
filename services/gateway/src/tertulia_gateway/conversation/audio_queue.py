"""Which message's audio is to be sent next. No I/O: it is fed with the events in the order of their stream.

Messages are heard in the order in which they were started. When the epoch rises all that is waiting is off: a turn
raises it, so only one turn's messages ever wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tertulia_gateway.commands import AudioMark
from tertulia_shared.bus import Entry
from tertulia_shared.codec import Fields, number
from tertulia_shared.entries import MAX_SENTENCES
from tertulia_shared.entry_ids import BEGINNING, order


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message whose audio is to be sent, from behind the entry id `after`."""

    message_id: str
    character_id: str
    epoch: int
    started_ms: int
    after: str = BEGINNING


class Playlist:
    """See the module's docstring."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self._waiting: list[Spoken] = []
        self._begun: set[str] = set()
        """Messages of this epoch that were put in: one that is announced again is not heard again."""
        self._silent: set[str] = set()

    @property
    def head(self) -> Spoken | None:
        """What is to be heard now."""
        return self._waiting[0] if self._waiting else None

    @property
    def waiting(self) -> tuple[Spoken, ...]:
        """Everything still to be heard, in order."""
        return tuple(self._waiting)

    def see(self, kind: bytes, fields: Fields, epoch: int) -> None:
        """An event of the stream; `epoch` is its own."""
        if kind == b"message_started":
            self.raise_epoch(epoch)
            message_id = _id(fields, b"message_id")
            if message_id and epoch == self.epoch and message_id not in self._begun:
                self._begun.add(message_id)
                self._waiting.append(Spoken(message_id, _id(fields, b"character_id"), epoch, number(fields, b"ts")))
        elif kind in (b"interrupted", b"turn_accepted"):
            self.raise_epoch(epoch)
        elif kind == b"message_complete" and fields.get(b"status") == b"failed" and not fields.get(b"text"):
            self._silent.add(_id(fields, b"message_id"))

    def raise_epoch(self, epoch: int) -> None:
        """Everything of an older epoch is off."""
        if epoch > self.epoch:
            self.reset(epoch)

    def reset(self, epoch: int) -> None:
        """Begin at this epoch with nothing to be heard (also a lower one: Redis lost the conversation's state)."""
        self.epoch = epoch
        self._waiting.clear()
        self._begun.clear()
        self._silent.clear()

    def done(self, message_id: str) -> None:
        """This message's audio is complete, or will not come."""
        self._waiting = [spoken for spoken in self._waiting if spoken.message_id != message_id]

    def is_silent(self, message_id: str) -> bool:
        """Whether the reply failed before it had a word: no audio will come."""
        return message_id in self._silent

    def is_stale(self, spoken: Spoken) -> bool:
        """Whether it is off: an interruption has ended it, or Redis has lost it (and may come to its epoch again)."""
        return spoken not in self._waiting

    def keep_from(self, mark: AudioMark | None) -> None:
        """Leave out what a client has that has heard up to `mark` (None: it has nothing)."""
        if mark is None:
            return
        ids = [spoken.message_id for spoken in self._waiting]
        if mark.message_id not in ids:
            return  # it is of an older turn: all that waits comes after it
        at = ids.index(mark.message_id)
        self._waiting = [replace(self._waiting[at], after=mark.id), *self._waiting[at + 1 :]]

    def forget(self) -> None:
        """Nothing that was started up to here is to be heard."""
        self._waiting.clear()


def _id(fields: Fields, name: bytes) -> str:
    return fields.get(name, b"").decode(errors="replace")


def is_final(fields: Mapping[bytes, bytes]) -> bool:
    """Whether this is the final entry of an `audio` stream."""
    return fields.get(b"is_final") == b"1"


def is_in_place(entry: Entry) -> bool:
    """Whether a worker can have given an entry of an `audio` stream its id: behind a higher one nothing can follow."""
    return order(entry.id)[0] <= MAX_SENTENCES
