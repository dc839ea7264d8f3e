"""Every kind of entry that one service writes into a stream for another; each kind is a frozen class.

Events for the client are in `events`. On the wire each entry also has `v` (schema version), `ts` (ms since 1970, the
writer's clock) and `epoch` (the interruption counter it belongs to): see `codec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from tertulia_shared.ids import reply_id, turn_ref

NEWEST_VERSION = 3
"""The schema version of entries that an older release would get wrong, although this release does not write all entries
in it (see `codec.decode`). It is the highest one that this release reads.
"""
SAMPLE_RATE_IN = 16_000
"""Hz of microphone PCM (signed 16-bit little-endian mono)."""
SAMPLE_RATE_OUT = 24_000
"""Hz of speech PCM (signed 16-bit little-endian mono)."""
NOBODY = "nobody"
"""`UserTurn.to` of a message that no character shall answer."""
TALKATIVENESS, MAX_TALKATIVENESS = 50, 100
"""A character's talkativeness unless it has its own, and the highest one."""
MIN_SPEED, MAX_SPEED = 0.5, 2.0
"""The range of a character's speed, as a factor of its voice's own speed."""
MAX_PITCH = 6.0
"""The range of a character's pitch is from `-MAX_PITCH` to this, in semitones from its voice's own pitch."""
STORE_WRITE_VERSION = 3
"""The schema version of a `StoreWrite` of the kinds "version", "delete", "choose", "remove", "document" and
"delete_document", and of long settings.

An older release, which does not know these kinds and refuses such settings, defers the write to a worker of this
release."""
TURN_VERSION = 2
"""The schema version of a `UserTurn` whose `version` is above 0.

An older release would take it for a repetition of the turn, and would not answer it."""
TURN_CHANGE_VERSION = 3
"""The schema version of a `UserTurn` that changes the past, the highest one that this release reads.

An older release, which would answer it like any turn, leaves it to a worker of this release."""
MAX_SENTENCES = 100_000
"""An upper bound on a reply's sentences: no worker writes an entry of `audio` with a higher index."""


@dataclass(frozen=True, slots=True)
class Work:
    """A pointer on a work stream to the stream that the worker consumes.

    llm: the conversation's turns. tts: one message's sentences. stt: one listening session's microphone.

    `voice_id`: the voice that the message needs; "" if an older release wrote the entry, or for another stage.

    `turn_id`: the turn that the pointer was posted for, for logs; "" if it is unknown, or an older release wrote it.
    """

    conversation_id: str
    message_id: str = ""
    session_id: str = ""
    voice_id: str = ""
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class MicChunk:
    """PCM from the client's microphone (`SAMPLE_RATE_IN`), or the end of a session.

    `cause` of an end: "stopped" (transcribe the rest) or "abandoned" (the client is gone).
    """

    pcm: bytes
    is_final: bool = False
    cause: Literal["", "stopped", "abandoned"] = ""


@dataclass(frozen=True, slots=True)
class UserTurn:
    """One message of the user, typed or spoken; or a request for a reply without a message (`source` "request"); or a
    choice or a deletion of a message, which nobody answers (`source` "change").

    A spoken turn that the user continues before any sound of the reply was heard is written again, with the same
    `turn_id`, the whole text, and the next `version`. The earlier versions are withdrawn (see
    `conversation_writes.reopen_turn`).
    """

    turn_id: str
    conversation_id: str
    text: str
    source: Literal["typed", "spoken", "request", "change"]
    version: int = 0
    tentative: bool = False
    """True if the turn was written at a pause that may not be its end: see `conversation_writes.accept_turn`."""
    to: str = ""
    """The ids of the characters that the user asks to answer, separated by commas; `NOBODY` if none shall answer; "" if
    the text decides."""
    replies: int = 0
    """Above 0: the user asks the characters to talk among themselves, and to give at most this many replies."""
    greeting: str = ""
    """The text that the first character in `to` says instead of a reply of the model: a greeting of its card, with its
    macros. "": the model replies. An older release lets the model reply."""
    change: Literal["", "edit", "again", "after", "choose", "delete"] = ""
    """What the turn changes of the past: its text takes the place of the user's message `message_id` ("edit"); a reply
    takes the place of the reply `message_id` ("again"), or of what followed it ("after"); the version `message_id`
    comes back to the table ("choose"); the message `message_id` is removed ("delete")."""
    message_id: str = ""

    @property
    def ref(self) -> str:
        """Names this version of the turn."""
        return turn_ref(self.turn_id, self.version)


