"""Tracks the turns that this client waits for. No I/O.

A turn is over when its text and the audio of each started reply are complete, or when another turn or an interruption
has cut it off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from tertulia_cli.client.frames import Event


@dataclass(slots=True)
class Turn:
    """The progress of one turn."""

    epoch: int = -1
    """The turn's epoch; -1 until the turn is accepted."""
    text_complete: bool = False
    cut_off: bool = False
    unanswered: bool = False
    """True if no character answers."""
    unspoken: set[str] = field(default_factory=set[str])
    """Ids of started replies whose audio is not complete."""
    errors: list[str] = field(default_factory=list[str])

    @property
    def over(self) -> bool:
        """True if no more text or audio of this turn follows."""
        return self.cut_off or (self.text_complete and not self.unspoken)


class Progress:
    """Applies every event to the turns given to `await_turn`."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}
        self.names: dict[str, str] = {}
        """Character names by message id."""
        self._turn_of: dict[str, str] = {}
        self._epoch = -1

    @property
    def over(self) -> bool:
        """True if all awaited turns are over."""
        return all(turn.over for turn in self.turns.values())

    @property
    def errors(self) -> list[str]:
        """The error messages of the awaited turns."""
        return [trouble for turn in self.turns.values() for trouble in turn.errors]

    def await_turn(self, turn_id: str) -> None:
        """Add this turn to those that the client waits for."""
        self.turns.setdefault(turn_id, Turn())

    def accepted(self, turn_id: str) -> bool:
        """True if the gateway has accepted this turn."""
        return self.turns[turn_id].epoch >= 0

    def apply(self, event: Event) -> None:
        """Apply a delivered event."""
        if event.type in ("turn_accepted", "turn_reopened", "interrupted"):
            self._raise_epoch(event)
        elif event.type in ("turn_started", "turn_extended"):
            self._planned(event)
        elif event.type == "message_started":
            self._begun(event)
        elif event.type == "audio_complete":
            turn = self._turn(self._turn_of.get(event.text("message_id"), ""))
            if turn is not None:
                turn.unspoken.discard(event.text("message_id"))
        elif event.type == "turn_complete":
            turn = self._turn(event.text("turn_id"))
            if turn is not None:
                turn.text_complete = True
        elif event.type == "error" and event.text("code") != "unavailable":  # temporary: the client repeats the message
            self._add_error(event)

    def _raise_epoch(self, event: Event) -> None:
        turn = self._turn(event.text("turn_id"))
        if turn is not None and event.type == "turn_reopened":
            self.turns[event.text("turn_id")] = Turn()  # the next version of the turn has its own replies
        elif turn is not None and turn.epoch < 0:
            turn.epoch = max(event.epoch, 0)  # the answer to a repeated message has no epoch
        if event.epoch > self._epoch:
            self._epoch = event.epoch
            for each in self.turns.values():
                each.cut_off = each.cut_off or 0 <= each.epoch < self._epoch

    def _planned(self, event: Event) -> None:
        replies = cast("list[Mapping[str, Any]]", event.fields.get("replies", []))
        for reply in replies:
            self.names[str(reply.get("message_id"))] = str(reply.get("character_name"))
        turn = self._turn(event.text("turn_id"))
        if turn is not None:
            turn.unanswered = not replies

    def _begun(self, event: Event) -> None:
        message_id, turn_id = event.text("message_id"), event.text("turn_id")
        self.names[message_id] = event.text("character_name")
        turn = self._turn(turn_id)
        if turn is not None and message_id not in self._turn_of:
            self._turn_of[message_id] = turn_id
            turn.unspoken.add(message_id)

    def _add_error(self, event: Event) -> None:
        turn_id = event.text("turn_id") or self._turn_of.get(event.text("message_id"), "")
        turn = self._turn(turn_id)
        if turn is not None:
            turn.errors.append(event.text("message"))

    def _turn(self, turn_id: str) -> Turn | None:
        return self.turns.get(turn_id)
