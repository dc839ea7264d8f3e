"""Makes the card of a character: the imported JSON with what was changed since, or a new one. Pure."""

from __future__ import annotations

import base64
import binascii
import colorsys
import zlib
from typing import Any, Final

from tertulia_gateway.cards.importing import description_of, name_of
from tertulia_gateway.cards.png_pixels import plain
from tertulia_shared.cards.card import Card, read_card
from tertulia_shared.cards.edits import as_v2, edited, is_v3, new_card
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.json_text import with_value
from tertulia_shared.cards.png_file import with_cards
from tertulia_shared.store import Character

SIDE: Final = 256
_PNG_URI: Final = "data:image/png;base64,"


def card_json(character: Character) -> str:
    """The JSON of the character's card. Of an imported card only what was changed differs from the import."""
    card = _card_of(character)
    if card is None:
        return new_card(character.name, character.system_prompt, _extension(character))
    changes: dict[str, str] = {}
    if character.name != name_of(card):
        changes["name"] = character.name
    if character.system_prompt != description_of(card):
        changes["description"] = character.system_prompt
    text = edited(character.card, changes)
    if card.extension is not None:  # a card that Tertulia made
        for name, value in _extension(character).items():
            if card.extension.get(name) != value:
                text = with_value(text, ("data", "extensions", "tertulia", name), value)
    return text


def card_png(character: Character, picture: bytes = b"") -> bytes:
    """A PNG with the card. Its picture is `picture`; without one the portrait if that is a PNG, otherwise a square of
    one colour.

    Raises:
        BadCard: `picture` is not a PNG.
    """
    text = card_json(character)
    cards = {"chara": as_v2(text), "ccv3": text} if is_v3(text) else {"chara": text}
    if picture:
        return with_cards(picture, cards)
    portrait = _png_of(character.image)
    if portrait:
        try:
            return with_cards(portrait, cards)
        except BadCard:
            pass
    return with_cards(plain(SIDE, _colour(character.id)), cards)


def _card_of(character: Character) -> Card | None:
    if not character.card:
        return None
    try:
        return read_card(character.card)
    except BadCard:  # a person has edited the row
        return None


def _extension(character: Character) -> dict[str, Any]:
    return {
        "voice": character.voice,
        "speed": character.speed,
        "pitch": character.pitch,
        "talkativeness": character.talkativeness,
    }


def _png_of(image: str) -> bytes:
    if not image.startswith(_PNG_URI):
        return b""
    try:
        return base64.b64decode(image.removeprefix(_PNG_URI), validate=True)
    except binascii.Error:
        return b""


def _colour(character_id: str) -> tuple[int, int, int]:
    hue = zlib.crc32(character_id.encode()) % 360 / 360
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.6, 0.4))
    return red, green, blue
