"""The notes that tell the model whose turn it is, and what a reply is for. A note is part of one prompt only: it is
neither shown nor stored. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

STAGE: Final = "[Stage: "
"""The beginning of a user message that is only a note. By it, `fit` recognizes that the user did not say it."""
CONTINUE: Final = f"{STAGE}continue"
_LAST_WORDS_CHARS: Final = 60


class Cue(StrEnum):
    """What a reply is for, if it does not answer a message of the user."""

    ANSWER = "answer"
    """The user asks this character to answer what was said."""
    GO_ON = "go_on"
    """The user asks this character to say more."""
    DISCUSS = "discuss"
    """The characters talk among themselves."""


_CUE_NOTE: Final = re.compile(
    r"\[Stage: (?!note: )(?:"
    r"(?P<answer>[^\]]+ looks at )|(?P<go_on>[^\]]+ waits to hear more)|(?P<discuss>the characters talk among )"
    r")"
)
"""The beginnings of the notes that `cue_note` makes."""


def cue_note(cue: Cue, character_name: str, user_name: str) -> str:
    """The note for a reply with this cue."""
    match cue:
        case Cue.ANSWER:
            text = f"{user_name} looks at {character_name}. It is {character_name}'s turn to speak, "
            return f"{STAGE}{text}as {character_name} only.]"
        case Cue.GO_ON:
            return (
                f"{STAGE}{user_name} waits to hear more. {character_name} goes on with the thought of "
                f"{character_name}'s last words, as {character_name} only, and repeats nothing.]"
            )
        case Cue.DISCUSS:
            return (
                f"{STAGE}the characters talk among themselves while {user_name} listens. It is {character_name}'s turn "
                f"to speak, as {character_name} only: briefly, and to what was said last. A character that is asked by "
                f"name speaks next. Ask {user_name} by name only if nothing is left to say without {user_name}.]"
            )


def cue_in(text: str) -> Cue | None:
    """The last cue whose note is in `text`, a message of a prompt; None if there is none."""
    found = [match.lastgroup for match in _CUE_NOTE.finditer(text)]
    return Cue(found[-1]) if found and found[-1] else None


@dataclass(frozen=True, slots=True)
class DepthNote:
    """A note within the history. `depth`: how many messages of the history follow it.

    `kind`: the user's note, or the text of a lorebook.
    """

    depth: int
    text: str
    kind: Literal["note", "background"] = "note"

    @property
    def content(self) -> str:
        """The note as a message of the prompt."""
        return f"{STAGE}{self.kind}: {' '.join(self.text.split())}]"


def begin_note(character_name: str = "") -> str:
    """The note before the first message of a conversation that the user does not begin."""
    return f"{STAGE}the conversation begins.{f' {character_name} speaks first.' if character_name else ''}]"


def turn_note(character_name: str) -> str:
    """The note after another character's reply."""
    return f"{STAGE}it is {character_name}'s turn to speak, as {character_name} only.]"


def post_history_note(character_name: str, instructions: str) -> str:
    """The note with the instructions of a character's card that follow the history."""
    return f"{STAGE}instructions for {character_name}: {' '.join(instructions.split())}]"


def continue_note(character_name: str, continuing: str) -> str:
    """The note after the beginning of a reply that broke off."""
    last_words = continuing.rstrip()[-_LAST_WORDS_CHARS:]
    if len(last_words) < len(continuing.rstrip()):
        last_words = "…" + last_words.partition(" ")[2] if " " in last_words else "…" + last_words
    return (
        f"{CONTINUE} {character_name}'s reply, which broke off after “{last_words}”. Write only what comes next, "
        "from the very next word. Do not repeat anything, do not greet, do not mention the break. If the reply was "
        "complete, write nothing.]"
    )
