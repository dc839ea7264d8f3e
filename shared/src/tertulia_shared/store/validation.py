"""The rules for records. Every store checks them before it writes, so all stores refuse the same records.

Each check raises `InvalidRecord` with the field, the fault and what is allowed. The message has the length of a text,
never the text: errors are logged, and logs carry no speech.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final, cast

import orjson

from tertulia_shared.entries import MAX_PITCH, MAX_SPEED, MAX_TALKATIVENESS, MIN_SPEED
from tertulia_shared.model_settings import possible_settings, setting_problem
from tertulia_shared.store.errors import InvalidRecord
from tertulia_shared.store.ordering import STATUS_RANK
from tertulia_shared.store.pictures import ALLOWED, is_picture
from tertulia_shared.store.records import Character, Message, ModelSettings, SetAside
from tertulia_shared.text import clean_line, clean_text, is_clean_line, is_clean_text
from tertulia_shared.usage import USAGE, possible_usage
from tertulia_shared.visible_text import invisible_fault, without_invisible

NAME_MAX_CHARS: Final = 40
VOICE_MAX_CHARS: Final = 64
PROMPT_MAX_CHARS: Final = 8_000
IMAGE_MAX_CHARS: Final = 262_144
CARD_MAX_CHARS: Final = 1_048_576
TITLE_MAX_CHARS: Final = 200
SPEAKER_MAX_CHARS: Final = 80
TEXT_MAX_CHARS: Final = 100_000
SETTINGS_MAX_BYTES: Final = 65_536
PAGE_MAX_ROWS: Final = 1_000
NO_SEAT: Final = 1_000
"""The seat of a character that the user has not placed: it comes after those that have a seat."""
POSITION_MAX: Final = 2**53 - 1

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


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


def check_before(position: int) -> None:
    if not 0 <= position <= POSITION_MAX:
        raise InvalidRecord("before", f"{position} is not in 0..{POSITION_MAX}; use turn_position()")


def check_title(title: str) -> None:
    _check_line("title", title, 0, TITLE_MAX_CHARS)


def check_message(message: Message) -> None:
    """Check a message. Raises: InvalidRecord."""
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
    _check_text("message.unheard", message.unheard, TEXT_MAX_CHARS)
    if message.replaces:
        check_id("message.replaces", message.replaces)
        if message.replaces == message.id:
            raise InvalidRecord("message.replaces", "is the message's own id; use the id of its first version, or ''")
    if message.usage != possible_usage(message.usage):
        raise InvalidRecord("message.usage", f"must be finite numbers by the names {', '.join(USAGE)}")


def check_set_aside(aside: SetAside) -> None:
    """Check a message that is set aside. Raises: InvalidRecord."""
    check_message(aside.message)
    check_id("branch", aside.branch)
    if aside.displaced_by:
        check_id("displaced_by", aside.displaced_by)


def check_character(character: Character) -> None:
    """Check a character. Raises: InvalidRecord."""
    check_id("character.id", character.id)
    name = character.name
    _check_line("character.name", name, 1, NAME_MAX_CHARS)
    _check_visible("character.name", name)
    if "<" in name or ">" in name:
        problem = "must not contain < or >, which mark a speaker in what the model reads"
        raise InvalidRecord("character.name", problem, "angle_brackets")
    if name != name.strip():
        raise InvalidRecord("character.name", "must not begin or end with white space")
    if not any(char.isalnum() for char in name):
        raise InvalidRecord("character.name", "must contain a letter or a digit, so that it can be said", "unspeakable")
    _check_line("character.voice", character.voice, 1, VOICE_MAX_CHARS)
    _check_visible("character.voice", character.voice)
    _check_text("character.system_prompt", character.system_prompt, PROMPT_MAX_CHARS)
    _check_text("character.image", character.image, IMAGE_MAX_CHARS)
    if not is_picture(character.image):
        raise InvalidRecord("character.image", ALLOWED, "not_a_picture")
    if not 0 <= character.talkativeness <= MAX_TALKATIVENESS:
        raise InvalidRecord("character.talkativeness", f"must lie between 0 and {MAX_TALKATIVENESS}")
    if not MIN_SPEED <= character.speed <= MAX_SPEED:
        raise InvalidRecord("character.speed", f"must lie between {MIN_SPEED:g} and {MAX_SPEED:g}")
    if not -MAX_PITCH <= character.pitch <= MAX_PITCH:
        raise InvalidRecord("character.pitch", f"must lie between {-MAX_PITCH:g} and {MAX_PITCH:g}")
    _check_card(character.card)
    for setting, value in character.model_settings.items():
        problem = setting_problem(setting, value)
        if problem:
            raise InvalidRecord("character.model_settings", problem)


def encode_settings(settings: ModelSettings) -> bytes:
    """The settings as JSON, keys sorted.

    Raises:
        InvalidRecord: not an object of JSON values, or longer than 64 KiB.
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


