"""The turns and positions of the messages of an imported file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from tertulia_gateway.rest.import_fields import ConversationFile, FileMessage
from tertulia_shared.store.ordering import POSITION_EPOCH_MS, POSITIONS_PER_MS, POSITIONS_PER_TURN


def has_places(file: ConversationFile, now: datetime) -> bool:
    """True if the file says where each message belongs: turns, and positions that are not in the future; those at the
    table are in order.
    """
    latest = (int(now.timestamp() * 1000) - POSITION_EPOCH_MS) * POSITIONS_PER_MS
    everything = [*file.messages, *(each.message for each in file.set_aside)]
    positions = [-1 if each.position is None else each.position for each in everything]
    is_ordered = all(before <= after for before, after in pairwise(positions[: len(file.messages)]))
    return is_ordered and all(0 <= each < latest for each in positions) and all(each.turn_id for each in everything)


def places_of(file: ConversationFile, now: datetime) -> list[tuple[str, int]]:
    """The turn and the position of each message, then of each message that is set aside.

    They are those of the file if it has them all. Else there is one turn per message of the user, one millisecond apart
    from the beginning of the positions on, which is before any turn to come.
    """
    everything = [*file.messages, *(each.message for each in file.set_aside)]
    if has_places(file, now):
        return [(each.turn_id, each.position or 0) for each in everything]
    places: dict[int, tuple[str, int]] = {}
    turn, slot = 0, -1
    for number in _in_order_of_making(file):
        is_user = everything[number].is_user
        if places and (is_user or slot + 1 >= POSITIONS_PER_TURN):
            turn, slot = turn + 1, -1
        slot = max(slot + 1, 0 if is_user else 1)
        places[number] = (str(turn), turn * POSITIONS_PER_MS + slot)
    return [places[number] for number in range(len(everything))]


def _in_order_of_making(file: ConversationFile) -> Iterator[int]:
    """The numbers of the messages, and of those that are set aside after them, in an order in which they may have been
    made: each version beside the one at the table, what followed the others at the end.
    """
    versions: dict[str, list[int]] = {}
    for number, each in enumerate(file.set_aside, len(file.messages)):
        if each.branch == each.message.id:
            versions.setdefault(each.message.replaces or each.message.id, []).append(number)
    placed = set[int]()
    for number, message in enumerate(file.messages):
        others = versions.pop(message.replaces or message.id, []) if message.replaces or message.id else []
        group = _sorted([number, *others], file)
        placed.update(group)
        yield from group
    yield from (
        number for number in range(len(file.messages), len(file.messages) + len(file.set_aside)) if number not in placed
    )


def _sorted(group: Sequence[int], file: ConversationFile) -> Sequence[int]:
    """The versions of a message in the order of their positions, if all have one."""
    positions = {number: _message(file, number).position for number in group}
    if None in positions.values():
        return group
    return sorted(group, key=lambda number: positions[number] or 0)


def _message(file: ConversationFile, number: int) -> FileMessage:
    first_aside = len(file.messages)
    return file.messages[number] if number < first_aside else file.set_aside[number - first_aside].message
