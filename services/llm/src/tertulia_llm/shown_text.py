"""Finds the text that the client was shown of a reply. Its last sentence may be unfinished, and is then in no
`sentences` stream.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import BadEntry, decode_event
from tertulia_shared.entry_ids import order
from tertulia_shared.events import LLMChunk, MessageResumed, MessageStarted

PAGE: Final = 1_000
"""Number of events per read."""
TEXT_EVENTS: Final = {event.type.encode() for event in (MessageStarted, LLMChunk, MessageResumed)}

log = logging.getLogger(__name__)


async def unfinished_sentence(bus: Bus, conversation_id: str, entry_id: str, message_id: str, finished: str) -> str:
    """The text after the finished sentences of a reply that the client was shown; "" if there is none, or if the events
    are gone.

    Args:
        entry_id: the entry of the reply's turn; the reply's events are not older.
        finished: the text of the finished sentences.
    """
    after, shown = f"{order(entry_id)[0]}-0", ""
    while page := await bus.read(bus.keys.events(conversation_id), after, count=PAGE):
        shown = text_after(shown, page, message_id)
        after = page[-1].id
    return rest_of(shown, finished)


def rest_of(whole: str, beginning: str) -> str:
    """The text after `beginning`; "" if the text does not begin with it. Pure."""
    return whole[len(beginning) :] if whole.startswith(beginning) else ""


def text_after(shown: str, events: Iterable[Entry], message_id: str) -> str:
    """The text of this message after these events, by the rules of docs/protocol.md. `shown`: the text before them.
    Pure.
    """
    own = message_id.encode()
    for entry in events:
        if entry.fields.get(b"message_id") != own or entry.fields.get(b"type") not in TEXT_EVENTS:
            continue
        try:
            event = decode_event(entry.fields)
        except BadEntry as error:
            log.warning("cannot read the text of a reply: %s", error, extra={"message_id": message_id})
            return ""
        match event:
            case MessageStarted():
                shown = ""
            case LLMChunk():
                shown += event.text
            case MessageResumed():
                shown = event.text
            case _:
                pass
    return shown
