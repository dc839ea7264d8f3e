"""What to deliver of what comes, and what to ask for after a connection was lost. No I/O.

    (connect) → greeting → live                    new, or taken up from now on
                greeting → resuming → live         we were in the middle of it: `resume` brings what was missed

Until a `resume` is answered nothing is delivered: it all comes again, in its place.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from tertulia_cli.client.frames import Audio, Event, order


class Phase(Enum):
    """See the module's docstring."""

    GREETING = auto()
    RESUMING = auto()
    LIVE = auto()


class Position:
    """Where this client stands in its conversation, over all its connections."""

    def __init__(self, conversation_id: str = "") -> None:
        self.conversation_id = conversation_id
        self.phase = Phase.GREETING
        self._last_event = ""
        self._last_audio: tuple[str, str] | None = None

    @property
    def begun(self) -> bool:
        """Whether there is anything to go on from."""
        return bool(self._last_event or self._last_audio)

    def connected(self) -> None:
        """A new connection is open."""
        self.phase = Phase.GREETING

    def resume(self) -> dict[str, Any]:
        """The data of the `resume` command."""
        data: dict[str, Any] = {"conversation_id": self.conversation_id}
        if self._last_event:
            data["last_event_id"] = self._last_event
        if self._last_audio is not None:
            data["last_audio"] = dict(zip(("message_id", "id"), self._last_audio, strict=True))
        return data

    def event(self, event: Event) -> bool:
        """Whether to deliver this event. After a `conversation_started` the phase says whether to send `resume`."""
        if event.type == "conversation_started":
            return self._started(event)
        if event.type == "error":
            return True
        if self.phase is not Phase.LIVE:
            return False
        if not event.id:
            return True
        if self._last_event and order(event.id) <= order(self._last_event):
            return False
        self._last_event = event.id
        return True

    def audio(self, audio: Audio) -> bool:
        """Whether to deliver this frame."""
        if self.phase is not Phase.LIVE:
            return False
        message_id, last = self._last_audio or ("", "")
        if message_id == audio.message_id and order(audio.id) <= order(last):
            return False
        self._last_audio = audio.message_id, audio.id
        return True

    def _started(self, event: Event) -> bool:
        same = event.text("conversation_id") == self.conversation_id
        if self.phase is Phase.GREETING and same and self.begun:
            self.phase = Phase.RESUMING
            return False
        self.phase = Phase.LIVE
        self.conversation_id = event.text("conversation_id")
        self._last_event = event.id or (self._last_event if same else "")
        return True
