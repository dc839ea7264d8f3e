"""The cast of a conversation: which characters sit at its table, in which order, and since when. Pure.

Redis holds it in a field of the conversation's state, the store with the conversation's settings. A conversation
without a cast has all active characters, in the order of their seats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

import orjson

from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.ids import is_id

MAX_SEATS: Final = 20
MAX_AWAY: Final = 8
"""The cast remembers the stays of at most this many characters that have left the table."""
MAX_CHANGES: Final = 4
"""The cast remembers at most this many arrivals and departures of a character: the last ones."""
MAX_MS: Final = 2**53 - 1
STORED_AS: Final = "cast"
"""The name of the cast among the stored settings of a conversation."""

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Cast:
    """The characters of one conversation.

    `seats`: the ids of the characters at the table, in order; None: all active characters.
    `stays`: for a character that was not at the table all the time, the times (ms since 1970, of the ids of turns) at
    which it came, left, came again, …. A seated character without an item has been there from the beginning.
    `told`: the characters are told everything that was said, also while they were away.
    """

    seats: tuple[str, ...] | None = None
    stays: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    told: bool = False

    def heard(self, character_id: str, time_ms: int) -> bool:
        """True if the character was at the table during the turn of this time, or is told what it missed."""
        heard = self.hearing(character_id)
        return heard is None or heard(time_ms)

    def hearing(self, character_id: str) -> Callable[[int], bool] | None:
        """A function that says whether the character knows the turn of a given time; None if it knows all turns."""
        if self.told or self.seats is None or character_id not in self.stays:
            return None
        changes = self.stays[character_id]
        return lambda time_ms: sum(change_ms <= time_ms for change_ms in changes) % 2 == 1

    def seated(self, known: Mapping[str, Each], active: Sequence[Each]) -> Sequence[Each]:
        """The characters at the table. `known`: all characters by id. `active`: the active ones in their order."""
        if self.seats is None:
            return active
        return [known[character_id] for character_id in self.seats if character_id in known]

    def fields(self) -> dict[str, Value | None]:
        """The field of the conversation's state. A default cast has one too: it is newer than a stored one."""
        return {StateField.CAST: orjson.dumps(self._plain()).decode()}

    def stored(self) -> dict[str, Any]:
        """The cast as the store keeps it; empty if it is the default."""
        return {STORED_AS: self._plain()} if self != Cast() else {}

    def _plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {} if self.seats is None else {"seats": list(self.seats)}
        if self.stays:
            plain["stays"] = {character_id: list(changes) for character_id, changes in self.stays.items()}
        return {**plain, "told": True} if self.told else plain


def changed(
    before: Cast, seats: Sequence[str] | None, *, told: bool, present: Collection[str] | None, now_ms: int
) -> Cast:
    """The cast after a change of the seats. The same change a second time has no effect.

    Args:
        before: the cast so far. seats: the new seats; None: all active characters, who then know everything.
        told: the new `told`.
        present: the active characters, who are at the table if `before` has no seats; None: they are unknown, so every
            character in `seats` counts as present.
        now_ms: the time of the change: later than the last turn.
    """
    if seats is None:
        return Cast(told=told)
    seated = tuple(dict.fromkeys(seats))
    there = before.seats
    if there is None:
        there = tuple(seated if present is None else present)
    stays = dict(before.stays)
    for character_id in seated:
        if character_id not in there:
            stays[character_id] = _with(stays.pop(character_id, ()), now_ms)
    for character_id in there:
        if character_id not in seated:
            stays[character_id] = _with(stays.pop(character_id, (0,)), now_ms)
    stays = {character_id: changes for character_id, changes in stays.items() if changes not in ((), (0,))}
    away = [character_id for character_id in stays if character_id not in seated]
    for character_id in away[:-MAX_AWAY]:
        del stays[character_id]
    return Cast(seated, stays, told)


def _with(changes: Sequence[int], now_ms: int) -> tuple[int, ...]:
    """The changes with one more. If nothing was said since the last one, the two cancel each other out."""
    if changes and changes[-1] >= now_ms:
        return tuple(changes[:-1])
    # drop a whole stay, so that the arrivals stay at the even places
    kept = changes if len(changes) < MAX_CHANGES else changes[2:]
    return (*kept, now_ms)


def cast_of(state: ConversationState) -> Cast:
    """The cast in a conversation's state. An impossible one counts as missing."""
    raw = state.get(StateField.CAST, b"")
    try:
        return possible_cast(orjson.loads(raw)) if raw else Cast()
    except orjson.JSONDecodeError:
        return Cast()


def stored_cast(settings: Mapping[str, Any]) -> Cast:
    """The cast among the stored settings of a conversation. An impossible one counts as missing."""
    return possible_cast(settings.get(STORED_AS))


def possible_cast(plain: object) -> Cast:
    """Read a cast from an untrusted structure. What is impossible in it is left out."""
    if not isinstance(plain, dict):
        return Cast()
    given = cast("Mapping[str, Any]", plain)
    told, seats = given.get("told") is True, given.get("seats")
    if seats is None or seats_problem(seats):
        return Cast(told=told)
    stays: object = given.get("stays")
    found = cast("Mapping[object, object]", stays).items() if isinstance(stays, dict) else ()
    possible = {
        cast("str", character_id): tuple(cast("list[int]", changes))
        for character_id, changes in found
        if is_id(character_id) and _are_changes(changes)
    }
    return Cast(tuple(seats), possible, told)


def seats_problem(seats: object) -> str:
    """What is wrong with the seats that a client sets; "" if nothing is. None (all active characters) is possible."""
    if seats is None:
        return ""
    ids = cast("list[object]", seats) if isinstance(seats, list | tuple) else None
    if ids is None or len(ids) > MAX_SEATS or not all(map(is_id, ids)):
        return f"must be a list of at most {MAX_SEATS} ids of characters, or null for all active characters"
    return "contains an id twice" if len(set(ids)) < len(ids) else ""


def _are_changes(changes: object) -> bool:
    if not isinstance(changes, list) or not 1 <= len(cast("list[object]", changes)) <= MAX_CHANGES:
        return False
    times = cast("list[object]", changes)
    return all(isinstance(time, int) and not isinstance(time, bool) and 0 <= time <= MAX_MS for time in times)
