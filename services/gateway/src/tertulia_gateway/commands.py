"""The client's commands, one frozen class each, and `Problem`, which says why a command has failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tertulia_shared.entries import Receipt


@dataclass(frozen=True, slots=True)
class Problem:
    """A refused frame or a failed command. The client gets it as an `error` event."""

    code: str
    message: str
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class UserMessage:
    """Begins a turn. `turn_id` is "" if the client sent no id.

    `to`: as in `UserTurn.to`. `replaces`: the id of a message of the user whose place this one takes.
    """

    text: str
    turn_id: str = ""
    to: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class RequestReply:
    """Asks for a reply without a message of the user. `turn_id` is "" if the client sent no id.

    `character_id`: who shall answer; "": the last speaker goes on. `replies`: above 0, the characters talk among
    themselves, and give at most this many replies. `greeting`: above 0, the character says this greeting of its card.
    `replaces`: the id of a reply whose place the new one takes. `after`: the id of a reply whose speaker goes on; what
    followed it is set aside.
    """

    character_id: str = ""
    turn_id: str = ""
    replies: int = 0
    greeting: int = 0
    replaces: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ChangeMessage:
    """Brings the version `message_id` of a message back to the table ("choose"), or deletes the message ("delete").

    `turn_id` is "" if the client sent no id.
    """

    change: Literal["choose", "delete"]
    message_id: str
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeAnswering:
    """Changes who answers; rules that are not in the mapping keep their values."""

    changes: Mapping[str, Any]

    @property
    def is_query(self) -> bool:
        """True if nothing is to be changed."""
        return not self.changes


@dataclass(frozen=True, slots=True)
class ChangeCast:
    """Changes which characters sit at the table.

    `characters`: their ids in order; None: all active characters. `told`: see `Cast.told`; None: no change. If
    `has_characters` is False, the characters at the table stay as they are.
    """

    characters: tuple[str, ...] | None = None
    told: bool | None = None
    has_characters: bool = True

    @property
    def is_query(self) -> bool:
        """True if nothing is to be changed."""
        return not self.has_characters and self.told is None


@dataclass(frozen=True, slots=True)
class ChangeUserName:
    """Changes the name that the characters call the user by. "": the server's default; None: no change, a query."""

    name: str | None


@dataclass(frozen=True, slots=True)
class ChangePersona:
    """Changes who the user is in this conversation. "": no persona; None: no change, a query."""

    persona_id: str | None


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """Changes the author's note. None: no change; a note without a text is none."""

    text: str | None = None
    depth: int | None = None

    @property
    def is_query(self) -> bool:
        """True if nothing is to be changed."""
        return self.text is None and self.depth is None


@dataclass(frozen=True, slots=True)
class StartListening:
    """Begins a listening session; binary frames of PCM follow."""


@dataclass(frozen=True, slots=True)
class StopListening:
    """Ends the listening session. Its audio is still transcribed."""


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Changes model settings; the value `None` restores the model's default. Settings that are not in the mapping keep
    their values.
    """

    changes: Mapping[str, str | float | int | None]

    @property
    def is_query(self) -> bool:
        """True if nothing is to be changed."""
        return not self.changes


@dataclass(frozen=True, slots=True)
class RefreshCharacters:
    """Makes the workers reload the characters, and requests the list of characters."""


@dataclass(frozen=True, slots=True)
class NewConversation:
    """Closes the open conversation and creates another."""


@dataclass(frozen=True, slots=True)
class AudioMark:
    """Identifies the last audio frame that a client has."""

    message_id: str
    id: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Resumes a conversation after the last event and the last audio frame that the client has received."""

    conversation_id: str
    last_event_id: str = ""
    last_audio: AudioMark | None = None


@dataclass(frozen=True, slots=True)
class StopReplies:
    """`interrupt`: stops the reply in progress."""


@dataclass(frozen=True, slots=True)
class Played:
    """`playback`: the client has played the audio up to the place that the receipt names.

    `gaps`: the gaps in the message so far, because the next sound had not arrived in time; `gap_ms`: their total
    length. None: the client does not count them.
    """

    receipt: Receipt
    gaps: int | None = None
    gap_ms: int = 0


Command = (
    UserMessage
    | RequestReply
    | ChangeMessage
    | ChangeAnswering
    | ChangeCast
    | ChangeUserName
    | ChangePersona
    | ChangeNote
    | StartListening
    | StopListening
    | ChangeSettings
    | RefreshCharacters
    | NewConversation
    | Resume
    | StopReplies
    | Played
)
