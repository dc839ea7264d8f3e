"""What happened when, from the clock readings in the entries themselves. No I/O; times are ms since 1970.

A step that several processes take part in is timed by several clocks: on one machine that is one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tertulia_cli.inspect.recording import OpenWork, Piece, Recording
from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, decode_event, envelope
from tertulia_shared.entries import SAMPLE_RATE_OUT, DeadLetter
from tertulia_shared.events import (
    Error,
    Event,
    Interrupted,
    LLMChunk,
    MessageComplete,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TranscriptionFinished,
    TurnAccepted,
    TurnComplete,
    TurnStarted,
    VadStop,
)

BYTES_PER_S: Final = SAMPLE_RATE_OUT * 2


@dataclass(slots=True)
class Sentence:
    """One sentence: when it was written, when its sound began and was complete, how long it sounds."""

    index: int
    text: str
    written: int
    first_sound: int | None = None
    last_sound: int | None = None
    chunks: int = 0
    pcm_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Length of its sound so far."""
        return self.pcm_bytes / BYTES_PER_S


@dataclass(slots=True)
class Message:
    """One reply."""

    message_id: str
    name: str
    started: int | None = None
    first_text: int | None = None
    text_complete: int | None = None
    sound_complete: int | None = None
    status: str = "not begun"
    text: str = ""
    heard: str | None = None
    resumed: int = 0
    sentences: dict[int, Sentence] = field(default_factory=dict[int, Sentence])

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The steps that were taken, by name and time."""
        first = self.sentences.get(0)
        steps = (
            ("started", self.started),
            ("first text", self.first_text),
            ("first sentence", first.written if first else None),
            ("first sound", first.first_sound if first else None),
            ("text complete", self.text_complete),
            ("sound complete", self.sound_complete),
        )
        return sorted(((name, at) for name, at in steps if at is not None), key=lambda step: step[1])


@dataclass(slots=True)
class Turn:
    """One turn. `zero` is what its times are counted from: the end of the user's speech, or the typed message."""

    turn_id: str
    text: str
    source: str
    epoch: int
    accepted: int
    speech_end: int | None = None
    transcript: int | None = None
    started: int | None = None
    complete: int | None = None
    interrupted: bool = False
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    errors: list[str] = field(default_factory=list[str])

    @property
    def zero(self) -> int:
        """See above."""
        return self.accepted if self.speech_end is None else self.speech_end

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The steps before the first reply, by name and time."""
        steps = (
            ("speech ended", self.speech_end),
            ("transcribed", self.transcript),
            ("turn accepted", self.accepted),
            ("turn started", self.started),
        )
        return [(name, at) for name, at in steps if at is not None]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A conversation's turns in order, and what is open or given up of it."""

    conversation_id: str
    now_ms: int
    epoch: int
    demo: bool
    turns: tuple[Turn, ...]
    waiting: tuple[str, ...]
    """Ids of turns that nobody has begun to answer."""
    open_work: tuple[OpenWork, ...]
    dead: tuple[tuple[int, DeadLetter], ...]


def build(recording: Recording) -> Timeline:
    """The timeline of what was recorded. Entries that this release cannot read are left out."""
    builder = _Builder()
    demo = any(entry.fields.get(b"demo") == b"1" for entry in recording.events[:1])
    for entry in recording.events:
        try:
            builder.event(decode_event(entry.fields), envelope(entry.fields).ts, envelope(entry.fields).epoch)
        except BadEntry:
            continue
    for message in builder.messages.values():
        _add_sentences(message, recording.sentences.get(message.message_id, ()))
        _add_sound(message, recording.audio.get(message.message_id, ()))
    return Timeline(
        recording.conversation_id,
        recording.now_ms,
        int(recording.state.get(b"epoch", b"0")),
        demo,
        tuple(builder.turns.values()),
        tuple(id for id in _turn_ids(recording.turns) if id not in builder.begun),
        tuple(recording.open_work),
        tuple(recording.dead),
    )


