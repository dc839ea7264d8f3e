"""Records the frames of a client and checks order, gaps, repeats and epochs as they arrive. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REPLIES = frozenset({"turn_started", "turn_extended", "thinking", "message_started", "llm_chunk", "message_resumed"})
"""Events that must not come after a newer epoch has begun."""
RAISE_EPOCH = frozenset({"turn_accepted", "turn_reopened", "interrupted"})


@dataclass
class Heard:
    """One message as the client received it. `chunks`: (sentence, chunk) of each audio frame, in order of arrival."""

    message_id: str
    turn_id: str
    name: str
    epoch: int
    text: str = ""
    status: str = ""
    resumed: int = 0
    chunks: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    pcm: dict[int, bytearray] = field(default_factory=dict[int, bytearray])
    """The sound of each sentence."""
    ended_at: str | None = None
    """The id in `audio_complete`; "heard" if the user heard all of it before this client connected."""

    @property
    def is_done(self) -> bool:
        """Whether text and sound are complete."""
        return bool(self.status) and self.ended_at is not None


class Record:
    """Takes each received frame; `faults` describes each frame that breaks a rule."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.messages: dict[str, Heard] = {}
        self.turns_complete: set[str] = set()
        self.turns_accepted: dict[str, str] = {}
        self._accepted_by_event: set[str] = set()
        self.withdrawn: dict[str, str] = {}
        """The turn id of each message that was withdrawn when its turn was reopened."""
        self.conversation_id = ""
        self.epoch = 0
        self.last_event_id = ""
        self.last_audio: tuple[str, str] | None = None
        self.faults: list[str] = []
        self.heard_before: dict[str, dict[str, Any]] = {}
        """By message id: the heard position before this client connected, as the gateway reports it."""

    def feed(self, frame: dict[str, Any]) -> None:
        """Add the next frame: an event, or an audio frame."""
        self.frames.append(frame)
        kind: str = frame["type"]
        if kind == "audio":
            self._audio(frame)
            return
        if "event_id" in frame:
            self._envelope(frame)
        match kind:
            case "conversation_started":
                self.conversation_id = frame["conversation_id"]
                self.heard_before |= {each["message_id"]: each for each in frame.get("heard", ())}
            case "turn_accepted":
                self._accepted(frame)
            case "turn_reopened":
                self._reopened(frame)
            case "turn_complete":
                self.turns_complete.add(frame["turn_id"])
            case "message_started":
                self._started(frame)
            case "llm_chunk" | "message_resumed" | "message_complete" | "audio_complete":
                self._of_message(kind, frame)
            case _:
                pass

    def resume_query(self) -> str:
        """The query that resumes after this record; "" before there is a conversation."""
        if not self.conversation_id:
            return ""
        query = f"?conversation_id={self.conversation_id}"
        if self.last_event_id:
            query += f"&last_event_id={self.last_event_id}"
        if self.last_audio is not None:
            query += f"&last_audio={self.last_audio[0]}/{self.last_audio[1]}"
        return query

    def of_turn(self, turn_id: str) -> list[Heard]:
        """The messages of the turn, in the order of their start."""
        return [message for message in self.messages.values() if message.turn_id == turn_id]

    def turn_is_done(self, turn_id: str) -> bool:
        """Whether all text and sound of the turn has arrived."""
        return turn_id in self.turns_complete and all(message.is_done for message in self.of_turn(turn_id))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The frames of one type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    def words(self) -> set[str]:
        """All texts, in pieces long enough to search a log for them. A log may have a single word for other reasons."""
        return {
            piece.strip()
            for frame in self.frames
            if "text" in frame
            for piece in str(frame["text"]).replace("\n", ". ").split(". ")
            if len(piece.strip()) >= 12 and " " in piece.strip()
        }

    def tail(self, count: int = 12) -> str:
        """The last frames, for a failed test's message."""
        return "\n".join(_shown(frame) for frame in self.frames[-count:])

    def _fault(self, what: str, frame: Mapping[str, Any]) -> None:
        self.faults.append(f"{what}: {_shown(frame)}")

    def _envelope(self, frame: Mapping[str, Any]) -> None:
        if self.last_event_id and _order(frame["event_id"]) <= _order(self.last_event_id):
            self._fault(f"an event that does not follow {self.last_event_id}", frame)
        self.last_event_id = frame["event_id"]
        if frame["epoch"] < self.epoch and frame["type"] in REPLIES:
            self._fault(f"an event of a reply that epoch {self.epoch} ended", frame)
        if frame["epoch"] < self.epoch and frame["type"] in RAISE_EPOCH:
            self._fault(f"the epoch fell from {self.epoch}", frame)
        self.epoch = max(self.epoch, frame["epoch"])

    def _accepted(self, frame: Mapping[str, Any]) -> None:
        # The answer to a repeated turn has no event_id. It may come before the event.
        if "event_id" in frame:
            if frame["turn_id"] in self._accepted_by_event:
                self._fault("a turn was accepted twice", frame)
            self._accepted_by_event.add(frame["turn_id"])
        if frame.get("tentative"):
            self._fault("a turn that is not certain", frame)
        self.turns_accepted[frame["turn_id"]] = frame["text"]

    def _reopened(self, frame: Mapping[str, Any]) -> None:
        turn_id = frame["turn_id"]
        if self.turns_accepted.pop(turn_id, None) is None:
            self._fault("a turn was reopened that this client does not have", frame)
        self._accepted_by_event.discard(turn_id)
        self.turns_complete.discard(turn_id)
        for message in self.of_turn(turn_id):
            self.withdrawn[message.message_id] = turn_id
            del self.messages[message.message_id]

    def _started(self, frame: Mapping[str, Any]) -> None:
        message_id = frame["message_id"]
        if message_id in self.messages or message_id in self.withdrawn:
            self._fault("a message started twice", frame)
            return
        message = Heard(message_id, frame["turn_id"], frame["character_name"], frame["epoch"])
        self.messages[message_id] = message
        before = self.heard_before.get(message_id)
        if before is not None and before["complete"]:
            message.ended_at = "heard"
        elif before is not None:
            message.chunks.append((before["sentence_index"], before["chunk_index"]))

    def _of_message(self, kind: str, frame: Mapping[str, Any]) -> None:
        message = self.messages.get(frame["message_id"])
        if message is None:
            self._fault("of a message that has not started", frame)
            return
        match kind:
            case "llm_chunk":
                if message.status:
                    self._fault("text after the end of a message", frame)
                message.text += frame["text"]
            case "message_resumed":
                message.text = frame["text"]
                message.resumed += 1
            case "message_complete":
                if message.status:
                    self._fault("a message completed twice", frame)
                message.status = frame["status"]
                if message.status == "complete" and message.text != frame["text"]:
                    self._fault(f"the chunks make up {message.text!r}", frame)
            case _:
                self._audio_complete(message, frame)

    def _audio_complete(self, message: Heard, frame: Mapping[str, Any]) -> None:
        if message.ended_at:
            self._fault("sound completed twice", frame)
        message.ended_at = frame["id"]
        if frame["id"]:
            self.last_audio = (message.message_id, frame["id"])
            sentences = int(frame["id"].partition("-")[0]) - 1
            come = message.chunks[-1][0] + 1 if message.message_id in self.heard_before else len(message.pcm)
            if come != sentences:
                self._fault(f"the sound of only {len(message.pcm)} sentences came", frame)

    def _audio(self, frame: Mapping[str, Any]) -> None:
        message = self.messages.get(frame["message_id"])
        if message is None:
            self._fault("sound of a message that has not started", frame)
            return
        here = (frame["sentence_index"], frame["chunk_index"])
        last = message.chunks[-1] if message.chunks else (-1, 0)
        if here not in ((last[0], last[1] + 1), (last[0] + 1, 0)) or (here[0] < 0):
            self._fault(f"sound that does not follow {last}", frame)
        if frame["id"] != f"{here[0] + 1}-{here[1] + 1}":
            self._fault("a wrong id", frame)
        if message.epoch < self.epoch:
            self._fault(f"sound of a reply that epoch {self.epoch} ended", frame)
        if message.ended_at:
            self._fault("sound after its end", frame)
        for earlier in self.messages.values():
            if earlier is message:
                break
            if earlier.epoch == message.epoch and earlier.ended_at is None:
                self._fault(f"sound before the sound of {earlier.name} is complete", frame)
        message.chunks.append(here)
        message.pcm.setdefault(here[0], bytearray()).extend(frame["pcm"])
        self.last_audio = (message.message_id, frame["id"])


def _order(entry_id: str) -> tuple[int, int]:
    ms, _, seq = entry_id.partition("-")
    return int(ms), int(seq)


def _shown(frame: Mapping[str, Any]) -> str:
    return str({name: f"{len(value)} bytes" if isinstance(value, bytes) else value for name, value in frame.items()})
