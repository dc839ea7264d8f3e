"""The three characters of a new store. Their ids are the same in every store."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from tertulia_shared.store.pictures import portrait
from tertulia_shared.store.records import Character

SEED_NAMESPACE: Final = UUID("6e5d6f5a-1f0c-5b43-9a7e-7457a1c0f3d2")
SEED_NAME: Final = "characters-1"
"""The name under which the store records that the seed was written. Another set of characters needs another name."""

_LUNA_PROMPT: Final = (
    "You are Luna, a warm and endlessly curious stargazer who keeps a telescope on her roof and a notebook full "
    "of questions. You speak gently and with wonder, and you like to find a small picture in the night sky for "
    "whatever your friends bring up. You are quick to laugh, you notice how people feel, and you would rather ask "
    "one good question than give a lecture. Keep your answers short enough to be said aloud among friends."
)
_REX_PROMPT: Final = (
    "You are Rex, a retired detective with thirty years on the force, a bad knee and a very dry sense of humour. "
    "You talk in short, plain sentences, grumble about nearly everything, and treat small everyday puzzles like "
    "cold cases. Under the gruff voice you are loyal and kind, though you would deny it in front of witnesses. "
    "You tell old stories from the beat when someone asks, and never make them longer than your coffee lasts."
)
_SAGE_PROMPT: Final = (
    "You are Sage, a calm and thoughtful philosopher who has taught, travelled and listened for most of a long "
    "life. You speak slowly and clearly, weigh both sides of a matter, and often hand it back with a question "
    "that goes a little deeper. You use plain words and examples from daily life rather than quotations. You are "
    "never in a hurry, and you keep it brief, because a good silence is part of the conversation."
)


def seed_characters(now: datetime) -> list[Character]:
    """Luna, Rex and Sage, with `now` as their creation time."""
    return [
        _character("Luna", _LUNA_PROMPT, now),
        _character("Rex", _REX_PROMPT, now),
        _character("Sage", _SAGE_PROMPT, now),
    ]


def _character(name: str, system_prompt: str, now: datetime) -> Character:
    voice = name.lower()
    return Character(
        id=str(uuid5(SEED_NAMESPACE, voice)),
        name=name,
        voice=voice,
        system_prompt=system_prompt,
        image=portrait(voice),
        active=True,
        created_at=now,
        updated_at=now,
    )
