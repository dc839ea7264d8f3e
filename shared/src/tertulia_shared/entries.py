"""Every kind of entry that one service writes into a stream for another; each kind is a frozen class.

Events for the client are in `events`. On the wire each entry also has `v` (schema version), `ts` (ms since 1970, the
writer's clock) and `epoch` (the interruption counter it belongs to): see `codec`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

SAMPLE_RATE_IN = 16_000
"""Hz of microphone PCM (signed 16-bit little-endian mono)."""
SAMPLE_RATE_OUT = 24_000
"""Hz of speech PCM (signed 16-bit little-endian mono)."""
MAX_SENTENCES = 100_000
"""An upper bound on a reply's sentences: no worker writes an entry of `audio` with a higher index."""


@dataclass(frozen=True, slots=True)
class Work:
    """A pointer on a work stream to the stream that the worker consumes.

    llm: the conversation's turns. tts: one message's sentences. stt: one listening session's microphone.
    """

    conversation_id: str
    message_id: str = ""
    session_id: str = ""


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
    """One message of the user, typed or spoken."""

    turn_id: str
    conversation_id: str
    text: str
    source: Literal["typed", "spoken"]


@dataclass(frozen=True, slots=True)
class TTSSentence:
    """A sentence to be spoken. The final entry of a message has no text and marks the end."""

    text: str
    index: int
    conversation_id: str
    message_id: str
    character_id: str
    character_name: str
    voice_id: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A chunk of speech (`SAMPLE_RATE_OUT`). The final entry of a message has no audio and marks the end."""

    audio: bytes
    sentence_index: int
    chunk_index: int
    conversation_id: str
    message_id: str
    character_id: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The user interrupted: work with an epoch below the epoch of this entry stops."""

    cause: Literal["turn", "request"]


@dataclass(frozen=True, slots=True)
class Refresh:
    """Characters or settings changed in the store: read them again."""

    what: Literal["characters"] = "characters"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The client has played a message up to this chunk; `played_ms`: the total length of its played sound."""

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int


@dataclass(frozen=True, slots=True)
class StoreWrite:
    """A write that the store may not have yet: `row` is msgpack of the title, the message or the settings."""

    kind: Literal["conversation", "message", "settings"]
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

    def to_wire(self) -> dict[str, Any]:
        """Return a structure of plain values, for msgpack, without settings that are all defaults."""
        wire = asdict(self)
        if self.settings == ModelSettings():
            del wire["settings"]
        return wire


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """The characters that answer a turn, in order, and the settings. Kept in the state during the turn."""

    turn_id: str
    entry_id: str
    epoch: int
    speakers: tuple[Speaker, ...]
    settings: ModelSettings
    others: tuple[str, ...] = ()
    """Names of all active characters, for the prompt."""

    def to_wire(self) -> dict[str, Any]:
        """Return a structure of plain values, for msgpack; `codec.known` is the reverse."""
        return {**asdict(self), "speakers": [speaker.to_wire() for speaker in self.speakers]}
