"""Makes a character of a file with a character card. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tertulia_shared.cards.card import Card, read_card
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.png_file import NEITHER, SIGNATURE, card_in, text_of_bytes
from tertulia_shared.entries import MAX_PITCH, MAX_SPEED, MAX_TALKATIVENESS, MIN_SPEED, TALKATIVENESS
from tertulia_shared.store.validation import NAME_MAX_CHARS, PROMPT_MAX_CHARS
from tertulia_shared.text import clean_line
from tertulia_shared.visible_text import without_invisible

NoteCode: TypeAlias = Literal["name_changed", "description_cut", "no_picture", "no_voice"]

_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class CardFile:
    """The card in a file, its JSON as it came, and the picture ("": the file is JSON)."""

    text: str
    card: Card
    png: bytes


@dataclass(frozen=True, slots=True)
class CardNote:
    """What an import changed or left out. The user may want to correct it."""

    code: NoteCode
    message: str


def read_file(data: bytes) -> CardFile:
    """Read a card from a PNG or JSON file.

    Raises:
        BadCard: it contains no card, or is too large.
    """
    if data.startswith(_ZIP):
        raise BadCard(
            "card_archive",
            "The file is an archive (CHARX). Export the character as PNG or JSON instead, and import that.",
        )
    if data.startswith(SIGNATURE):
        text = card_in(data)
        return CardFile(text, _card(text), data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        raise BadCard("card_no_png", NEITHER)
    text = text_of_bytes(data)
    return CardFile(text, _card(text), b"")


def name_of(card: Card) -> str:
    """The card's name as a character can have it; "" if nothing of it can be said."""
    name = clean_line(without_invisible(card.name).replace("<", "").replace(">", ""))[:NAME_MAX_CHARS].strip()
    return name if any(char.isalnum() for char in name) else ""


def description_of(card: Card) -> str:
    """The card's description, which becomes the character's own text, cut to its bound."""
    return card.description[:PROMPT_MAX_CHARS]


def talkativeness_of(card: Card) -> int:
    own = _number(card, "talkativeness", 0, MAX_TALKATIVENESS)
    if own is not None:
        return round(own)
    return TALKATIVENESS if card.talkativeness is None else round(card.talkativeness * MAX_TALKATIVENESS)


def speed_of(card: Card) -> float:
    return _number(card, "speed", MIN_SPEED, MAX_SPEED) or 1.0


def pitch_of(card: Card) -> float:
    return _number(card, "pitch", -MAX_PITCH, MAX_PITCH) or 0.0


def notes_of(card: Card) -> list[CardNote]:
    """What of the card a character cannot have as it is."""
    notes: list[CardNote] = []
    if name_of(card) != card.name:
        notes.append(
            CardNote("name_changed", f"The name was shortened, or signs were removed: {NAME_MAX_CHARS} are allowed.")
        )
    if len(card.description) > PROMPT_MAX_CHARS:
        cut = len(card.description) - PROMPT_MAX_CHARS
        notes.append(
            CardNote("description_cut", f"The last {cut} characters of the description are not used: shorten it.")
        )
    return notes


def _card(text: str) -> Card:
    card = read_card(text)
    if not name_of(card):
        raise BadCard(
            "card_not_a_card", "The card's name has no letter and no digit, so it cannot be said: give it another name."
        )
    return card


def _number(card: Card, name: str, least: float, most: float) -> float | None:
    found = card.extension.get(name) if card.extension else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
        return None
    return float(found)
