"""Checks every frame of one client when it arrives, only against the protocol. No I/O; uses none of the product's
code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.rig.failures import Kind
from tests.chaos.rig.shown_table import ShownTable

OF_A_REPLY = frozenset({"turn_started", "turn_extended", "thinking", "message_started", "llm_chunk", "message_resumed"})
"""Events of an older epoch that must not come after a newer epoch has begun."""
RAISE_EPOCH = frozenset({"turn_accepted", "turn_reopened", "interrupted"})
Report = Callable[[Kind, str, str], None]
"""Called to report a failure: its kind, a description, and the turn's id."""


@dataclass
class Message:
    """One reply as the client received it. `chunks`: (sentence, chunk) of each audio frame, in order of arrival."""

    message_id: str
    turn_id: str
    character: str
    epoch: int
    text: str = ""
    status: str = ""
    heard: str | None = None
    chunks: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    pcm: dict[int, bytearray] = field(default_factory=dict[int, bytearray])
    sounds: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    """The PCM of each chunk."""
    played_before: tuple[int, int, int] | None = None
    """After a reload, until the first audio frame: the last chunk that the gateway counts as played, and the number of
    samples after it.
    """
    sound_over: bool = False
    at: tuple[int, int] = (-1, 0)
    """The last chunk received. After a reload, when audio is repeated, it is not the last item of `chunks`."""
    may_restart: bool = False
    """True after a reload: the audio may start again once, at any chunk that was received before."""
    may_end_again: bool = False
    """True after a reload: `audio_complete` may come once more."""


@dataclass
class Turn:
    """One turn as the client received it."""

    turn_id: str
    text: str
    accepted: int = 0
    epoch: int = -1
    completed: int = 0
    planned: list[str] | None = None
    messages: list[str] = field(default_factory=list[str])
    interrupted: bool = False
    excused: str = ""
    """Why the turn may be lost ("" if it may not): a fault removed data that Redis had acknowledged."""
    reloaded: bool = False
    """True if the client was reloaded during this turn. It then receives no event of an earlier interruption or end."""
    withdrawn: set[str] = field(default_factory=set[str])
    """The ids of the messages of withdrawn versions, which must not be shown or stored."""
    checked: bool = False
    """True if the rig has compared the turn with Redis and SQLite."""
    command: str = "user_message"
    """The command that began it."""
    asked: str = ""
    """What the model answers, if the turn has no text."""