class _Builder:
    """Fed with the events in order."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}
        self.messages: dict[str, Message] = {}
        self.begun: set[str] = set()
        self._speech_end: int | None = None
        self._spoken: dict[str, tuple[int | None, int]] = {}

    def event(self, event: Event, ts: int, epoch: int) -> None:
        """The next one."""
        match event:
            case VadStop():
                self._speech_end = ts
            case TranscriptionFinished(turn_id=turn_id) if turn_id:
                self._transcribed(turn_id, ts)
            case TurnAccepted():
                self._accepted(event, ts, epoch)
            case Interrupted():
                for turn in self.turns.values():
                    turn.interrupted = turn.interrupted or (turn.complete is None and turn.epoch < epoch)
            case _:
                self._of_a_turn(event, ts)

    def _transcribed(self, turn_id: str, ts: int) -> None:
        self._spoken[turn_id] = self._speech_end, ts
        if turn_id in self.turns:
            self.turns[turn_id].speech_end, self.turns[turn_id].transcript = self._spoken[turn_id]

    def _accepted(self, event: TurnAccepted, ts: int, epoch: int) -> None:
        if event.turn_id not in self.turns:
            speech_end, transcript = self._spoken.get(event.turn_id, (None, None))
            self.turns[event.turn_id] = Turn(
                event.turn_id, event.text, event.source, epoch, ts, speech_end=speech_end, transcript=transcript
            )

    def _of_a_turn(self, event: Event, ts: int) -> None:
        match event:
            case TurnStarted(turn_id=turn_id) if turn_id in self.turns:
                self.begun.add(turn_id)
                turn = self.turns[turn_id]
                turn.started = turn.started or ts
                for reply in event.replies:
                    self._message(turn, reply)
            case TurnComplete(turn_id=turn_id) if turn_id in self.turns:
                self.begun.add(turn_id)
                self.turns[turn_id].complete = ts
            case Error() if event.turn_id in self.turns:
                self.turns[event.turn_id].errors.append(f"{event.message} [{event.code}]")
            case Error() if event.message_id in self.messages:
                turn = next(turn for turn in self.turns.values() if event.message_id in turn.messages)
                turn.errors.append(f"{event.message} [{event.code}]")
            case MessageStarted() | LLMChunk() | MessageResumed() | MessageComplete() | MessageHeard():
                message = self.messages.get(event.message_id)
                if message is not None:
                    _tell(message, event, ts)
            case _:
                pass

    def _message(self, turn: Turn, reply: Mapping[str, Any]) -> None:
        message_id = str(reply.get("message_id", ""))
        if message_id not in turn.messages:
            message = Message(message_id, str(reply.get("character_name", "?")))
            turn.messages[message_id] = self.messages[message_id] = message


def _tell(message: Message, event: Event, ts: int) -> None:
    match event:
        case MessageStarted():
            message.started = message.started or ts
            message.status = "streaming"
        case LLMChunk():
            message.first_text = message.first_text or ts
            message.text += event.text
        case MessageResumed():
            message.resumed += 1
            message.text = event.text
        case MessageComplete():
            message.text_complete = ts
            message.status = event.status
            message.text = event.text
        case MessageHeard():
            message.heard = event.text
        case _:
            pass


def _add_sentences(message: Message, entries: Sequence[Entry]) -> None:
    for entry in entries:
        fields = entry.fields
        if fields.get(b"is_final") != b"1":
            index = int(fields.get(b"index", b"0"))
            message.sentences[index] = Sentence(
                index, fields.get(b"text", b"").decode(errors="replace"), int(fields.get(b"ts", b"0"))
            )


def _add_sound(message: Message, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        if piece.is_final:
            message.sound_complete = piece.ts
            continue
        sentence = message.sentences.setdefault(piece.sentence_index, Sentence(piece.sentence_index, "", piece.ts))
        sentence.first_sound = piece.ts if sentence.first_sound is None else sentence.first_sound
        sentence.last_sound = piece.ts
        sentence.chunks += 1
        sentence.pcm_bytes += piece.pcm_bytes


def _turn_ids(entries: Sequence[Entry]) -> list[str]:
    return [entry.fields.get(b"turn_id", b"").decode(errors="replace") for entry in entries]
