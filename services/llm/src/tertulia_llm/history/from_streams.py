"""Rebuilds a conversation's recent messages from its streams, for use while the store is unavailable. Pure.

The stream `turns` has the user's messages, and the order of the turns. The stream `events` has the replies, as the
client showed and played them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from tertulia_llm.plan import position_of
from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, decode, decode_event, envelope
from tertulia_shared.entries import TURN_CHANGE_VERSION, UserTurn
from tertulia_shared.entry_ids import order
from tertulia_shared.events import Error, MessageComplete, MessageHeard, TurnExtended, TurnStarted
from tertulia_shared.store import Message

READ_EVENTS = {event.type.encode() for event in (TurnStarted, TurnExtended, MessageComplete, MessageHeard, Error)}


@dataclass(slots=True)
class _Shown:
    """The data of the replies in the events: `planned` by the turn's id and epoch, `ended` and `heard` by message
    id.
    """

    planned: dict[tuple[str, int], list[Mapping[str, Any]]] = field(
        default_factory=dict[tuple[str, int], list[Mapping[str, Any]]]
    )
    ended: dict[str, tuple[MessageComplete, datetime]] = field(
        default_factory=dict[str, tuple[MessageComplete, datetime]]
    )
    heard: dict[str, MessageHeard] = field(default_factory=dict[str, MessageHeard])
    refused: set[str] = field(default_factory=set[str])
    """The ids of turns that could not change the past, because their message is not at the table."""

    def see(self, entry: Entry) -> None:
        """Take in one event.

        Raises:
            BadEntry: the event cannot be read.
        """
        event = decode_event(entry.fields)
        match event:
            case TurnStarted():
                self.planned[event.turn_id, envelope(entry.fields).epoch] = [*event.replies]
            case TurnExtended():
                self.planned.setdefault((event.turn_id, envelope(entry.fields).epoch), []).extend(event.replies)
            case MessageComplete():
                self.ended[event.message_id] = event, _time(entry)
            case MessageHeard():
                self.heard[event.message_id] = event
            case Error(code="message_unknown"):
                self.refused.add(event.turn_id)
            case _:
                pass


def messages_from_streams(
    conversation_id: str, turns: Iterable[Entry], events: Iterable[Entry], *, cursor: str, user_name: str
) -> list[Message]:
    """The messages of the turns up to the turn `cursor`, as they are in the store or will be.

    `turns`: the entries of the stream that were not withdrawn. `events`: the entries of the stream.
    """
    shown = _Shown()
    for entry in events:
        if entry.fields.get(b"type") in READ_EVENTS:
            with suppress(BadEntry, ValueError, OverflowError, OSError):
                shown.see(entry)
    messages: list[Message] = []
    for entry in takewhile(lambda entry: order(entry.id) <= order(cursor), turns):
        # not only BadEntry: a `turn_started` with malformed `replies`, or a time out of range
        with suppress(BadEntry, KeyError, TypeError, ValueError, OverflowError, OSError):
            turn, time = decode(UserTurn, entry.fields, newest=TURN_CHANGE_VERSION), _time(entry)
            planned = shown.planned.get((turn.turn_id, envelope(entry.fields).epoch), ())
            user_message = Message(
                id=turn.turn_id,
                conversation_id=conversation_id,
                turn_id=turn.turn_id,
                role="user",
                character_id=None,
                character_name=user_name,
                text=turn.text,
                status="complete",
                position=position_of(entry.id, 0),
                created_at=time,
                updated_at=time,
            )
            replies = [*_replies(user_message, entry.id, planned, shown)]
            has_message = turn.source not in ("request", "change") and turn.turn_id not in shown.refused
            messages += [user_message, *replies] if has_message else replies
    return messages


def _replies(
    user_message: Message, entry_id: str, planned: Sequence[Mapping[str, Any]], shown: _Shown
) -> Iterator[Message]:
    for slot, reply in enumerate(planned, 1):
        message_id = str(reply["message_id"])
        if message_id not in shown.ended:
            continue
        end, time = shown.ended[message_id]
        row = replace(
            user_message,
            id=message_id,
            role="character",
            character_id=str(reply["character_id"]),
            character_name=str(reply["character_name"]),
            text=end.text,
            status=end.status,
            position=position_of(entry_id, slot),
            created_at=time,
            updated_at=time,
        )
        if message_id in shown.heard:
            row = replace(row, text=shown.heard[message_id].text, status="interrupted")
        yield row


def _time(entry: Entry) -> datetime:
    return datetime.fromtimestamp(envelope(entry.fields).ts / 1000, UTC)
