"""The messages that one client shows, from its frames alone: those at the table, and the versions of each. No I/O; uses
none of the product's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ShownTable:
    """What a client shows that applies the events in order."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        """The messages at the table: the id of the turn of each."""
        self.versions: dict[str, tuple[str, ...]] = {}
        """The versions of a message that has several, for each of them."""
        self.is_known = True
        """False after a reload, which loses events, until `seed`."""
        self._came = ""
        self._left: frozenset[str] = frozenset()
        """The message that the last change brought, and those that it removed. Empty once the store has the change."""

    def feed(self, frame: Mapping[str, Any]) -> None:
        """Apply the next frame."""
        match frame["type"]:
            case "turn_accepted" if frame.get("source") in ("typed", "spoken"):
                self.ids.setdefault(frame["turn_id"], frame["turn_id"])
            case "turn_reopened":
                self.ids = {id: turn_id for id, turn_id in self.ids.items() if turn_id != frame["turn_id"]}
                self._came, self._left = "", frozenset()
            case "message_started":
                self.ids.setdefault(frame["message_id"], frame["turn_id"])
            case "error" if frame["code"] == "message_unknown":
                self.ids.pop(frame.get("turn_id", ""), None)
            case "history_changed":
                self._change(frame)
            case _:
                pass

    def is_in(self, rows: Mapping[str, str]) -> bool:
        """True if these rows have the last change. The store gets it later than the client."""
        return (not self._came or self._came in rows) and not self._left & rows.keys()

    def saved(self) -> None:
        """Note that the store has the same table."""
        self._came, self._left = "", frozenset()

    def lost_data(self) -> None:
        """Note that Redis lost data: a change that the store does not have yet may be undone. A client then reads the
        conversation again."""
        if self._came or self._left:
            self.saved()
            self.is_known = False

    def seed(self, rows: Mapping[str, str]) -> None:
        """Begin again with the rows of the store, as a page does after a reload."""
        self.ids, self.is_known = dict(rows), True
        self.versions.clear()

    def others(self) -> list[str]:
        """The versions that could be chosen now."""
        return [
            version
            for message_id in self.ids
            for version in self.versions.get(message_id, ())
            if version not in self.ids
        ]

    def _change(self, frame: Mapping[str, Any]) -> None:
        for message_id in frame["removed"]:
            self.ids.pop(message_id, None)
        self.ids |= {message["id"]: message["turn_id"] for message in frame["restored"]}
        self.is_known &= not frame["reload"]
        self._came = "" if frame["change"] == "removed" else frame["message_id"]
        self._left = frozenset(frame["removed"])
        if frame["change"] == "removed":
            self.versions.pop(frame["message_id"], None)
        for group in frame["versions"]:
            for version in group:
                self.versions[version] = tuple(group)