@dataclass(frozen=True, slots=True)
class TTSSentence:
    """A sentence to be spoken. The final entry of a message has no text and marks the end.

    `speed` and `pitch` are the character's (see `Speaker`). An engine that cannot change them ignores them.
    """

    text: str
    index: int
    conversation_id: str
    message_id: str
    character_id: str
    character_name: str
    voice_id: str
    is_final: bool = False
    speed: float = 1.0
    pitch: float = 0.0


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A chunk of speech (`SAMPLE_RATE_OUT`). The final entry of a message has no audio and marks the end.

    `text_at`: after this chunk, at least so many characters of the sentence have been spoken. Engines that cannot make
    the same sound again write it; a worker that takes the message over continues there. The others write it only in a
    sentence's last chunk.

    `begins_at`: the sample of the sentence with which this chunk begins. Chunks have different lengths, so a worker
    that takes the message over needs it. 0 in a chunk that is not a sentence's first: an older release wrote it, whose
    chunks had two fixed lengths.

    `engine`: the speech engine; "" in an entry of an older release.
    """

    audio: bytes
    sentence_index: int
    chunk_index: int
    conversation_id: str
    message_id: str
    character_id: str
    is_final: bool = False
    text_at: int = 0
    begins_at: int = 0
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The user interrupted: work with an epoch below the epoch of this entry stops.

    `cause` "reopened": the user continues a turn that seemed to be complete.
    """

    cause: Literal["turn", "request", "reopened"]


@dataclass(frozen=True, slots=True)
class Refresh:
    """Characters or settings changed in the store: read them again."""

    what: Literal["characters"] = "characters"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A gateway asks an llm worker about the model server.

    `kind`: "describe" (the connection in use), "find" (servers on this machine), "list" (the models of `address`),
    "connect" (use `model` of `address`, and keep it), "forget" (delete what was kept). The worker ignores a request
    whose deadline (ms since 1970) has passed. `sealed_key`: the server's key, readable by that worker alone (see
    `sealing`); if empty, the kept key is used, but only for the address that it was kept for.
    """

    request_id: str
    kind: str
    deadline_ms: int
    address: str = ""
    model: str = ""
    sealed_key: bytes = b""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The answer to a `ModelRequest`: `body` is a JSON object; or `code` and `message` say what failed."""

    body: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class VoiceClip:
    """A voice made from a recording, without its sound: what an engine that clones needs to know.

    `id` is the voice's id (see `voice_clips`), `language` a BCP 47 tag, `transcript` what is said in the recording.
    """

    id: str
    name: str
    language: str
    transcript: str


@dataclass(frozen=True, slots=True)
class VoiceClips:
    """All voices made from recordings, each as the fields of `VoiceClip`. An entry replaces the one before it."""

    clips: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The client has played a message up to the end of this chunk, and `next_samples` samples after it.

    `played_ms`: the total length of its played sound.
    """

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int
    next_samples: int = 0


@dataclass(frozen=True, slots=True)
class StoreWrite:
    """A write that the store may not have yet: `row` is msgpack of the title, the message or the settings.

    "version" is a message that replaces another one. "delete" deletes messages; `row` is msgpack of `turn_id` and
    `positions`. "choose" brings the version `message_id` back to the table; `row` is msgpack of `before`. "remove"
    removes the message `message_id`. "document" saves a document of the conversation, "delete_document" deletes one;
    `row` is msgpack of `kind` and `id`, and of `content` and `updated_at` if it is saved. These six are written in the
    schema version `STORE_WRITE_VERSION`.
    """

    kind: Literal[
        "conversation", "message", "version", "settings", "delete", "choose", "remove", "document", "delete_document"
    ]
    conversation_id: str
    message_id: str = ""
    row: bytes = b""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Work that was given up.

    `entry`: the whole entry, if it is in no stream: msgpack of its raw fields (bytes to bytes), so that it can be
    written again. `turn_id`: the turn that was given up with the work; it may be later than the one that the pointer
    was posted for.
    """

    stage: str
    work_id: str
    attempts: int
    reason: str
    conversation_id: str = ""
    message_id: str = ""
    session_id: str = ""
    entry: bytes = b""
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The model's settings that a client may change. `None`: the server's default."""

    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    min_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None

    def to_wire(self) -> dict[str, str | float | None]:
        """All settings by their names. Every turn needs this several times, and `asdict` takes ten times as long."""
        return {name: getattr(self, name) for name in _SETTINGS}


_SETTINGS = tuple(field.name for field in fields(ModelSettings))


@dataclass(frozen=True, slots=True)
class CardPrompt:
    """The parts of a character card that go into the character's prompts, with their macros. Empty without a card."""

    instructions: str = ""
    """The card's system prompt."""
    personality: str = ""
    scenario: str = ""
    examples: str = ""
    post_history: str = ""
    nickname: str = ""
    """Replaces the name in `{{char}}`."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A character as it was at the start of the turn: a worker that repeats the turn uses the same prompt and voice."""

    id: str
    name: str
    voice: str
    system_prompt: str
    image: str = ""
    settings: ModelSettings = ModelSettings()
    """This character's own model settings; a setting that is missing here is taken from the plan."""
    talkativeness: int = TALKATIVENESS
    """How often this character answers a remark that is addressed to no one: 0 (never) to 100."""
    speed: float = 1.0
    """A factor of the voice's own speed."""
    pitch: float = 0.0
    """Semitones from the voice's own pitch."""
    card: CardPrompt = CardPrompt()
    """The parts of its character card that go into its prompts."""

    def to_wire(self) -> dict[str, Any]:
        """Return a structure of plain values, for msgpack, without values that are defaults."""
        wire: dict[str, Any] = {name: getattr(self, name) for name in _SPOKEN}
        for name, value in _USUAL.items():
            if wire[name] == value:
                del wire[name]
        if "settings" in wire:
            wire["settings"] = self.settings.to_wire()
        if "card" in wire:
            wire["card"] = {name: part for name, part in asdict(self.card).items() if part}
        return wire


