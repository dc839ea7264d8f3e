"""Makes a character of a file with a character card. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tertulia_shared.cards.card import Card, read_card
from tertulia_shared.cards.charx_file import is_charx, is_jpeg, read_charx
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.png_file import NEITHER, NO_CARD, SIGNATURE, card_in, text_of_bytes
from tertulia_shared.entries import MAX_PITCH, MAX_SPEED, MAX_TALKATIVENESS, MIN_SPEED, TALKATIVENESS
from tertulia_shared.store.validation import NAME_MAX_CHARS, PROMPT_MAX_CHARS
from tertulia_shared.text import clean_line
from tertulia_shared.text_encoding import BYTE_ORDER_MARKS
from tertulia_shared.visible_text import without_invisible

NoteCode: TypeAlias = Literal[
    "name_changed", "name_replaced", "description_cut", "no_picture", "no_voice", "assets_dropped"
]

NAMELESS: Final = "Character"
"""The name of a character if nothing in its card can be said."""


@dataclass(frozen=True, slots=True)
class CardFile:
    """The card in a file, its JSON as it came, and its pictures, the best first. Those of a CHARX file can be no PNG.

    `lacks_picture` and `further_assets`: see `CharxFile`.
    """

    text: str
    card: Card
    pictures: tuple[bytes, ...] = ()
    lacks_picture: bool = False
    further_assets: int = 0


@dataclass(frozen=True, slots=True)
class CardNote:
    """What an import changed or left out. The user may want to correct it."""

    code: NoteCode
    message: str


def read_file(data: bytes) -> CardFile:
    """Read a card from a PNG, CHARX or JSON file.

    Raises:
        BadCard: it contains no card, or is too large.
    """
    if data.startswith(SIGNATURE):
        text = card_in(data)
        return CardFile(text, read_card(text), (data,))
    if is_charx(data):
        charx = read_charx(data)
        return CardFile(charx.text, read_card(charx.text), charx.pictures, charx.lacks_picture, charx.further_assets)
    if is_jpeg(data):
        raise BadCard("card_not_in_png", NO_CARD)
    if not data.startswith(BYTE_ORDER_MARKS) and not data.lstrip().startswith((b"{", b"[")):
        raise BadCard("card_no_png", NEITHER)
    text = text_of_bytes(data)
    if not text.lstrip().startswith(("{", "[")):
        raise BadCard("card_no_png", NEITHER)
    return CardFile(text, read_card(text))


def name_of(card: Card) -> str:
    """The card's name as a character can have it. A name without a letter and a digit cannot be said, so no one could
    address the character: its nickname replaces it, or else what its first emoji is called in Unicode.
    """
    return _speakable(card.name) or _speakable(card.nickname) or _speakable(_name_of_emoji(card.name)) or NAMELESS


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


def notes_of(file: CardFile, name: str = "") -> list[CardNote]:
    """What of the file a character cannot have as it is. `name`: the one that was chosen instead of the card's."""
    card = file.card
    notes: list[CardNote] = []
    if name:
        pass
    elif not _speakable(card.name):
        notes.append(
            CardNote(
                "name_replaced",
                f"The card's name has no letter and no digit, so it cannot be said. It is imported as {name_of(card)}.",
            )
        )
    elif name_of(card) != card.name:
        notes.append(
            CardNote("name_changed", f"The name was shortened, or signs were removed: {NAME_MAX_CHARS} are allowed.")
        )
    if len(card.description) > PROMPT_MAX_CHARS:
        cut = len(card.description) - PROMPT_MAX_CHARS
        notes.append(
            CardNote("description_cut", f"The last {cut} characters of the description are not used: shorten it.")
        )
    if file.lacks_picture:
        notes.append(
            CardNote("no_picture", "The picture that the card names is missing or damaged: choose another one.")
        )
    if file.further_assets:
        files = "1 further file" if file.further_assets == 1 else f"{file.further_assets} further files"
        notes.append(CardNote("assets_dropped", f"{files} of the card (pictures, sounds) are not kept."))
    return notes


def _speakable(name: str) -> str:
    """The name without what a character's name must not contain; "" if nothing of it can be said."""
    name = clean_line(without_invisible(name).replace("<", "").replace(">", ""))[:NAME_MAX_CHARS]
    name = without_invisible(name).strip()  # the cut can leave half of an emoji's sequence
    return name if any(char.isalnum() for char in name) else ""


def _name_of_emoji(text: str) -> str:
    """What the first emoji of a text is called in Unicode, such as "Fox Face"; "" if there is none. Punctuation does
    not count: a character called "Full Stop" would answer to "stop".
    """
    symbols = (char for char in without_invisible(text) if unicodedata.category(char) == "So")
    return next(filter(None, (unicodedata.name(char, "").title() for char in symbols)), "")


def _number(card: Card, name: str, least: float, most: float) -> float | None:
    found = card.extension.get(name) if card.extension else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
        return None
    return float(found)
