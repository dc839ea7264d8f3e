"""Every kind of event for the client, in the order of a turn; each kind is a frozen class.

They travel through the conversation's `events` stream; its entry id is the `event_id` that `resume` takes. The client
gets them flat: `{"type": "llm_chunk", "text": …, "event_id": …}`. docs/protocol.md describes how a client handles each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

MessageStatus = Literal["streaming", "complete", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; `type` is the name on the wire."""

    type: ClassVar[str] = ""


# -- the conversation


@dataclass(frozen=True, slots=True)
class ConversationStarted(Event):
    """A conversation is open: new (`resumed` false) or resumed."""

    type: ClassVar[str] = "conversation_started"
    conversation_id: str
    resumed: bool = False
    demo: bool = False
    """The replies come from the built-in demo model, not from a language model."""
    heard: tuple[Mapping[str, Any], ...] = ()
    """The heard part of the current turn, for a client that resumes without the ids of its last event and frame: a list
    of {message_id, sentence_index, chunk_index, played_ms, complete}."""
    unused: bool = False
    """The conversation is resumed, but has no message yet: it is not in the store."""


@dataclass(frozen=True, slots=True)
class Characters(Event):
    """The characters, after they were read or changed in the store: id, name, voice, image, active."""

    type: ClassVar[str] = "characters"
    characters: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Error(Event):
    """An error for the client. `message` says what failed, what is allowed, and what to do."""

    type: ClassVar[str] = "error"
    code: str
    message: str
    turn_id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Warn(Event):
    """A warning for the client: something failed, but the conversation continues."""

    type: ClassVar[str] = "warning"
    code: str
    message: str


# -- listening (RealtimeSTT's nine callbacks)


@dataclass(frozen=True, slots=True)
class VadDetectStart(Event):
    """The recognizer waits for speech."""

    type: ClassVar[str] = "vad_detect_start"
    session_id: str


@dataclass(frozen=True, slots=True)
class VadDetectStop(Event):
    """The recognizer no longer waits for speech."""

    type: ClassVar[str] = "vad_detect_stop"
    session_id: str


@dataclass(frozen=True, slots=True)
class VadStart(Event):
    """Speech began."""

    type: ClassVar[str] = "vad_start"
    session_id: str


@dataclass(frozen=True, slots=True)
class VadStop(Event):
    """Speech ended."""

    type: ClassVar[str] = "vad_stop"
    session_id: str


@dataclass(frozen=True, slots=True)
class RecordingStart(Event):
    """An utterance is being recorded."""

    type: ClassVar[str] = "recording_start"
    session_id: str


@dataclass(frozen=True, slots=True)
class RecordingStop(Event):
    """The utterance's recording ended."""

    type: ClassVar[str] = "recording_stop"
    session_id: str


@dataclass(frozen=True, slots=True)
class TranscriptionUpdate(Event):
    """The hypothesis so far; it may change."""

    type: ClassVar[str] = "transcription_update"
    session_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionStabilized(Event):
    """The beginning of the hypothesis that is unlikely to change."""

    type: ClassVar[str] = "transcription_stabilized"
    session_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionFinished(Event):
    """The transcript of an utterance. With a `turn_id` it became a turn; without one (no words) it has no effect."""

    type: ClassVar[str] = "transcription_finished"
    session_id: str
    text: str
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class ListeningStarted(Event):
    """The answer to `start_listening`: the id of the new session. The gateway sends it to one connection."""

    type: ClassVar[str] = "listening_started"
    session_id: str


@dataclass(frozen=True, slots=True)
class ListeningStopped(Event):
    """The listening session is over; `cause` is "stopped", "abandoned", "idle" or "failed"."""

    type: ClassVar[str] = "listening_stopped"
    session_id: str
    cause: str


# -- the turn


@dataclass(frozen=True, slots=True)
class TurnAccepted(Event):
    """The user's message is stored and will be answered.

    The gateway holds the event of a `tentative` turn, and all events after it, until `TurnConfirmed`.
    """

    type: ClassVar[str] = "turn_accepted"
    turn_id: str
    text: str
    source: Literal["typed", "spoken", "request", "change"]
    tentative: bool = False


@dataclass(frozen=True, slots=True)
class TurnConfirmed(Event):
    """A tentative turn is certain. Only for the gateway."""

    type: ClassVar[str] = "turn_confirmed"
    turn_id: str


