"""Makes the texts of a character card that go into a prompt. Pure. docs/prompt.md has the order and the budgets.

A card is untrusted text: it may have the form of other characters' lines or of stage notes. Tags with a speaker's name
and the beginnings of notes are taken out of it, so that the model can take it for nothing but a description.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tertulia_shared.cards.macros import MacroValues, expand
from tertulia_shared.entries import CardPrompt

SYSTEM_MAX_CHARS: Final = 16_000
"""The card's part of the system message. What goes beyond it is left out, the examples first."""
_START: Final = re.compile(r"<START>", re.IGNORECASE)
_NOTE: Final = re.compile(r"\[(?=\s{0,3}stage\s{0,3}:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CardTexts:
    """The texts for a prompt: the first part of the system message, and what is said after the history."""

    system: str
    post_history: str = ""


def card_texts(
    system_prompt: str,
    card: CardPrompt,
    *,
    character_name: str,
    other_names: Sequence[str],
    user_name: str,
    seed: str = "",
    fixed_seed: str = "",
    now: datetime | None = None,
) -> CardTexts:
    """The texts of a character with their macros expanded. `system_prompt` is the character's own text.

    `seed` decides random macros, `fixed_seed` those that stay the same for this character.
    """

    def ready(text: str) -> str:
        return expanded_text(
            text,
            system_prompt,
            card,
            character_name=character_name,
            other_names=other_names,
            user_name=user_name,
            seed=seed,
            fixed_seed=fixed_seed,
            now=now,
        )

    examples = "\n\n".join(part.strip() for part in _START.split(card.examples) if part.strip())
    sections = [
        ready(card.instructions),
        ready(system_prompt),
        _titled(f"{character_name}'s personality:", ready(card.personality)),
        _titled("The scene:", ready(card.scenario)),
        _titled(f"Examples of how {character_name} talks:", ready(examples)),
    ]
    return CardTexts(_within(sections), ready(card.post_history))


def expanded_text(
    text: str,
    system_prompt: str,
    card: CardPrompt,
    *,
    character_name: str,
    other_names: Sequence[str],
    user_name: str,
    seed: str = "",
    fixed_seed: str = "",
    now: datetime | None = None,
) -> str:
    """One text of a card with its macros expanded, without tags of speakers and beginnings of stage notes."""
    values = MacroValues(
        char=card.nickname or character_name,
        user=user_name,
        texts={"description": system_prompt, "personality": card.personality, "scenario": card.scenario},
        now=now,
        seed=seed,
        fixed_seed=fixed_seed,
    )
    return neutral(expand(text, values), (character_name, card.nickname, user_name, *other_names)).strip()


def _titled(title: str, text: str) -> str:
    return f"{title}\n{text}" if text else ""


def _within(sections: Sequence[str]) -> str:
    """The sections that fit into the budget, in order. The character's own text is always one of them."""
    kept: list[str] = []
    room = SYSTEM_MAX_CHARS
    for section in filter(None, sections):
        kept.append(section[: max(room, 0)])
        room -= len(section) + 2
    return "\n\n".join(filter(None, kept))


def neutral(text: str, names: Sequence[str]) -> str:
    """The text without tags with one of these names, and without beginnings of stage notes."""
    longest_first = sorted({name for name in names if name}, key=len, reverse=True)
    speakers = "|".join(re.escape(name) for name in longest_first)
    if speakers:
        text = re.sub(rf"<\s{{0,3}}/\s{{0,3}}(?:{speakers})\s{{0,3}}>", "", text, flags=re.IGNORECASE)
        text = re.sub(rf"<\s{{0,3}}({speakers})\s{{0,3}}/?>", r"\1: ", text, flags=re.IGNORECASE)
    return _NOTE.sub("(", text)
