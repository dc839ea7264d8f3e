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
from tertulia_llm.shown_text import TEXT_EVENTS, rest_of, text_after
from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, decode, decode_event, envelope
from tertulia_shared.entries import TURN_CHANGE_VERSION, UserTurn
from tertulia_shared.entry_ids import order
from tertulia_shared.events import Error, MessageComplete, MessageHeard, TurnExtended, TurnStarted
from tertulia_shared.store import Message

READ_EVENTS = {event.type.encode() for event in (TurnStarted, TurnExtended, MessageComplete, MessageHeard, Error)}


@dataclass(slots=True)
class _Shown:
    """The data of the replies in the events: `planned` by the turn's id and epoch, `ended`, `unfinished` and `heard` by
    message id.
    """

    planned: dict[tuple[str, int], list[Mapping[str, Any]]] = field(
        default_factory=dict[tuple[str, int], list[Mapping[str, Any]]]
    )
    ended: dict[str, tuple[MessageComplete, datetime]] = field(
        default_factory=dict[str, tuple[MessageComplete, datetime]]
    )
    unfinished: dict[str, str] = field(default_factory=dict[str, str])
    """The text after the finished sentences of a reply that was cut off: the client was shown it."""
    heard: dict[str, MessageHeard] = field(default_factory=dict[str, MessageHeard])
    refused: set[str] = field(default_factory=set[str])
    """The ids of turns that could not change the past, because their message is not at the table."""

    texts: dict[str, list[Entry]] = field(default_factory=dict[str, list[Entry]])
    """The events with the text of each reply that has no end yet. They are read only if it was cut off."""

    def see_text(self, entry: Entry) -> None:
        """Take in one event with a reply's text."""
        self.texts.setdefault(entry.fields[b"message_id"].decode(), []).append(entry)

    def see(self, entry: Entry) -> None:
        """Take in one other event.

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
                events = self.texts.pop(event.message_id, [])
                if event.status == "interrupted":
                    self.unfinished[event.message_id] = rest_of(text_after("", events, event.message_id), event.text)
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
        kind = entry.fields.get(b"type")
        if kind in READ_EVENTS:
            with suppress(BadEntry, ValueError, OverflowError, OSError):
                shown.see(entry)
        elif kind in TEXT_EVENTS:
            with suppress(KeyError, ValueError):
                shown.see_text(entry)
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
            unheard=shown.unfinished.get(message_id, ""),
            status=end.status,
            position=position_of(entry_id, slot),
            created_at=time,
            updated_at=time,
        )
        if message_id in shown.heard:
            heard = shown.heard[message_id].text
            row = replace(row, text=heard, unheard=rest_of(row.text + row.unheard, heard), status="interrupted")
        yield row


def _time(entry: Entry) -> datetime:
    return datetime.fromtimestamp(envelope(entry.fields).ts / 1000, UTC)