def settings_as_saved(saved: object) -> ModelSettings:
    """A character's settings as a store has them. A person may have edited them: impossible ones are left out."""
    possible = asdict(possible_settings(saved))
    return {name: value for name, value in possible.items() if value is not None}


def check_seats(character_ids: Sequence[str]) -> None:
    """Check the order of the characters. Raises: InvalidRecord."""
    if len(character_ids) > NO_SEAT:
        raise InvalidRecord("characters", f"{len(character_ids)} ids; at most {NO_SEAT} are allowed")
    for character_id in character_ids:
        check_id("characters", character_id)
    if len(set(character_ids)) < len(character_ids):
        raise InvalidRecord("characters", "contains an id twice")


def decode_settings(encoded: bytes | str) -> ModelSettings:
    return cast("ModelSettings", orjson.loads(encoded))


def name_key(name: str) -> str:
    """The form of a name for comparisons: compatibility forms unified, case and runs of white space ignored."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def fitted_message(message: Message) -> Message:
    """The message with its texts and its speaker's name cleaned and cut to their bounds, as the store accepts them."""
    text = clean_text(message.text)[:TEXT_MAX_CHARS]
    unheard = clean_text(message.unheard)[:TEXT_MAX_CHARS]
    name = clean_line(message.character_name)[:SPEAKER_MAX_CHARS]
    usage = possible_usage(message.usage)
    if (text, unheard, name, usage) == (message.text, message.unheard, message.character_name, message.usage):
        return message
    return replace(message, text=text, unheard=unheard, character_name=name, usage=usage)


def fitted_character(character: Character) -> Character:
    """The character with its texts cleaned; not cut, because too long a text is an error.

    Invisible characters are removed: an earlier release accepted them. The REST API refuses them in a new name.
    """
    return replace(
        character,
        name=clean_line(without_invisible(character.name)),
        voice=clean_line(without_invisible(character.voice)),
        system_prompt=clean_text(character.system_prompt),
        image=clean_text(character.image),
    )


def fitted_title(title: str) -> str:
    """The title, cleaned, cut to the bound that the store accepts, and without invisible characters."""
    return clean_line(without_invisible(clean_line(title)[:TITLE_MAX_CHARS]))


def _check_line(field: str, value: str, least: int, most: int) -> None:
    if not least <= len(value) <= most:
        raise InvalidRecord(field, f"{len(value)} characters; {least} to {most} are allowed")
    if not is_clean_line(value):
        raise InvalidRecord(field, "must be one line without control characters or halves of surrogate pairs")


def _check_visible(field: str, value: str) -> None:
    if fault := invisible_fault(value):
        raise InvalidRecord(field, fault, "invisible_character")


def _check_card(card: str) -> None:
    """A card's JSON is kept as it came, so it is not cleaned; only what a database cannot store is refused."""
    if len(card) > CARD_MAX_CHARS:
        raise InvalidRecord("character.card", f"{len(card)} characters; at most {CARD_MAX_CHARS} are allowed")
    if _UNSTORABLE.search(card):
        raise InvalidRecord("character.card", "holds a NUL or half of a surrogate pair; remove it")


def _check_text(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise InvalidRecord(field, f"{len(value)} characters; at most {most} are allowed")
    if not is_clean_text(value):
        raise InvalidRecord(field, "holds control characters or halves of surrogate pairs; clean_text() repairs it")
