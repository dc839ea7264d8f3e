"""The request and response bodies of the REST API, as Pydantic models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from tertulia_gateway.rest.character_settings import CharacterSettings
from tertulia_gateway.rest.excerpt import excerpt
from tertulia_shared.cards.macros import MacroValues, expand
from tertulia_shared.cards.prompt_fields import greetings_of_text
from tertulia_shared.conversation_cast import MAX_SEATS
from tertulia_shared.entries import MAX_PITCH, MAX_SPEED, MAX_TALKATIVENESS, MIN_SPEED, TALKATIVENESS
from tertulia_shared.store import Character
from tertulia_shared.store.pictures import shown
from tertulia_shared.store.validation import (
    CARD_MAX_CHARS,
    IMAGE_MAX_CHARS,
    NAME_MAX_CHARS,
    NO_SEAT,
    PROMPT_MAX_CHARS,
    VOICE_MAX_CHARS,
)
from tertulia_shared.text import clean_line, clean_text
from tertulia_shared.visible_text import invisible_fault
from tertulia_shared.voice_clips import (
    CONSENT,
    LANGUAGE,
    LONGEST_S,
    MAX_NAME_CHARS,
    MAX_TRANSCRIPT_CHARS,
    SHORTEST_S,
)

UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
TALKATIVENESS_MEANS = "how often the character answers a remark that is addressed to no one: 0 (never) to 100"
SPEED_MEANS = f"a factor of the voice's own speed, {MIN_SPEED:g} to {MAX_SPEED:g}; for voices with adjustable speed"
PITCH_MEANS = f"semitones, {-MAX_PITCH:g} (lower) to {MAX_PITCH:g} (higher); for voices with adjustable pitch"


def _cleaned(clean: Callable[[str], str]) -> BeforeValidator:
    """Clean text before its length is checked. Values of other types are returned unchanged; Pydantic refuses them."""
    return BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)


def _visible_line(text: str) -> str:
    """Clean a text that is one line. Invisible characters are refused, except white space at the start and the end."""
    if fault := invisible_fault(text.strip()):
        raise PydanticCustomError("invisible_character", "{fault}", {"fault": fault})
    return clean_line(text)


Speed = Annotated[float, Field(ge=MIN_SPEED, le=MAX_SPEED, strict=True, description=SPEED_MEANS)]
Pitch = Annotated[float, Field(ge=-MAX_PITCH, le=MAX_PITCH, strict=True, description=PITCH_MEANS)]
Line = Annotated[str, _cleaned(_visible_line)]
Text = Annotated[str, _cleaned(clean_text)]


class Schema(BaseModel):
    """Base class of all bodies. Can be built from a store's records. Refuses unknown fields in requests."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class CastItem(Schema):
    """The characters at the table of a conversation."""

    characters: list[str] | None = Field(description="their ids in order; null: all active characters")
    told: bool = Field(description="they are told what was said while they were not at the table")


class CastChange(Schema):
    """The new characters at the table."""

    characters: list[str] | None = Field(
        max_length=MAX_SEATS, description="their ids in order, each at most once; null: all active characters"
    )
    told: bool | None = Field(
        None, description="whether they are told what was said while they were not at the table; omitted: no change"
    )


class CharacterItem(Schema):
    """A character."""

    id: str
    name: str
    voice: str
    system_prompt: str
    image: str
    active: bool
    model_settings: CharacterSettings
    talkativeness: int
    speed: float
    pitch: float
    greetings: list[str] = Field(
        default=[], description="the beginnings of the texts with which its card lets it begin a conversation"
    )
    created_at: datetime
    updated_at: datetime


class CharacterList(Schema):
    """All characters, in the order of their seats, then by name."""

    characters: list[CharacterItem]


class CharacterOrder(Schema):
    """The order in which the characters sit."""

    characters: list[str] = Field(max_length=NO_SEAT, description="ids of characters, each at most once")


class NewCharacter(Schema):
    """A character to create."""

    name: Line = Field(min_length=1, max_length=NAME_MAX_CHARS)
    voice: Line = Field(min_length=1, max_length=VOICE_MAX_CHARS, description="an id from /api/voices")
    system_prompt: Text = Field("", max_length=PROMPT_MAX_CHARS)
    image: Text = Field(
        "", max_length=IMAGE_MAX_CHARS, description='"", or a base64 data: URI of a PNG, JPEG, WebP or GIF'
    )
    active: bool = True
    model_settings: CharacterSettings = CharacterSettings()
    talkativeness: int = Field(TALKATIVENESS, ge=0, le=MAX_TALKATIVENESS, strict=True, description=TALKATIVENESS_MEANS)
    speed: Speed = 1.0
    pitch: Pitch = 0.0
    card: str = Field("", max_length=CARD_MAX_CHARS, description='the JSON of its character card; "" if it has none')


