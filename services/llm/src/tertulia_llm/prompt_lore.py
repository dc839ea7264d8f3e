"""Chooses the entries of lorebooks for the prompt of one reply, and tells the client which they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tertulia_llm.lorebooks import CharacterLorebooks
from tertulia_llm.model.client import Replies
from tertulia_llm.model.notices import Notices
from tertulia_llm.model.tokens import PER_LETTER, estimated_tokens
from tertulia_llm.reply import Reply
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.lore.selection import Book, Lore, choose
from tertulia_llm.text.prompt import HistoryMessage
from tertulia_llm.turn import Turn
from tertulia_shared.entries import ModelSettings
from tertulia_shared.events import LoreUsed

BUDGET_SHARE: Final = 0.25
"""The share of the context window that entries of lorebooks can have."""
MAX_SHOWN: Final = 50
MAX_REFUSED_SHOWN: Final = 5
MAX_KEY_SHOWN: Final = 80
MAX_SHOWN_LEFT_OUT: Final = 20


class PromptLore:
    """Chooses entries for prompts."""

    def __init__(self, characters: CharacterLorebooks, model: Replies, settings: LLMSettings) -> None:
        self._characters = characters
        self._model = model
        self._settings = settings
        self._notices = Notices()

    def choose(
        self,
        turn: Turn,
        reply: Reply,
        history: Sequence[HistoryMessage],
        model: ModelSettings,
        ready: Callable[[str], str],
    ) -> Lore:
        """The entries that the history triggers: of the conversation's lorebook and of the character's own.

        `ready` makes the text for the prompt of an entry's text.
        """
        own = self._characters.of(reply.speaker.id)
        books = [Book("conversation", turn.lorebook)] if turn.lorebook is not None else []
        books += [Book("character", own)] if own is not None else []
        if not books:
            return Lore()
        refused = dict.fromkeys(key for book in books for key in book.index.refused[:MAX_REFUSED_SHOWN])
        for notice in self._notices.first_time(turn.conversation_id, map(refused_key, refused)):
            reply.warn("lorebook_key", notice)
        texts = [message.text for message in history]
        budget = self._budget(model)
        return choose(books, texts, seed=reply.message_id, budget=budget, ready=ready, tokens=estimated_tokens)

    def _budget(self, model: ModelSettings) -> float:
        """The most tokens of all entries."""
        most = PER_LETTER * self._settings.llm_context_chars
        return BUDGET_SHARE * min(self._model.window(model) or most, most)


def refused_key(key: str) -> str:
    """Why a key of a lorebook is not used."""
    return (
        f"The lorebook's key {key[:MAX_KEY_SHOWN]} is not used: it is no regex of RE2, or too large. Leave out "
        r"lookaround such as (?=…) and backreferences such as \1, or use plain words."
    )


def lore_used(message_id: str, lore: Lore) -> LoreUsed:
    """The event that says which entries are in a prompt."""
    entries = tuple({"name": entry.name, "source": entry.source} for entry in lore.entries[:MAX_SHOWN])
    return LoreUsed(message_id, entries, lore.left_out[:MAX_SHOWN_LEFT_OUT])
