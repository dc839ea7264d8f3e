"""Finds the entries of the stream `turns` that were withdrawn: the user continued the turn, or a tentative turn was not
confirmed. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from tertulia_shared.bus import Entry
from tertulia_shared.codec import number
from tertulia_shared.ids import turn_ref

NO_VERSIONS: Mapping[str, int] = MappingProxyType({})


class Withdrawals:
    """Finds the withdrawn versions in the stream of events. Call `see` for each event, in order.

    `withdrawn`: the turn id and the epoch of each version that was withdrawn.
    """

    def __init__(self) -> None:
        self.withdrawn: set[tuple[str, int]] = set()
        self._epochs: dict[str, int] = {}
        """The epoch of the last version of each turn."""
        self._tentative: tuple[str, int] | None = None

    def see(self, event: Entry) -> None:
        """See the next event."""
        kind, turn_id = event.fields.get(b"type"), event.fields.get(b"turn_id", b"").decode(errors="replace")
        match kind:
            case b"turn_accepted":
                self._withdraw_tentative()
                self._epochs[turn_id] = epoch = number(event.fields, b"epoch")
                self._tentative = (turn_id, epoch) if event.fields.get(b"tentative") == b"1" else None
            case b"turn_confirmed":
                self._tentative = None
            case b"turn_reopened":
                self._withdraw_tentative()
                if turn_id in self._epochs:
                    self.withdrawn.add((turn_id, self._epochs[turn_id]))
            case b"interrupted":
                self._withdraw_tentative()
            case _:
                pass

    def _withdraw_tentative(self) -> None:
        if self._tentative is not None:
            self.withdrawn.add(self._tentative)
        self._tentative = None


def separated(
    turns: Sequence[Entry], withdrawn: Collection[str], events: Collection[tuple[str, int]] = ()
) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Separate the entries that were withdrawn from the others.

    `withdrawn`: those that the state names. An entry is also withdrawn if a later entry has the next version of its
    turn, because the state names only the last ones; or if it is one of `events`, the `Withdrawals` of the events.

    Returns:
        The other entries; and of those that were withdrawn, the turn id and the entry id.
    """
    kept: list[Entry] = []
    found: list[tuple[str, str]] = []
    newest = newest_versions(turns)
    for entry in turns:
        turn_id, version = version_of(entry)
        is_in_events = (turn_id, number(entry.fields, b"epoch")) in events
        if is_in_events or is_withdrawn(turn_id, version, withdrawn, newest):
            found.append((turn_id, entry.id))
        else:
            kept.append(entry)
    return kept, found


def newest_versions(turns: Sequence[Entry]) -> dict[str, int]:
    """The newest version of each turn among these entries."""
    newest: dict[str, int] = {}
    for entry in turns:
        turn_id, version = version_of(entry)
        newest[turn_id] = max(version, newest.get(turn_id, 0))
    return newest


def is_withdrawn(turn_id: str, version: int, withdrawn: Collection[str], newest: Mapping[str, int]) -> bool:
    """True if this version of a turn was withdrawn. `newest`: the newest versions that were accepted."""
    return turn_ref(turn_id, version) in withdrawn or version < newest.get(turn_id, 0)


def version_of(entry: Entry) -> tuple[str, int]:
    """The turn id and the version of an entry, even if the rest of it cannot be read."""
    return entry.fields.get(b"turn_id", b"").decode(errors="replace"), number(entry.fields, b"version")