class FrameChecker:
    """Checks every frame that is received, and calls `report` for each frame that breaks a rule."""

    def __init__(self, report: Report) -> None:
        self._tell = report
        self.conversation_id = ""
        self.turns: dict[str, Turn] = {}
        self.table = ShownTable()
        self.messages: dict[str, Message] = {}
        self.epoch = 0
        self.last_event_id = ""
        self.last_audio: tuple[str, str] | None = None
        self.errors: list[Mapping[str, Any]] = []
        self.lost_talks = 0
        self.reopened = 0
        """The number of `turn_reopened` events."""
        self.listening_ended: list[str] = []
        """The cause in each `listening_stopped` event."""
        self._replaying = False
        self._epoch_may_fall = False

    def query(self) -> str:
        """The query of the URL with which a connection resumes after the frames so far."""
        if not self.conversation_id:
            return ""
        query = f"?conversation_id={self.conversation_id}"
        if self.last_event_id:
            query += f"&last_event_id={self.last_event_id}"
        if self.last_audio:
            query += f"&last_audio={'/'.join(self.last_audio)}"
        return query

    def reloaded(self) -> None:
        """Note that the client was reloaded and has lost its marks. The turn in progress may come once more."""
        self._replaying = True
        self.table.is_known = False
        for message in self.messages.values():
            if message.chunks:
                message.at = message.chunks[-1]
            message.may_restart = message.may_end_again = True
            message.played_before = None
        for turn in self.turns.values():
            turn.reloaded |= not self.is_done(turn)

    def lost_data(self) -> None:
        """Note that Redis lost data: the epoch may become lower once, and unchecked turns may be lost."""
        self._epoch_may_fall = True
        self.table.lost_data()
        for turn in self.turns.values():
            if not turn.checked:
                turn.excused = "Redis lost it"

    def feed(self, frame: Mapping[str, Any]) -> None:
        """Check the next frame: an event, or an audio frame."""
        kind = frame["type"]
        self.table.feed(frame)
        if kind == "audio":
            self._audio(frame)
            return
        if "event_id" in frame:
            self._envelope(frame)
        handler = getattr(self, f"_on_{kind}", None)
        if handler is not None:
            handler(frame)

    def turn(self, turn_id: str, text: str = "") -> Turn:
        """The turn with this id. It is added if it is new."""
        return self.turns.setdefault(turn_id, Turn(turn_id, text))

    def is_done(self, turn: Turn) -> bool:
        """True if all text and audio of the turn has arrived. For an interrupted turn: if its end has arrived."""
        if not turn.completed:
            return False
        return turn.interrupted or all(
            (message := self.messages[message_id]).status and message.sound_over for message_id in turn.messages
        )

    def complain(self, kind: Kind, what: str, turn_id: str = "") -> None:
        """Report a failure of a turn, unless the turn may be lost."""
        if turn_id not in self.turns or not self.turns[turn_id].excused:
            self._tell(kind, what, turn_id)

    def complain_in_any_case(self, kind: Kind, what: str, turn_id: str) -> None:
        """Report a failure of a turn, even if the turn may be lost."""
        self._tell(kind, what, turn_id)

    # -- events

    def _envelope(self, frame: Mapping[str, Any]) -> None:
        event_id, epoch, turn_id = frame["event_id"], frame["epoch"], str(frame.get("turn_id", ""))
        if self.last_event_id and _order(event_id) <= _order(self.last_event_id) and not self._replaying:
            again = event_id == self.last_event_id
            self.complain(
                "doubled" if again else "disordered", f"{_shown(frame)} is not behind {self.last_event_id}", turn_id
            )
        if not self.last_event_id or _order(event_id) > _order(self.last_event_id):
            self.last_event_id = event_id
            self._replaying = False
        if epoch < self.epoch and self._epoch_may_fall and frame["type"] in RAISE_EPOCH:
            self.epoch, self._epoch_may_fall = epoch, False
        if epoch < self.epoch and frame["type"] in OF_A_REPLY:
            self.complain("disordered", f"{_shown(frame)} is of a reply that epoch {self.epoch} has ended", turn_id)
        if epoch < self.epoch and frame["type"] in RAISE_EPOCH:
            self.complain("disordered", f"the epoch fell from {self.epoch} with {_shown(frame)}", turn_id)
        self.epoch = max(self.epoch, epoch)

    def _on_conversation_started(self, frame: Mapping[str, Any]) -> None:
        if self.conversation_id and frame["conversation_id"] != self.conversation_id:
            self.complain("wrong", f"the connection resumed another conversation: {frame['conversation_id']}", "")
        self.conversation_id = frame["conversation_id"]
        for place in frame.get("heard", ()):
            if (message := self.messages.get(place["message_id"])) is None:
                continue
            if place["complete"]:
                message.sound_over = True  # from a receipt, the gateway knows that the last chunk was played
            else:
                message.played_before = (place["sentence_index"], place["chunk_index"], place["next_samples"])

    def _on_turn_accepted(self, frame: Mapping[str, Any]) -> None:
        turn = self.turn(frame["turn_id"], frame["text"])
        if frame.get("tentative"):
            self.complain("wrong", "a turn came that is not certain", turn.turn_id)
        if turn.reloaded and 0 <= turn.epoch < frame.get("epoch", -1):
            self._withdraw(turn)  # it was reopened while the client was away; the reload removed its messages
        turn.epoch = max(turn.epoch, frame.get("epoch", -1))
        turn.text = turn.text or frame["text"]
        if "event_id" in frame and not self._replaying:
            turn.accepted += 1
            if turn.accepted > 1:
                self.complain("doubled", "turn_accepted came twice as an event", turn.turn_id)
        for other in self.turns.values():
            if other is not turn and not self.is_done(other):
                other.interrupted = True  # a new turn interrupts the turn before it
        if turn.text != frame["text"]:
            self.complain("wrong", f"accepted was {frame['text']!r}, said {turn.text!r}", turn.turn_id)

    def _on_turn_reopened(self, frame: Mapping[str, Any]) -> None:
        turn = self.turns.get(frame["turn_id"])
        self.reopened += 1
        if turn is None or not (turn.accepted or turn.reloaded):
            self.complain("wrong", f"{_shown(frame)} names a turn that this client does not have", frame["turn_id"])
            return
        self._withdraw(turn)

    def _withdraw(self, turn: Turn) -> None:
        """Forget all frames of a turn that was reopened. The turn comes again."""
        turn.withdrawn.update(turn.messages)
        for message_id in turn.messages:
            del self.messages[message_id]
        turn.accepted = turn.completed = 0
        turn.text, turn.planned, turn.interrupted = "", None, False
        turn.messages.clear()

    def _on_turn_started(self, frame: Mapping[str, Any]) -> None:
        turn = self.turn(frame["turn_id"])
        if turn.planned is not None and not self._replaying:
            self.complain("doubled", "turn_started came twice", turn.turn_id)
        turn.planned = [reply["message_id"] for reply in frame["replies"]]

    def _on_turn_extended(self, frame: Mapping[str, Any]) -> None:
        turn = self.turn(frame["turn_id"])
        planned = turn.planned or []
        more = [reply["message_id"] for reply in frame["replies"]]
        if set(more) & set(planned) and not self._replaying:
            self.complain("doubled", "turn_extended repeats a reply", turn.turn_id)
        turn.planned = [*planned, *(each for each in more if each not in planned)]

    def _on_turn_complete(self, frame: Mapping[str, Any]) -> None:
        turn = self.turn(frame["turn_id"])
        if turn.completed and not self._replaying:
            self.complain("doubled", "turn_complete came twice", turn.turn_id)
        turn.completed = 1

    def _on_interrupted(self, _frame: Mapping[str, Any]) -> None:
        for turn in self.turns.values():
            if turn.accepted and not self.is_done(turn):
                turn.interrupted = True

    def _on_message_started(self, frame: Mapping[str, Any]) -> None:
        message_id, turn_id = frame["message_id"], frame["turn_id"]
        if message_id in self.turn(turn_id).withdrawn:
            self.complain("disordered", f"{_shown(frame)} belongs to a withdrawn version of its turn", turn_id)
        if message_id in self.messages:
            if not self._replaying:
                self.complain("doubled", "message_started came twice", turn_id)
            self.messages[message_id].text = ""
            return
        self.messages[message_id] = Message(message_id, turn_id, frame["character_name"], frame["epoch"])
        self.turn(turn_id).messages.append(message_id)

    def _on_llm_chunk(self, frame: Mapping[str, Any]) -> None:
        if (message := self._known(frame)) is None:
            return
        if message.status and not self._replaying:
            self.complain("disordered", "text came after the end of a message", message.turn_id)
        message.text += frame["text"]

    def _on_message_resumed(self, frame: Mapping[str, Any]) -> None:
        if message := self._known(frame):
            message.text = frame["text"]

    def _on_message_complete(self, frame: Mapping[str, Any]) -> None:
        if (message := self._known(frame)) is None:
            return
        if message.status and not self._replaying:
            self.complain("doubled", "message_complete came twice", message.turn_id)
        message.status = frame["status"]
        if message.status == "complete" and message.text != frame["text"]:
            self.complain("wrong", f"the chunks make {message.text!r}, complete is {frame['text']!r}", message.turn_id)
        if message.status != "complete":
            message.text = frame["text"]

    def _on_message_heard(self, frame: Mapping[str, Any]) -> None:
        if message := self._known(frame):
            message.heard = frame["text"]

    def _on_audio_complete(self, frame: Mapping[str, Any]) -> None:
        if (message := self._known(frame)) is None:
            return
        if message.sound_over and not message.may_end_again:
            self.complain("doubled", "audio_complete came twice", message.turn_id)
        message.sound_over = True
        message.may_restart = message.may_end_again = False
        if frame["id"]:
            self.last_audio = (message.message_id, frame["id"])
            count = int(frame["id"].partition("-")[0]) - 1
            if len(message.pcm) != count:
                self.complain("lost", f"sound of {len(message.pcm)} of {count} sentences came", message.turn_id)

    def _on_error(self, frame: Mapping[str, Any]) -> None:
        self.errors.append(frame)
        if frame["code"] == "talk_lost":
            self.lost_talks += 1

    def _on_listening_stopped(self, frame: Mapping[str, Any]) -> None:
        self.listening_ended.append(frame["cause"])

    # -- sound

    def _audio(self, frame: Mapping[str, Any]) -> None:
        if (message := self._known(frame)) is None:
            return
        here = (frame["sentence_index"], frame["chunk_index"])
        self._check_order(message, here)
        self._check_time(message)
        self._check_sound(message, here, frame["pcm"])
        if frame["id"] != f"{here[0] + 1}-{here[1] + 1}":
            self.complain("wrong", f"chunk {here} has the id {frame['id']}", message.turn_id)
        if not message.chunks or here > message.chunks[-1]:
            message.chunks.append(here)
            message.pcm.setdefault(here[0], bytearray()).extend(frame["pcm"])
        message.at = here
        self.last_audio = (message.message_id, frame["id"])

    def _check_order(self, message: Message, here: tuple[int, int]) -> None:
        """Report a chunk that does not follow the last chunk of its message."""
        last = message.at
        if message.may_restart and here in message.chunks:
            message.may_restart = False
            return  # this chunk was heard before the reload; the chunks after it must be consecutive
        if here <= last:
            kind: Kind = "doubled" if here in message.chunks else "disordered"
            self.complain(kind, f"chunk {here} came behind {last}", message.turn_id)
        elif here not in ((last[0], last[1] + 1), (last[0] + 1, 0)):
            self.complain("lost", f"chunk {here} came directly behind {last}", message.turn_id)

    def _check_sound(self, message: Message, here: tuple[int, int], pcm: bytes) -> None:
        """Report a chunk that differs from the same chunk before a reload. The first one begins after the sample that
        was played last.
        """
        samples, heard = 0, message.played_before
        if heard is not None:
            message.played_before = None
            sentence, chunk, samples = heard
            if here not in ((sentence, chunk + 1), (sentence + 1, 0)):
                self.complain("wrong", f"chunk {here} came first, but played was {heard}", message.turn_id)
        known = message.sounds.setdefault(here, b"" if samples else pcm)
        if known[2 * samples :] != pcm:
            self.complain(
                "wrong", f"chunk {here} has {len(pcm)} bytes after {samples} samples of {len(known)}", message.turn_id
            )

    def _check_time(self, message: Message) -> None:
        """Report audio that comes before or after its time: in another epoch, or in the wrong order of replies."""
        if message.epoch < self.epoch:
            self.complain("disordered", f"sound of epoch {message.epoch} came in epoch {self.epoch}", message.turn_id)
        if message.sound_over and not message.may_end_again:
            self.complain("disordered", "sound came behind its audio_complete", message.turn_id)
        for earlier in self.turn(message.turn_id).messages:
            if earlier == message.message_id:
                break
            if not self.messages[earlier].sound_over:
                self.complain("disordered", "sound came before the reply in front of it was over", message.turn_id)

    def _known(self, frame: Mapping[str, Any]) -> Message | None:
        message = self.messages.get(frame["message_id"])
        if message is None:
            self.complain("disordered", f"{_shown(frame)} belongs to a message that has not begun", "")
        return message


def _order(entry_id: str) -> tuple[int, int]:
    ms, _, seq = entry_id.partition("-")
    return int(ms), int(seq)


def _shown(frame: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in frame.items() if name in ("type", "event_id", "epoch", "message_id", "id")}
    return str(shown)
