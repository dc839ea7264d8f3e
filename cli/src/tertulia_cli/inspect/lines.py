"""Formats an entry of any stream as one line: time, stream, speaker, content. Pure except for the remembered names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tertulia_cli.formatting import duration, printable, time_of_day
from tertulia_cli.inspect.snapshot import ts_of
from tertulia_cli.inspect.turns import BYTES_PER_S
from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, Fields, decode, decode_event
from tertulia_shared.entries import (
    STORE_WRITE_VERSION,
    TURN_CHANGE_VERSION,
    AudioChunk,
    DeadLetter,
    Interrupt,
    Receipt,
    StoreWrite,
    TTSSentence,
    UserTurn,
    Work,
)
from tertulia_shared.events import (
    Error,
    Event,
    HistoryChanged,
    Interrupted,
    ListeningStopped,
    LLMChunk,
    MessageComplete,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    Thinking,
    TranscriptionFinished,
    TranscriptionStabilized,
    TranscriptionUpdate,
    TurnAccepted,
    TurnComplete,
    TurnConfirmed,
    TurnExtended,
    TurnReopened,
    TurnStarted,
    Warn,
)

YOU: Final = "you"
SHORT_ID: Final = 8
WHO_WIDTH: Final = 8
STREAM_WIDTH: Final = 18


@dataclass(frozen=True, slots=True)
class StreamRef:
    """A stream. `kind` is the name in its key (`events`, `audio`, `work:tts`, …)."""

    kind: str
    conversation_id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A formatted entry. `ts`: ms since 1970; `who`: the speaker; `what`: the entry's type and content."""

    ts: int
    id: str
    stream: str
    conversation_id: str
    message_id: str
    who: str
    what: str


class LineFormatter:
    """Formats entries. It remembers the characters' names, because most events have only ids."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, message_id: str) -> str:
        """The name of a message's character; "" if unknown."""
        return self._names.get(message_id, "")

    def replies(self, entry: Entry) -> list[str]:
        """Ids of the messages that an event announces; remembers their names."""
        try:
            event = decode_event(entry.fields)
        except BadEntry:
            return []
        if isinstance(event, TurnStarted | TurnExtended):
            found = {str(each.get("message_id", "")): str(each.get("character_name", "")) for each in event.replies}
        elif isinstance(event, MessageStarted):
            found = {event.message_id: event.character_name}
        else:
            found = {}
        self._names |= found
        return list(found)

    def format(self, ref: StreamRef, entry: Entry) -> Line:
        """Format an entry."""
        try:
            who, what = self._describe(ref, entry)
        except BadEntry as error:
            who, what = "", f"cannot be read by this release: {error}"
        fields = entry.fields
        message_id = ref.message_id or fields.get(b"message_id", b"").decode(errors="replace")
        conversation_id = ref.conversation_id or fields.get(b"conversation_id", b"").decode(errors="replace")
        return Line(ts_of(fields), entry.id, ref.kind, conversation_id, message_id, who, what)

    def _describe(self, ref: StreamRef, entry: Entry) -> tuple[str, str]:
        if ref.kind == "events":
            self.replies(entry)
            return self._event(decode_event(entry.fields))
        stage = ref.kind.removeprefix("work:")
        if stage != ref.kind:
            return "", f"posted: {_target(decode(Work, entry.fields))}"
        return _FORMATTERS[ref.kind](self, entry.fields)

    def sentence(self, fields: Fields) -> tuple[str, str]:
        said = decode(TTSSentence, fields)
        self._names.setdefault(said.message_id, said.character_name)
        return said.character_name, "no more sentences" if said.is_final else f"sentence {said.index + 1} “{said.text}”"

    def audio(self, fields: Fields) -> tuple[str, str]:
        chunk = decode(AudioChunk, fields)
        whose = self.name(chunk.message_id)
        if chunk.is_final:
            return whose, "no more sound"
        ms = 1000 * len(chunk.audio) / BYTES_PER_S
        return whose, f"sound of sentence {chunk.sentence_index + 1}, chunk {chunk.chunk_index + 1}: {duration(ms)}"

    def receipt(self, fields: Fields) -> tuple[str, str]:
        receipt = decode(Receipt, fields)
        whose = self.name(receipt.message_id) or receipt.message_id
        return YOU, f"heard {whose} to sentence {receipt.sentence_index + 1}, {duration(receipt.played_ms)} in all"

    def _event(self, event: Event) -> tuple[str, str]:  # noqa: C901, PLR0911 - one case per event
        match event:
            case TurnAccepted():
                return YOU, f"{event.type}{' (tentative)' if event.tentative else ''} “{event.text}”"
            case TurnConfirmed() | TurnReopened():
                return YOU, event.type
            case TranscriptionUpdate() | TranscriptionStabilized() | TranscriptionFinished():
                return YOU, f"{event.type} “{event.text}”"
            case TurnStarted() | TurnExtended():
                names = ", ".join(str(each.get("character_name", "?")) for each in event.replies)
                return "", f"{event.type}: {names or 'no character'} will answer"
            case HistoryChanged():
                moved = f"{len(event.removed)} removed, {len(event.restored)} restored"
                return "", f"{event.type}: {event.change} {event.message_id}, {moved}"
            case Thinking() | MessageStarted() | MessageResumed() | MessageHeard() | LLMChunk():
                text = "" if isinstance(event, Thinking | MessageStarted) else f" “{event.text}”"
                return self.name(event.message_id), event.type + text
            case MessageComplete():
                return self.name(event.message_id), f"{event.type}: {event.status}, {len(event.text)} characters"
            case Error() | Warn():
                return "", f"{event.type} {event.code}: {event.message}"
            case Interrupted() | ListeningStopped():
                return YOU if isinstance(event, Interrupted) else "", f"{event.type} ({event.cause})"
            case TurnComplete():
                return "", event.type
            case _:
                return "", event.type


