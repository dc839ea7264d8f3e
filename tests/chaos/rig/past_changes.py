"""Chooses what a simulated user changes of the past. Pure; uses none of the product's code."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.rig.frame_checks import FrameChecker


@dataclass(frozen=True)
class Change:
    """A command that changes the past. `asked`: what the model answers, if the command has no text."""

    command: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: str = ""


def chosen_change(checker: FrameChecker, dice: random.Random, text: str) -> Change | None:
    """A random change of a message that this client shows; None if it shows none that can be changed. `text`: what an
    edited message says.
    """
    mine, replies, versions = _mine(checker), _replies(checker), checker.table.others()
    changes: list[Change] = []
    if mine:
        changes.append(Change("user_message", {"text": text, "replaces": dice.choice(mine)}))
    if replies:
        message_id = dice.choice(replies)
        turn = checker.turns[checker.messages[message_id].turn_id]
        changes.append(Change("request_reply", {"replaces": message_id}, turn.asked or turn.text))
        changes.append(Change("delete_message", {"message_id": dice.choice(replies)}))
    if versions:
        changes.append(Change("choose_version", {"message_id": dice.choice(versions)}))
    return dice.choice(changes) if changes else None


def _mine(checker: FrameChecker) -> list[str]:
    """The messages of the user at the table whose turns were compared with the store."""
    return [id for id in checker.table.ids if id in checker.turns and checker.turns[id].checked]


def _replies(checker: FrameChecker) -> list[str]:
    """The complete replies at the table, likewise."""
    return [
        id
        for id in checker.table.ids
        if (message := checker.messages.get(id)) is not None
        and message.status == "complete"
        and checker.turns[message.turn_id].checked
    ]
