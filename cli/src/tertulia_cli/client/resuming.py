"""Drops repeated frames, and keeps the position to resume from. No I/O.

The URL of each connection carries the client's position (docs/protocol.md, Resume). Before `conversation_started` no
frame is delivered.
"""

from __future__ import annotations

from collections.abc import Container

from tertulia_cli.client.frames import Audio, Event
from tertulia_shared.entry_ids import order

TURN_EVENTS = frozenset(
    {
        "turn_accepted", "turn_reopened", "turn_started", "turn_extended", "message_started", "llm_chunk",
        "message_resumed", "message_complete", "turn_complete", "audio_complete",
    }
)  # fmt: skip


class Marks:
    """The client's marks (last event, last audio frame), kept across reconnects. Says which received events and frames
    are new.
    """

    def __init__(self, conversation_id: str = "") -> None:
        self.conversation_id = conversation_id
        self._live = False
        self._last_event = ""
        self._last_audio: tuple[str, str] | None = None

    def connected(self) -> None:
        """Called when a new connection is open."""
        self._live = False

    def query(self) -> dict[str, str]:
        """The query of the next connection's URL."""
        if not self.conversation_id:
            return {}
        query = {"conversation_id": self.conversation_id}
        if self._last_event:
            query["last_event_id"] = self._last_event
        if self._last_audio is not None:
            query["last_audio"] = "/".join(self._last_audio)
        return query

    def event(self, event: Event) -> bool:
        """True if this event is to be delivered."""
        if event.type == "conversation_started":
            self._started(event)
            return True
        if event.type == "error" and not event.id:
            return True
        if not self._live:
            return False
        if not event.id:
            return True
        if self._last_event and order(event.id) <= order(self._last_event):
            return False
        self._last_event = event.id
        return True

    def audio(self, audio: Audio) -> bool:
        """True if this frame is to be delivered."""
        if not self._live:
            return False
        message_id, last = self._last_audio or ("", "")
        if message_id == audio.message_id and order(audio.id) <= order(last):
            return False
        self._last_audio = audio.message_id, audio.id
        return True

    def _started(self, event: Event) -> None:
        same = event.text("conversation_id") == self.conversation_id
        self._live = True
        self.conversation_id = event.text("conversation_id")
        self._last_event = event.id or (self._last_event if same else "")
        self._last_audio = self._last_audio if same else None


class ForeignTurnFilter:
    """Drops the frames of a turn that was already running when this client joined the conversation.

    The gateway replays that turn from its `turn_accepted` on, directly after the first `conversation_started`.
    """

    def __init__(self) -> None:
        self._is_first = True
        self._may_follow = False
        self._turn = ""

    def event(self, event: Event, awaited: Container[str]) -> bool:
        """True if this event is to be delivered; `awaited` are the client's own turns."""
        follows, self._may_follow = self._may_follow, False
        if event.type == "conversation_started":
            self._may_follow, self._is_first = self._is_first and event.fields.get("resumed") is True, False
        elif event.type == "interrupted":
            self._turn = ""
        elif event.type == "turn_accepted" and event.text("turn_id") != self._turn:
            self._turn = event.text("turn_id") if follows and event.text("turn_id") not in awaited else ""
        is_of_a_turn = event.type in TURN_EVENTS or (event.type == "error" and event.id)
        return not (self._turn and is_of_a_turn)

    def audio(self) -> bool:
        """True if audio that arrives now is to be delivered."""
        return not self._turn