@dataclass(frozen=True, slots=True)
class TurnReopened(Event):
    """The user continues the turn: its replies so far are withdrawn, and the client removes them.

    The turn comes again later, with its whole text and the same id.
    """

    type: ClassVar[str] = "turn_reopened"
    turn_id: str


@dataclass(frozen=True, slots=True)
class TurnStarted(Event):
    """The characters that answer, in order: a list of {message_id, character_id, character_name, reason}.

    `reason` says why a character answers: "named" (the text names it) or "everyone" (the text names no character). An
    older release's events lack it.
    """

    type: ClassVar[str] = "turn_started"
    turn_id: str
    replies: tuple[Mapping[str, Any], ...]
    quiet: bool = False
    """True if the message only asks to be quiet: no character answers."""


@dataclass(frozen=True, slots=True)
class TurnExtended(Event):
    """More replies of a turn, because the characters talk among themselves: a list as in `TurnStarted`."""

    type: ClassVar[str] = "turn_extended"
    turn_id: str
    replies: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Answering(Event):
    """Who answers in this conversation.

    The answer to the command of the same name; it is in no stream. See `answering.AnsweringRules`.
    """

    type: ClassVar[str] = "answering"
    mode: str | None = None
    muted: tuple[str, ...] = ()
    discussion: int = 0
    default_mode: str = ""
    """The server's default for `mode`. An older gateway does not send it."""


@dataclass(frozen=True, slots=True)
class CastChanged(Event):
    """The characters at the table of this conversation.

    It is in the stream after a change; the answer to a query is in no stream.
    """

    type: ClassVar[str] = "cast"
    characters: tuple[str, ...] | None = None
    """The ids of the characters at the table, in order; None: all active characters."""
    told: bool = False
    """The characters are told what was said while they were not at the table."""


@dataclass(frozen=True, slots=True)
class SummaryChanged(Event):
    """The summary of the messages that left the prompt. See `conversation_summary.Summary`."""

    type: ClassVar[str] = "summary"
    text: str = ""
    covers: int = 0
    """The position of the last message that it covers; 0: none."""
    made_at: int = 0
    """When it was changed, in ms since 1970."""
    edited: bool = False
    off: bool = False
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class LorebookChanged(Event):
    """The conversation has another lorebook, from the next turn on."""

    type: ClassVar[str] = "lorebook"
    revision: str = ""
    """"": the conversation has no lorebook."""
    entries: int = 0
    """How many entries it has."""


@dataclass(frozen=True, slots=True)
class LoreUsed(Event):
    """The entries of lorebooks in the prompt of a reply, without their texts. It comes before the reply's text.

    Not sent if there are none. A worker that takes the reply over sends it again.
    """

    type: ClassVar[str] = "lore_used"
    message_id: str
    entries: tuple[Mapping[str, str], ...] = ()
    """Each {name, source: "conversation" or "character"}, in the order of the prompt; at most 50."""
    left_out: tuple[str, ...] = ()
    """The names of entries that did not fit into the budget; at most 20."""


@dataclass(frozen=True, slots=True)
class PersonaChanged(Event):
    """Who the user is in this conversation, from its next turn on.

    Also the answer to an empty command `persona`; then it is in no stream. Without a persona all fields are "".
    """

    type: ClassVar[str] = "persona"
    persona_id: str = ""
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class NoteChanged(Event):
    """The author's note of this conversation, from its next turn on. `depth`: how many messages follow the note.

    Also the answer to an empty command `note`; then it is in no stream.
    """

    type: ClassVar[str] = "note"
    text: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class UserName(Event):
    """The name that the characters call the user by in this conversation.

    The answer to the command of the same name; it is in no stream.
    """

    type: ClassVar[str] = "user_name"
    name: str = ""
    """"": the server's default."""
    default_name: str = ""


@dataclass(frozen=True, slots=True)
class Thinking(Event):
    """The model reasons before the words of a reply. It may come again if the model is asked again."""

    type: ClassVar[str] = "thinking"
    message_id: str
    turn_id: str
    character_id: str
    character_name: str


@dataclass(frozen=True, slots=True)
class MessageStarted(Event):
    """A character begins to answer."""

    type: ClassVar[str] = "message_started"
    message_id: str
    turn_id: str
    character_id: str
    character_name: str


