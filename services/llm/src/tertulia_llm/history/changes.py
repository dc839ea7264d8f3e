"""What a turn changes of the past: which messages leave the table, and which take their place. Pure.

`tertulia_shared.store.versions` has the rules that the stores follow; docs/adr/0028-message-versions.md the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tertulia_llm.history.changed_rows import row_of
from tertulia_llm.history.history import History
from tertulia_llm.plan import position_of
from tertulia_shared.entries import TurnPlan, UserTurn
from tertulia_shared.events import HistoryChanged
from tertulia_shared.store import Message
from tertulia_shared.store.records import SetAside
from tertulia_shared.store.versions import REMOVED, MessageVersions, Moved, root_of, was_shown

MAX_REMOVED: Final = 2_000
"""An event names at most this many messages that left the table."""
MAX_RESTORED: Final = 50
"""An event has at most this many messages that came back."""
REPLACING: Final = frozenset({"edit", "again", "after"})
"""The changes of turns that bring a new message."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The place where a turn cuts the table: `target` is the message that the turn names.

    The other fields are those of `TurnPlan`; they are empty if nothing follows the target of "after".
    """

    target: Message
    cut_at: int = 0
    removed: tuple[str, ...] = ()
    replaces: str = ""
    versions: tuple[str, ...] = ()


def cut_of(turn: UserTurn, entry_id: str, history: History) -> Cut | None:
    """The cut of a turn with a change in `REPLACING`; None if its message is not at the table, or is of the wrong
    speaker.
    """
    target = history.messages.get(turn.message_id)
    if target is None or target.role != ("user" if turn.change == "edit" else "character"):
        return None
    own = position_of(entry_id, 0)
    ordered = sorted(history.messages.values(), key=lambda message: (message.position, message.id))
    following = [message for message in ordered if target.position <= message.position < own]
    cut = [message for message in following if turn.change != "after" or message.id != target.id]
    if not cut:
        return Cut(target)
    group = _group(root_of(cut[0]), cut[:1], history.aside)
    return Cut(target, cut[0].position, tuple(message.id for message in cut), root_of(cut[0]), group)


def applied_cut(history: History, plan: TurnPlan) -> None:
    """Set the messages aside that leave the table in a turn with this plan. Repeated, it has no effect."""
    if not plan.removed:
        return
    own = position_of(plan.entry_id, 0)
    for message in list(history.messages.values()):
        if plan.cut_at <= message.position < own:
            del history.messages[message.id]
            history.aside[message.id] = SetAside(message, plan.removed[0])


def replaced(plan: TurnPlan, message_id: str) -> HistoryChanged:
    """The event for the new message with which a turn replaces others."""
    is_long = len(plan.removed) > MAX_REMOVED
    versions = ((*plan.versions, message_id),) if plan.versions else ()
    return HistoryChanged(
        plan.turn_id, "replaced", message_id, plan.removed[:MAX_REMOVED], reload=is_long, versions=versions
    )


def applied_change(turn: UserTurn, entry_id: str, history: History) -> HistoryChanged | None:
    """Choose a version or remove a message in the history. None if it has no such message: nothing was changed."""
    versions = MessageVersions(history.messages, history.aside)
    own = position_of(entry_id, 0)
    if turn.change == "delete":
        moved, change = versions.remove(turn.conversation_id, turn.message_id), "removed"
        if not moved.removed:
            return None
    else:
        moved, change = versions.choose(turn.conversation_id, turn.message_id, before=own), "chosen"
        if not moved.restored and turn.message_id not in history.messages:
            return None
    restored = [message for message in moved.restored if was_shown(message)]
    return HistoryChanged(
        turn.turn_id,
        "removed" if change == "removed" else "chosen",
        turn.message_id,
        tuple(message.id for message in moved.removed[:MAX_REMOVED]),
        tuple(_row(message, history) for message in restored[:MAX_RESTORED]),
        reload=len(moved.removed) > MAX_REMOVED or len(restored) > MAX_RESTORED,
        versions=_changed_groups(moved, history) if change == "chosen" else (),
    )


def _group(root: str, at_table: Iterable[Message], aside: Mapping[str, SetAside]) -> tuple[str, ...]:
    """The ids of the versions of one message, in the order in which they were made."""
    found = {each.id: each for each in at_table if root_of(each) == root}
    found |= {
        each.message.id: each.message
        for each in aside.values()
        if each.branch != REMOVED and root_of(each.message) == root and was_shown(each.message)
    }
    return tuple(sorted(found, key=lambda message_id: (found[message_id].position, message_id)))


def _changed_groups(moved: Moved, history: History) -> tuple[Sequence[str], ...]:
    groups = (_group(root_of(each), history.messages.values(), history.aside) for each in moved.restored[:MAX_RESTORED])
    return tuple(dict.fromkeys(group for group in groups if len(group) > 1))


def _row(message: Message, history: History) -> Mapping[str, Any]:
    group = _group(root_of(message), [message, *history.messages.values()], history.aside)
    return {**row_of(message), "versions": list(group) if len(group) > 1 else []}
