"""What has been said so far, and who is to speak: read from the messages of a request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tertulia_llm.demo.intents import user_name

Role = Literal["system", "user", "assistant"]

_NAME = re.compile(r"\bYou are +(?:now +)?((?:[^\s,.;:!?()<>\"\u201c\u201d]+ ?){1,6})")
_SAYS = re.compile(
    r"<(?P<name>[^<>/\n]{1,64})>\s*(?P<text>.*?)(?P<end></(?P=name)>|(?=<[^<>/\n]{1,64}>)|\Z)",
    re.DOTALL,
)
# Directions to the model, which nobody at the table has said: whole paragraphs in brackets, or in these words.
_DIRECTION = re.compile(
    r"[(\[].*[)\]]"
    r"|(?:(?:it is|it's|now it is|now it's) )?(?:now )?[^\n.]{0,64}(?:'s|your) turn(?: to \w+)?\b.*"
    r"|(?:now )?(?:speak|reply|respond|answer|continue)(?: now)?,? (?:only )?as\b.*"
    r"|continue\b.*(?:exactly|where|from|without)\b.*",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"\b(?:talking|speaking|chatting|talks?|speaks?) (?:with|to) ([A-Z][\w'-]{0,30})\b"
    r"|\buser(?:'s name is|,? (?:named|called)) ([A-Z][\w'-]{0,30})\b"
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the request, its content as plain text."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Line:
    """What one of the characters has said. `name` is "" where the message doesn't say who."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the choice of a reply depends on, apart from the seed.

    `said`: the user's last words. `answers`: what other characters have said to them since. `own`: the speaker's
    earlier lines, oldest first. `turn`: how many things were said before this reply. `begun`: the part of the reply
    that has been said already (the request ends in an assistant message still open), None for a reply from its start.
    """

    speaker: str
    persona: str
    user: str
    said: str
    answers: tuple[Line, ...]
    own: tuple[str, ...]
    others: frozenset[str]
    turn: int
    begun: str | None


def read_scene(messages: Sequence[Message]) -> Scene:
    """Read the scene. Works on any messages; what they don't tell is empty."""
    system = "\n".join(message.content for message in messages if message.role == "system")
    speaker = _speaker(system)
    user = _user(system)
    said, begun = "", None
    lines: list[Line] = []
    answers: list[Line] = []
    turn = 0
    for message in messages:
        if message.role == "system":
            continue
        begun = None  # only an open message at the very end is a reply begun
        if message.role == "user":
            spoken = _without_directions(message.content)
            if spoken:
                said, answers, turn = spoken, [], turn + 1
                user = user_name(spoken) or user
            continue
        complete, begun = _lines(message.content)
        lines += complete
        answers += complete
        turn += len(complete)
        if begun is not None and message is not messages[-1]:
            lines.append(Line("", begun))
            turn += 1
    if begun is not None and not speaker:
        speaker = _opening_name(messages[-1].content)
    mine = speaker.casefold()
    return Scene(
        speaker=speaker,
        persona=_persona(system, speaker),
        user=user,
        said=said,
        answers=tuple(line for line in answers if line.name and line.name.casefold() != mine),
        own=tuple(line.text for line in lines if line.name.casefold() in {mine, ""}),
        others=frozenset(line.name for line in lines if line.name and line.name.casefold() != mine),
        turn=turn,
        begun=begun,
    )


def _speaker(system: str) -> str:
    for found in _NAME.finditer(system):
        words: list[str] = []
        for word in found[1].split():
            # Names are written with a capital (or in a script without any); "a", "the", "talking" are not names.
            if word[:1].islower() or not word[:1].isalnum():
                break
            words.append(word.removesuffix("'s").removesuffix("\u2019s"))
        if words:
            return " ".join(words)
    return ""


def _persona(system: str, speaker: str) -> str:
    """What the prompt says the speaker is, in the first person and one clause ("a baker who loves her cat"), or ""."""
    for found in re.finditer(rf"\bYou are (?:{re.escape(speaker)}, )?(an? [^.!?\n]{{3,160}})", system):
        words = [{"you": "I", "your": "my", "yourself": "myself"}.get(word.lower(), word) for word in found[1].split()]
        return re.sub(r"\bI are\b", "I am", " ".join(words)).rstrip(" ,;:")
    return ""


def _user(system: str) -> str:
    found = _INTRODUCED.search(system)
    return (found[1] or found[2]) if found else ""


def _without_directions(content: str) -> str:
    paragraphs = (paragraph.strip() for paragraph in content.split("\n"))
    return "\n".join(paragraph for paragraph in paragraphs if paragraph and not _DIRECTION.fullmatch(paragraph))


def _lines(content: str) -> tuple[list[Line], str | None]:
    """The closed lines of an assistant message, and what is still open at its end (None if nothing is)."""
    complete: list[Line] = []
    begun: str | None = None
    if not _SAYS.search(content):
        return [], content
    for found in _SAYS.finditer(content):
        if found["end"] or found.end() < len(content):
            complete.append(Line(found["name"].strip(), found["text"].strip()))
        else:
            begun = found["text"]
    return complete, begun


def _opening_name(content: str) -> str:
    names = [found["name"].strip() for found in _SAYS.finditer(content)]
    return names[-1] if names else ""
