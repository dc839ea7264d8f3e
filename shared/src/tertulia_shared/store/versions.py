"""The versions of messages: which messages are at the table, and which are set aside. Pure; every store follows it.

A message whose `replaces` is not "" is a further version of the message with that id, the root of the group. At most
one version of a group is at the table. Another version is set aside together with the messages that followed it: they
are its branch. A branch is named by the id of the version that begins it. Positions ascend along each branch, because a
message is always made after the message that it follows.

A change moves only messages below a position: that of the change's own turn. So a change that is applied late does not
move the messages that were made after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tertulia_shared.store.records import Message, SetAside

REMOVED = ""
"""The `branch` of a removed message. Its row has no text; it prevents that a late write brings the message back."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change did to the table, each in the order of the positions."""

    removed: tuple[Message, ...] = ()
    restored: tuple[Message, ...] = ()


@dataclass(slots=True)
class MessageVersions:
    """The messages of one conversation, or of several, by id. The methods apply changes; repeated, they do nothing."""

    at_table: dict[str, Message] = field(default_factory=dict[str, Message])
    aside: dict[str, SetAside] = field(default_factory=dict[str, SetAside])

    def insert(self, message: Message) -> Moved:
        """Add a new message, whose id is neither at the table nor set aside.

        If it replaces another one, the version at the table and what followed it, up to the new message's position, are
        set aside. A version that is older than the one at the table, or whose group has no version at the table, is
        set aside itself.
        """
        moved = Moved()
        if message.replaces:
            current = self._current(message.conversation_id, message.replaces)
            if current is not None and current.position < message.position:
                moved = Moved(removed=self._set_aside(current, message.id, before=message.position))
            elif current is not None or any(True for _ in self._others(message)):
                self.aside[message.id] = SetAside(message, message.id)
                return moved
        self.at_table[message.id] = message
        return moved

    def choose(self, conversation_id: str, message_id: str, *, before: int) -> Moved:
        """Bring a version and its branch back to the table, in place of the version that is there.

        `before`: only messages below this position are set aside. Without effect if the version is at the table or
        unknown, or if no version of its group below this position is at the table.
        """
        chosen = self.aside.get(message_id)
        if chosen is None or chosen.branch != message_id or chosen.message.conversation_id != conversation_id:
            return Moved()
        current = self._current(conversation_id, root_of(chosen.message))
        if current is None or current.position >= before:
            return Moved()
        removed = self._set_aside(current, message_id, before=before)
        return Moved(removed, self._restore(message_id))

    def remove(self, conversation_id: str, message_id: str) -> Moved:
        """Remove a message, its other versions and the branches under them; what follows it at the table stays."""
        found = self._message(message_id)
        if found is None or found.conversation_id != conversation_id:
            return Moved()
        doomed = self._with_branches(found)
        removed = _in_order(self.at_table[each] for each in doomed if each in self.at_table)
        for each in doomed:
            message = self.at_table.pop(each, None) or self.aside[each].message
            self.aside[each] = SetAside(replace(message, text="", unheard=""), REMOVED)
        return Moved(removed=removed)

    def withdraw(self, conversation_id: str, turn_id: str, positions: range) -> Moved:
        """Delete the messages of a turn at these positions; the versions that they displaced come back."""

        def is_of_turn(message: Message) -> bool:
            return (message.conversation_id, message.turn_id) == (conversation_id, turn_id) and (
                message.position in positions
            )

        gone = _in_order(each for each in self.at_table.values() if is_of_turn(each))
        hidden = [each for each in self.aside.values() if is_of_turn(each.message)]
        for message in gone:
            del self.at_table[message.id]
        for each in hidden:
            del self.aside[each.message.id]
        restored: list[Message] = []
        for message in reversed(gone):
            if self._current(conversation_id, root_of(message)) is None and (displaced := self._displaced(message)):
                restored += self._restore(displaced)
        for each in sorted(hidden, key=lambda each: _place(each.message), reverse=True):
            self._rejoin(each)
        return Moved(gone, _in_order(restored))

    def _rejoin(self, deleted: SetAside) -> None:
        """After a deletion in the middle of a branch: the version that was displaced there joins that branch again."""
        if deleted.branch in (REMOVED, deleted.message.id):
            return
        if any(each.branch == deleted.branch for each in self._others(deleted.message)):
            return
        displaced = self._displaced(deleted.message)
        for message_id, each in list(self.aside.items()):
            if displaced and each.branch == displaced:
                self.aside[message_id] = replace(each, branch=deleted.branch, displaced_by="")

    def _current(self, conversation_id: str, root: str) -> Message | None:
        """The version of the group that is at the table."""
        for each in self.at_table.values():
            if root in (each.id, each.replaces) and each.conversation_id == conversation_id:
                return each
        return None

    def _others(self, message: Message) -> Iterable[SetAside]:
        """The versions of this message that are set aside."""
        root = root_of(message)
        return (
            each
            for each in self.aside.values()
            if each.branch != REMOVED
            and root in (each.message.id, each.message.replaces)
            and each.message.conversation_id == message.conversation_id
        )

    def _displaced(self, message: Message) -> str:
        """The id of the version that `message` displaced, or of the newest one if that is unknown; "" without any."""
        begins = [each for each in self._others(message) if each.branch == each.message.id]
        newest = max(begins, key=lambda each: (each.displaced_by == message.id, _place(each.message)), default=None)
        return "" if newest is None else newest.message.id

    def _message(self, message_id: str) -> Message | None:
        aside = self.aside.get(message_id)
        if aside is not None and aside.branch != REMOVED:
            return aside.message
        return self.at_table.get(message_id)

    def _with_branches(self, message: Message) -> set[str]:
        """The ids of the group's versions, of the messages in their branches, and so on."""
        root = root_of(message)
        current = self._current(message.conversation_id, root)
        doomed, roots = set[str]() if current is None else {current.id}, {root}
        known = [each for each in self.aside.values() if each.message.conversation_id == message.conversation_id]
        while True:
            found = {
                each.message.id
                for each in known
                if each.branch != REMOVED and (each.branch in doomed or root_of(each.message) in roots)
            }
            if found <= doomed:
                return doomed
            doomed |= found
            roots |= {root_of(self.aside[each].message) for each in found}

    def _set_aside(self, first: Message, displaced_by: str, *, before: int) -> tuple[Message, ...]:
        moved = _in_order(
            each
            for each in self.at_table.values()
            if each.conversation_id == first.conversation_id
            and _place(first) <= _place(each)
            and each.position < before
        )
        for message in moved:
            del self.at_table[message.id]
            self.aside[message.id] = SetAside(message, first.id, displaced_by)
        return moved

    def _restore(self, branch: str) -> tuple[Message, ...]:
        restored = _in_order(each.message for each in self.aside.values() if each.branch == branch)
        for message in restored:
            del self.aside[message.id]
            self.at_table[message.id] = message
        return restored


def root_of(message: Message) -> str:
    """The id of the first version of the message."""
    return message.replaces or message.id


def was_shown(message: Message) -> bool:
    """True if a client may have shown the message. A reply without text was never shown: its row is created before its
    first word.
    """
    return message.status != "streaming" or bool(message.text)


def _place(message: Message) -> tuple[int, str]:
    return message.position, message.id


def _in_order(messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(sorted(messages, key=_place))
