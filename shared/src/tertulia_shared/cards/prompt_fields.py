"""What the prompts of a character with a card contain beside its own text, with bounds. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tertulia_shared.cards.card import Card, read_card
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.entries import CardPrompt

MAX_PART_CHARS: Final = 4_000
"""Longest system prompt, personality, scenario and examples in a prompt."""
MAX_POST_HISTORY_CHARS: Final = 1_000
MAX_GREETING_CHARS: Final = 6_000
MAX_NICKNAME_CHARS: Final = 40


def prompt_of(card: Card) -> CardPrompt:
    """The parts of a card that go into prompts, each cut to its bound."""
    return CardPrompt(
        instructions=_cut(card.system_prompt, MAX_PART_CHARS),
        personality=_cut(card.personality, MAX_PART_CHARS),
        scenario=_cut(card.scenario, MAX_PART_CHARS),
        examples=_cut(card.mes_example, MAX_PART_CHARS),
        post_history=_cut(card.post_history_instructions, MAX_POST_HISTORY_CHARS),
        nickname=card.nickname[:MAX_NICKNAME_CHARS],
    )


@lru_cache(maxsize=64)
def prompt_of_text(text: str) -> CardPrompt:
    """The same for a card's JSON; nothing if the text is "" or no card (a person may have edited the row)."""
    if not text:
        return CardPrompt()
    try:
        return prompt_of(read_card(text))
    except BadCard:
        return CardPrompt()


@lru_cache(maxsize=64)
def greetings_of_text(text: str) -> tuple[str, ...]:
    """The greetings of a card's JSON, each cut to its bound; none if the text is "" or no card."""
    if not text:
        return ()
    try:
        return tuple(_cut(greeting, MAX_GREETING_CHARS) for greeting in read_card(text).greetings)
    except BadCard:
        return ()


def _cut(text: str, most: int) -> str:
    """The text with at most `most` characters, cut at the end of a line or a word."""
    text = text.strip()
    if len(text) <= most:
        return text
    head = text[:most]
    at = max(head.rfind("\n"), head.rfind(" "))
    return (head[:at] if at > most // 2 else head).rstrip()