class CharacterChange(Schema):
    """The fields to change. Omitted fields keep their values."""

    name: Line | None = Field(None, min_length=1, max_length=NAME_MAX_CHARS)
    voice: Line | None = Field(None, min_length=1, max_length=VOICE_MAX_CHARS)
    system_prompt: Text | None = Field(None, max_length=PROMPT_MAX_CHARS)
    image: Text | None = Field(None, max_length=IMAGE_MAX_CHARS)
    active: bool | None = None
    model_settings: CharacterSettings | None = Field(None, description="replaces all of the character's settings")
    talkativeness: int | None = Field(None, ge=0, le=MAX_TALKATIVENESS, strict=True, description=TALKATIVENESS_MEANS)
    speed: Speed | None = None
    pitch: Pitch | None = None


class VoiceItem(Schema):
    """A voice of a speech engine."""

    id: str
    name: str
    language: str
    description: str
    traits: list[str] = Field(default=[], description="the description for programs; empty if it is a user's own text")
    origin: str = Field(default="", description='where the voice comes from, as a name; "" if the name says it')
    engine: str
    adjustable: list[str] = Field(default=[], description="what a character can change of this voice: speed, pitch")
    available: bool = Field(default=True, description="a worker with this engine is running")


class VoiceList(Schema):
    """All voices."""

    voices: list[VoiceItem]


class NewClip(Schema):
    """A voice to make from a recording."""

    name: Line = Field(min_length=1, max_length=MAX_NAME_CHARS)
    language: str = Field("und", pattern=LANGUAGE, max_length=35, description="a BCP 47 tag, or und")
    transcript: Line = Field(
        min_length=1, max_length=MAX_TRANSCRIPT_CHARS, description="what is said in the recording, word for word"
    )
    consent: bool = Field(strict=True, description=f"true: {CONSENT}")
    audio: Base64Bytes = Field(
        description=f"base64 of a WAV file: 16-bit PCM, mono, 24 kHz, {SHORTEST_S:g} to {LONGEST_S:g} s"
    )


class ClipItem(Schema):
    """A voice made from a recording. Nobody can download the recording."""

    id: str = Field(description="the voice's id, as in /api/voices")
    name: str
    language: str
    seconds: float = Field(description="length of the recording")
    created_at: datetime
    consented_at: datetime = Field(description="when the user confirmed the consent")
    ready: bool = Field(description="a running engine has made the voice")
    problem: str = Field(description='why an engine cannot make the voice; "" if there is no problem')


class ClipList(Schema):
    """The voices made from recordings, the oldest first."""

    engines: list[str] = Field(description="the running engines that make voices from recordings")
    limit: int = Field(description="how many voices can be made")
    clips: list[ClipItem]


class ModelState(Schema):
    """What the llm workers have found out about a model in use."""

    server: str = Field(description="base URL of its server")
    model: str
    context_tokens: int | None = Field(description="context window in tokens; null if it is not known")
    changes: list[str] = Field(description="how requests for it differ, because its server refuses something")


class ProblemItem(Schema):
    """One thing that is wrong with the installation."""

    code: str = Field(description="one of the codes in docs/protocol.md")
    blocks: bool = Field(description="no conversation can be held until this is solved")
    text: str = Field(description="what is wrong")
    advice: str = Field(description="what to do")


class Status(Schema):
    """The state of the installation."""

    version: str
    demo: bool = Field(description="replies come from the demo model")
    redis_ms: float | None = Field(description="round trip to Redis; null if it does not answer")
    engines: dict[str, list[str]] = Field(description="per stage the engines of its live workers")
    engine_reasons: dict[str, dict[str, str]] = Field(
        description="per stage, why each of these engines was chosen; only of recognizers and speech engines"
    )
    missing: list[str] = Field(description="parts that a conversation needs and that do not run")
    problems: list[ProblemItem] = Field(description="what is wrong, with what blocks conversations first")
    connections: int = Field(description="WebSocket connections of this process")
    namespace: str = Field(description="first part of every Redis key")
    models: list[ModelState] = Field(description="the language models that were used in the last hour")


class Readiness(Schema):
    """`ready` is true if no problem blocks conversations."""

    ready: bool
    missing: list[str]
    problems: list[ProblemItem]
    engines: dict[str, list[str]]


def character_item(character: Character, user: str = "…") -> CharacterItem:
    """`user`: what its greetings call the user, whose name belongs to a conversation."""
    item = CharacterItem.model_validate(character, extra="ignore")
    values = MacroValues(char=character.name, user=user)
    greetings = [excerpt(expand(greeting, values)) for greeting in greetings_of_text(character.card)]
    return item.model_copy(update={"image": shown(item.image), "greetings": greetings})
