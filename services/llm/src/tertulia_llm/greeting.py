"""Says a greeting of a character's card instead of a reply of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tertulia_llm.reply import Reply
from tertulia_llm.text.card_prompt import expanded_text
from tertulia_llm.turn import Turn
from tertulia_shared.text import clean_text

_BLANK_LINES: Final = re.compile(r"[ \t]*\n\s*")
_PIECE: Final = re.compile(r"\S+\s*|\s+")


def greeting_pieces(turn: Turn, reply: Reply) -> Iterator[str]:
    """The words of the turn's greeting, with its macros expanded, that are not published yet.

    A worker that takes over continues after the text that is published. If the macros stand for something else now (the
    time has changed), nothing is left to say.
    """
    speaker = reply.speaker
    whole = expanded_text(
        clean_text(turn.user_turn.greeting),
        speaker.system_prompt,
        speaker.card,
        character_name=speaker.name,
        other_names=reply.others,
        user_name=turn.user_name,
        persona=turn.persona.description,
        seed=reply.message_id,
        fixed_seed=speaker.id,
        now=datetime.now().astimezone(),
    )
    whole = _BLANK_LINES.sub("\n", whole)  # a takeover would lose one of two line breaks after a sentence
    written = reply.written.text
    rest = whole[len(written) :] if whole.startswith(written) else ""
    yield from _PIECE.findall(rest)
