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
BACKGROUND: Final = "Background:"
"""The title of texts of lorebooks."""
PERSONA_PROMPT_MAX_CHARS: Final = 4_000
NOTE_PROMPT_MAX_CHARS: Final = 2_000
"""Lengths of the persona and the author's note after their macros are expanded; the rest is cut off."""
_START: Final = re.compile(r"<START>", re.IGNORECASE)
_NOTE: Final = re.compile(r"\[(?=\s{0,3}stage\s{0,3}:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CardTexts:
    """The texts for a prompt.

    `system`: the first part of the system message. `post_history`: what is said after the history. `persona`: who the
    user is. `note`: the author's note.
    """

    system: str
    post_history: str = ""
    persona: str = ""
    note: str = ""


def card_texts(
    system_prompt: str,
    card: CardPrompt,
    *,
    character_name: str,
    other_names: Sequence[str],
    user_name: str,
    persona: str = "",
    note: str = "",
    seed: str = "",
    fixed_seed: str = "",
    now: datetime | None = None,
    lore_before: Sequence[str] = (),
    lore_after: Sequence[str] = (),
) -> CardTexts:
    """The texts of a character with their macros expanded. `system_prompt` is the character's own text.

    `persona` and `note` are texts of the user, with the same macros.

    `seed` decides random macros, `fixed_seed` those that stay the same for this character.

    `lore_before`, `lore_after`: texts of lorebooks before and after the character's texts, as `expanded_text` made
    them. They have a budget of their own.
    """

    def ready(text: str) -> str:
        return expanded_text(
            text,
            system_prompt,
            card,
            character_name=character_name,
            other_names=other_names,
            user_name=user_name,
            persona=persona,
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
    instructions, *others = _within(sections)
    parts = [instructions, _titled(BACKGROUND, "\n\n".join(lore_before)), *others]
    parts.append(_titled(BACKGROUND, "\n\n".join(lore_after)))
    return CardTexts(
        "\n\n".join(filter(None, parts)),
        ready(card.post_history),
        _titled(f"Who {user_name} is:", ready(persona)[:PERSONA_PROMPT_MAX_CHARS]),
        ready(note)[:NOTE_PROMPT_MAX_CHARS],
    )


def expanded_text(
    text: str,
    system_prompt: str,
    card: CardPrompt,
    *,
    character_name: str,
    other_names: Sequence[str],
    user_name: str,
    persona: str = "",
    seed: str = "",
    fixed_seed: str = "",
    now: datetime | None = None,
) -> str:
    """One text of a card with its macros expanded, without tags of speakers and beginnings of stage notes."""
    if not text:
        return ""  # most characters have few of these texts
    values = MacroValues(
        char=card.nickname or character_name,
        user=user_name,
        texts={
            "description": system_prompt,
            "personality": card.personality,
            "scenario": card.scenario,
            "persona": persona,
        },
        now=now,
        seed=seed,
        fixed_seed=fixed_seed,
    )
    return neutral(expand(text, values), (character_name, card.nickname, user_name, *other_names)).strip()


def _titled(title: str, text: str) -> str:
    return f"{title}\n{text}" if text else ""


def _within(sections: Sequence[str]) -> list[str]:
    """The sections in order, each as far as it fits into the budget. The character's own text always does."""
    kept: list[str] = []
    room = SYSTEM_MAX_CHARS
    for section in sections:
        kept.append(section[: max(room, 0)])
        room -= len(section) + 2 if section else 0
    return kept


def neutral(text: str, names: Sequence[str]) -> str:
    """The text without tags with one of these names, and without beginnings of stage notes."""
    longest_first = sorted({name for name in names if name}, key=len, reverse=True) if "<" in text else []
    speakers = "|".join(re.escape(name) for name in longest_first)
    if speakers:
        text = re.sub(rf"<\s{{0,3}}/\s{{0,3}}(?:{speakers})\s{{0,3}}>", "", text, flags=re.IGNORECASE)
        text = re.sub(rf"<\s{{0,3}}({speakers})\s{{0,3}}/?>", r"\1: ", text, flags=re.IGNORECASE)
    return _NOTE.sub("(", text)