@dataclass(frozen=True, slots=True)
class LLMChunk(Event):
    """The next part of a reply's text, in the form that is displayed."""

    type: ClassVar[str] = "llm_chunk"
    text: str
    character_id: str
    message_id: str
    sentence_ends: tuple[int, ...] = ()
    """The sentence ends that are now certain: offsets (exclusive, in code points) in the message's whole text."""


@dataclass(frozen=True, slots=True)
class MessageResumed(Event):
    """Another worker continues the reply: `text` is the whole text so far and replaces all earlier chunks."""

    type: ClassVar[str] = "message_resumed"
    message_id: str
    character_id: str
    text: str
    sentence_ends: tuple[int, ...] = ()
    """All sentence ends of `text`."""


@dataclass(frozen=True, slots=True)
class MessageComplete(Event):
    """A reply's text has ended; `status` says whether it is complete."""

    type: ClassVar[str] = "message_complete"
    message_id: str
    character_id: str
    text: str
    status: MessageStatus = "complete"
    usage: Mapping[str, int | float] = field(default_factory=dict[str, int | float])
    """The usage that the model server reported (see `usage`)."""
    sentence_ends: tuple[int, ...] = ()
    """All sentence ends of `text`."""


@dataclass(frozen=True, slots=True)
class MessageHeard(Event):
    """A reply was cut off: the heard part of its text, which is the part that the characters remember."""

    type: ClassVar[str] = "message_heard"
    message_id: str
    character_id: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryChanged(Event):
    """Messages left the table of this conversation, or came back to it.

    `change`: "replaced" (the message `message_id`, which begins now, takes the place of the first removed one),
    "chosen" (the version `message_id` came back), or "removed" (the message `message_id` was deleted).
    """

    type: ClassVar[str] = "history_changed"
    turn_id: str
    change: Literal["replaced", "chosen", "removed"]
    message_id: str
    removed: tuple[str, ...] = ()
    """The ids of the messages that left the table, in order."""
    restored: tuple[Mapping[str, Any], ...] = ()
    """The messages that came back, in order: id, turn_id, role, character_id, character_name, text, unheard, status,
    position, replaces, created_at (ms since 1970), versions."""
    reload: bool = False
    """True if `removed` or `restored` lacks some: the client reads the conversation again."""
    versions: tuple[Sequence[str], ...] = ()
    """Groups of versions that changed: the ids of each group, in order."""


@dataclass(frozen=True, slots=True)
class TurnComplete(Event):
    """All replies' texts are complete; sound may still follow."""

    type: ClassVar[str] = "turn_complete"
    turn_id: str


@dataclass(frozen=True, slots=True)
class AudioComplete(Event):
    """A message's last chunk has been sent. The gateway sends it in order with the binary frames (no `event_id`)."""

    type: ClassVar[str] = "audio_complete"
    message_id: str
    character_id: str


@dataclass(frozen=True, slots=True)
class Interrupted(Event):
    """The replies were interrupted: flush the sound. The envelope has the new epoch."""

    type: ClassVar[str] = "interrupted"
    cause: Literal["turn", "request"]


@dataclass(frozen=True, slots=True)
class TurnMetrics(Event):
    """Where a turn's time went, in ms since the user's message (see docs/protocol.md)."""

    type: ClassVar[str] = "turn_metrics"
    turn_id: str
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])


EVENTS: Mapping[str, type[Event]] = {
    event.type: event
    for event in (
        ConversationStarted, Characters, Error, Warn,
        VadDetectStart, VadDetectStop, VadStart, VadStop, RecordingStart, RecordingStop,
        TranscriptionUpdate, TranscriptionStabilized, TranscriptionFinished, ListeningStarted, ListeningStopped,
        TurnAccepted, TurnConfirmed, TurnReopened, TurnStarted, TurnExtended, Answering, CastChanged,
        SummaryChanged, PersonaChanged, NoteChanged, LorebookChanged, UserName, LoreUsed, Thinking, MessageStarted,
        LLMChunk, MessageResumed, MessageComplete, MessageHeard, HistoryChanged, TurnComplete, AudioComplete,
        Interrupted, TurnMetrics,
    )
}  # fmt: skip
"""The class of each event, by its name on the wire."""
