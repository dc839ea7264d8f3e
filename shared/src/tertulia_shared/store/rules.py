"""What a record must look like to be stored. Every store applies these before it writes, so all refuse the same things.

Each check raises `InvalidRecord` with the field, what was wrong and what is allowed. Text never appears in the message,
only its length: errors are logged, and logs carry no speech.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, cast

import orjson

from tertulia_shared.store.errors import InvalidRecord
from tertulia_shared.store.ordering import STATUS_RANK
from tertulia_shared.store.pictures import ALLOWED, is_picture
from tertulia_shared.store.records import Character, Message, ModelSettings

NAME_MAX_CHARS: Final = 40
VOICE_MAX_CHARS: Final = 64
PROMPT_MAX_CHARS: Final = 8_000
IMAGE_MAX_CHARS: Final = 262_144
TITLE_MAX_CHARS: Final = 200
SPEAKER_MAX_CHARS: Final = 80
TEXT_MAX_CHARS: Final = 100_000
SETTINGS_MAX_BYTES: Final = 8_192
PAGE_MAX_ROWS: Final = 1_000
POSITION_MAX: Final = 2**53 - 1

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def check_id(field: str, value: str) -> None:
    """One spelling per id (lower case, with hyphens), so that equal ids are equal text."""
    if _UUID.fullmatch(value) is None:
        raise InvalidRecord(field, "not a UUID in its canonical lower-case form; use str(uuid.UUID(…))")


def check_limit(limit: int) -> None:
    if not 1 <= limit <= PAGE_MAX_ROWS:
        raise InvalidRecord("limit", f"{limit} is not in 1..{PAGE_MAX_ROWS}")


def check_after(position: int) -> None:
    if not 0 <= position <= POSITION_MAX:
        raise InvalidRecord("after", f"{position} is not in 0..{POSITION_MAX}; use a message's position, or None")


def check_title(title: str) -> None:
    _check_line("title", title, 0, TITLE_MAX_CHARS)


def check_message(message: Message) -> None:
    """Raises: InvalidRecord."""
    check_id("message.id", message.id)
    check_id("message.conversation_id", message.conversation_id)
    check_id("message.turn_id", message.turn_id)
    if message.role == "user":
        if message.character_id is not None:
            raise InvalidRecord("message.character_id", "must be None for a message of the user")
    elif message.role == "character":
        if message.character_id is None:
            raise InvalidRecord("message.character_id", "must be the character's id for a character's message")
        check_id("message.character_id", message.character_id)
    else:
        raise InvalidRecord("message.role", f"{message.role!r} is neither 'user' nor 'character'")
    if message.status not in STATUS_RANK:
        raise InvalidRecord("message.status", f"{message.status!r} is not one of {', '.join(STATUS_RANK)}")
    if not 0 <= message.position <= POSITION_MAX:
        raise InvalidRecord("message.position", f"{message.position} is not in 0..{POSITION_MAX}; use turn_position()")
    _check_line("message.character_name", message.character_name, 0, SPEAKER_MAX_CHARS)
    _check_text("message.text", message.text, TEXT_MAX_CHARS)


def check_character(character: Character) -> None:
    """Raises: InvalidRecord."""
    check_id("character.id", character.id)
    name = character.name
    _check_line("character.name", name, 1, NAME_MAX_CHARS)
    if "<" in name or ">" in name:
        raise InvalidRecord("character.name", "must not contain < or >, which mark a speaker in what the model reads")
    if name != name.strip():
        raise InvalidRecord("character.name", "must not begin or end with white space")
    if not any(char.isalnum() for char in name):
        raise InvalidRecord("character.name", "must contain a letter or a digit, so that it can be said")
    _check_line("character.voice", character.voice, 1, VOICE_MAX_CHARS)
    _check_text("character.system_prompt", character.system_prompt, PROMPT_MAX_CHARS)
    _check_text("character.image", character.image, IMAGE_MAX_CHARS)
    if not is_picture(character.image):
        raise InvalidRecord("character.image", ALLOWED)


def encode_settings(settings: ModelSettings) -> bytes:
    """The settings as JSON, keys sorted.

    Raises:
        InvalidRecord: not an object of JSON values, or longer than 8 KiB.
    """
    if not isinstance(settings, dict):  # pyright: ignore[reportUnnecessaryIsInstance]  (it comes from a client's JSON)
        raise InvalidRecord("model_settings", "must be an object (name: value)")
    try:
        encoded = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise InvalidRecord("model_settings", f"cannot be written as JSON ({error})") from None
    if len(encoded) > SETTINGS_MAX_BYTES:
        raise InvalidRecord("model_settings", f"{len(encoded)} bytes as JSON; at most {SETTINGS_MAX_BYTES} are stored")
    return encoded


def decode_settings(encoded: bytes | str) -> ModelSettings:
    return cast("ModelSettings", orjson.loads(encoded))


def name_key(name: str) -> str:
    """The form in which two names are compared: compatibility forms unified, case and runs of white space ignored."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _check_line(field: str, value: str, least: int, most: int) -> None:
    if not least <= len(value) <= most:
        raise InvalidRecord(field, f"{len(value)} characters; {least} to {most} are allowed")
    if _CONTROL.search(value) is not None:
        raise InvalidRecord(field, "must be one line without control characters")
    _check_encodable(field, value)


def _check_text(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise InvalidRecord(field, f"{len(value)} characters; at most {most} are allowed")
    # SQLite would take it; PostgreSQL cannot store it in text.
    if "\x00" in value:
        raise InvalidRecord(field, "must not contain the NUL character")
    _check_encodable(field, value)


def _check_encodable(field: str, value: str) -> None:
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRecord(field, "contains half of a surrogate pair, which is no Unicode text") from None