_SPOKEN = tuple(field.name for field in fields(Speaker))
_USUAL: Mapping[str, object] = {
    "settings": ModelSettings(), "talkativeness": TALKATIVENESS, "speed": 1.0, "pitch": 0.0, "card": CardPrompt()
}  # fmt: skip
"""The values that are left out."""
_OMITTED_IF_EMPTY = frozenset(
    {
        "version",
        "reasons",
        "max_replies",
        "participants",
        "quiet",
        "cut_at",
        "removed",
        "replaces",
        "versions",
    }
)


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """The characters that answer a turn, in order, and the settings. Kept in the state during the turn.

    If the characters talk among themselves, a character may be in `speakers` more than once, and `speakers` grows
    while the turn is answered, to at most `max_replies`.
    """

    turn_id: str
    entry_id: str
    epoch: int
    speakers: tuple[Speaker, ...]
    settings: ModelSettings
    others: tuple[str, ...] = ()
    """Names of all active characters, for the prompt."""
    version: int = 0
    """The version of the turn."""
    reasons: tuple[str, ...] = ()
    """Why each of `speakers` answers: the `reason` in `turn_started`. An older release's plan has none."""
    max_replies: int = 0
    """Above 0: the characters talk among themselves, and give at most this many replies."""
    participants: tuple[str, ...] = ()
    """The ids of the characters that talk among themselves; if empty, all active characters do."""
    quiet: bool = False
    """True if the message only asks to be quiet: no character answers."""
    cut_at: int = 0
    """If the turn changes the past: messages from this position on, up to the turn's own, leave the table."""
    removed: tuple[str, ...] = ()
    """The ids of these messages, in order; the turn's first new message takes the place of the first of them. Empty: no
    message leaves the table.
    """
    replaces: str = ""
    """The `replaces` of the turn's first new message."""
    versions: tuple[str, ...] = ()
    """The ids of its other versions, in order, as far as they are known."""

    @property
    def ref(self) -> str:
        """Names the version of the turn that this plan is for (see `UserTurn.ref`)."""
        return turn_ref(self.turn_id, self.version)

    def message_id(self, number: int) -> str:
        """The id of the planned reply with this number (from 0)."""
        speaker_id = self.speakers[number].id
        nth = sum(speaker.id == speaker_id for speaker in self.speakers[:number])
        return reply_id(self.turn_id, speaker_id, version=self.version, nth=nth)

    @property
    def message_ids(self) -> list[str]:
        """The ids of the planned replies, in order."""
        return [self.message_id(number) for number in range(len(self.speakers))]

    def to_wire(self) -> dict[str, Any]:
        """Return a structure of plain values, for msgpack, without defaults; `codec.known` is the reverse."""
        wire: dict[str, Any] = {name: getattr(self, name) for name in _PLANNED}
        wire |= {"speakers": [speaker.to_wire() for speaker in self.speakers], "settings": self.settings.to_wire()}
        return {name: value for name, value in wire.items() if value or name not in _OMITTED_IF_EMPTY}


_PLANNED = tuple(field.name for field in fields(TurnPlan))
