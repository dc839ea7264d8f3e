"""What to deliver of what comes, and where to go on after a connection was lost. No I/O.

The address of each connection says where this client stands (docs/protocol.md, Resume). Until the gateway has opened
the conversation there, nothing is delivered.
"""

from __future__ import annotations

from collections.abc import Container

from tertulia_cli.client.frames import Audio, Event
from tertulia_shared.entry_ids import order

OF_A_TURN = frozenset(
    {
        "turn_accepted", "turn_started", "message_started", "llm_chunk", "message_resumed", "message_complete",
        "turn_complete", "audio_complete",
    }
)  # fmt: skip


class Position:
    """Where this client stands in its conversation, over all its connections."""

    def __init__(self, conversation_id: str = "") -> None:
        self.conversation_id = conversation_id
        self._live = False
        self._last_event = ""
        self._last_audio: tuple[str, str] | None = None

    def connected(self) -> None:
        """A new connection is open."""
        self._live = False

    def query(self) -> dict[str, str]:
        """What the address of the next connection says."""
        if not self.conversation_id:
            return {}
        query = {"conversation_id": self.conversation_id}
        if self._last_event:
            query["last_event_id"] = self._last_event
        if self._last_audio is not None:
            query["last_audio"] = "/".join(self._last_audio)
        return query

    def event(self, event: Event) -> bool:
        """Whether to deliver this event."""
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
        """Whether to deliver this frame."""
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


class Joining:
    """Leaves out the turn that went on when this client came into a conversation: it was not asked by it.

    The gateway tells that turn from its `turn_accepted` on, directly behind the first `conversation_started`.
    """

    def __init__(self) -> None:
        self._is_first = True
        self._may_follow = False
        self._turn = ""

    def event(self, event: Event, awaited: Container[str]) -> bool:
        """Whether this event concerns the client; `awaited` are its own turns."""
        follows, self._may_follow = self._may_follow, False
        if event.type == "conversation_started":
            self._may_follow, self._is_first = self._is_first and event.fields.get("resumed") is True, False
        elif event.type == "interrupted":
            self._turn = ""
        elif event.type == "turn_accepted" and event.text("turn_id") != self._turn:
            self._turn = event.text("turn_id") if follows and event.text("turn_id") not in awaited else ""
        is_of_a_turn = event.type in OF_A_TURN or (event.type == "error" and event.id)
        return not (self._turn and is_of_a_turn)

    def audio(self) -> bool:
        """Whether sound that comes now concerns the client."""
        return not self._turn