def as_text(line: Line, *, every_conversation: bool) -> str:
    """The line as text, without colour."""
    where = f"{line.conversation_id[:SHORT_ID]:<{SHORT_ID}} " if every_conversation else ""
    return printable(
        f"{time_of_day(line.ts, with_ms=True)} {where}{line.stream:<{STREAM_WIDTH}.{STREAM_WIDTH}} "
        f"{line.who:<{WHO_WIDTH}} {line.what}"
    ).rstrip()


def as_json(line: Line) -> Mapping[str, Any]:
    """The line for `--json`."""
    return asdict(line)


def _target(work: Work) -> str:
    if work.message_id:
        return f"message {work.message_id}"
    return f"listening session {work.session_id}" if work.session_id else "a conversation's turns"


def _turn(_: LineFormatter, fields: Fields) -> tuple[str, str]:
    turn = decode(UserTurn, fields, newest=TURN_CHANGE_VERSION)
    if turn.source == "request":
        return YOU, f"request for {f'at most {turn.replies} replies' if turn.replies else 'a reply'}"
    if turn.source == "change":
        return YOU, f"{turn.change} message {turn.message_id}"
    version = f", version {turn.version}" if turn.version else ""
    return YOU, f"{turn.source}{version}{' (tentative)' if turn.tentative else ''} “{turn.text}”"


def _control(_: LineFormatter, fields: Fields) -> tuple[str, str]:
    return YOU, f"interrupt ({decode(Interrupt, fields).cause})"


_KINDS: Final = {
    "message": "a message",
    "conversation": "a title",
    "settings": "settings",
    "delete": "the deletion of a withdrawn turn",
    "document": "a document",
    "delete_document": "the deletion of a document",
    "version": "a version of a message",
    "choose": "the choice of a version",
    "remove": "the removal of a message",
}


def _store(_: LineFormatter, fields: Fields) -> tuple[str, str]:
    kind = decode(StoreWrite, fields, newest=STORE_WRITE_VERSION).kind
    return "", f"waits for the store: {_KINDS.get(kind, kind)}"


def _dead(_: LineFormatter, fields: Fields) -> tuple[str, str]:
    letter = decode(DeadLetter, fields)
    return "", f"given up: {letter.stage} work {letter.work_id}: {letter.reason}"


_FORMATTERS: Final[Mapping[str, Callable[[LineFormatter, Fields], tuple[str, str]]]] = {
    "turns": _turn,
    "sentences": LineFormatter.sentence,
    "audio": LineFormatter.audio,
    "receipts": LineFormatter.receipt,
    "control": _control,
    "store": _store,
    "store:held": _store,
    "dead": _dead,
}
