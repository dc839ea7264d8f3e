"""Reads the messages of a request: what was said so far, and which character is to speak next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tertulia_llm.demo.intents import user_name
from tertulia_llm.text.stage_notes import Cue, cue_in

Role = Literal["system", "user", "assistant"]

_NAME = re.compile(r"\bYou are +(?:now +)?((?:[^\s,.;:!?()<>\"\u201c\u201d]+ ?){1,6})")
_SAYS = re.compile(
    r"<(?P<name>[^<>/\n]{1,64})>\s*(?P<text>.*?)(?P<end></(?P=name)>|(?=<[^<>/\n]{1,64}>)|\Z)",
    re.DOTALL,
)
# Matches the llm worker's own prompt, where a name can be any text. For prompts of other clients, see _NAME.
_CAST = re.compile(
    r"\bYou are (?P<speaker>[^\n]{1,120}?), in a spoken conversation with (?P<user>[^\n]{1,120}?)"
    r"(?: and these other characters: (?P<others>[^\n]{1,2000}?))?\.(?:\n|$)"
)
_TALKING_WITH = re.compile(r"\b(?:talking|speaking|chatting|talks?|speaks?) (?:with|to) ([A-Z][\w'-]{0,30})\b")
_NOT_A_NAME = frozenset({"user", "the user", "you", "guest"})
# Matches instructions to the model, which are not part of the conversation: paragraphs in brackets or in these words.
_DIRECTION = re.compile(
    r"\[.*\]|\(.*\)"
    r"|(?:(?:it is|it's|now it is|now it's) )?(?:now )?[^\n.]{0,64}(?:'s|your) turn(?: to \w+)?\b[^\n]*"
    r"|(?:now )?(?:speak|reply|respond|answer|continue)(?: now)?,? (?:only )?as\b[^\n]*"
    r"|continue\b.*(?:exactly|where|from|without)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request. `content`: its text."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a character. `name` is "" if the message does not say whose line it is."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the choice of a reply depends on, apart from the seed.

    `said`: the user's last message. `answers`: what other characters said after it. `own`: the speaker's earlier lines,
    oldest first. `lines_before`: how many messages of the user and lines of the characters come before this reply.
    `begun`: the beginning of this reply, if the request ends with an unfinished assistant message to continue; None if
    the reply is new.
    """

    speaker: str
    persona: str
    user: str
    said: str
    answers: tuple[Line, ...]
    own: tuple[str, ...]
    others: frozenset[str]
    lines_before: int
    begun: str | None
    said_before: tuple[str, ...] = ()
    """The user's earlier messages, oldest first."""
    cue: Cue | None = None
    """What the reply is for, if it does not answer a message of the user."""


def read_scene(messages: Sequence[Message]) -> Scene:
    """Read the scene from any messages. What the messages do not say is left empty."""
    system = "\n".join(message.content for message in messages if message.role == "system")
    cast = _CAST.search(system)
    speaker = cast["speaker"].strip() if cast else _speaker(system)
    user = _user(system, cast)
    said, begun = "", None
    said_before: list[str] = []
    lines: list[Line] = []
    answers: list[Line] = []
    lines_before = 0
    for message in messages:
        if message.role == "system":
            continue
        spoken = _without_directions(message.content) if message.role == "user" else message.content
        if not spoken.strip() and message.role == "user":
            continue
        if begun is not None:
            # An assistant message without tags that is not the last message is a finished line.
            lines.append(Line("", begun))
            lines_before += 1
            begun = None
        if message.role == "user":
            said_before += [said] if said else []
            said, answers, lines_before = spoken, [], lines_before + 1
            user = user_name(spoken) or user
            continue
        complete, begun = _lines(message.content)
        lines += complete
        answers += complete
        lines_before += len(complete)
    if begun is not None and not speaker:
        speaker = _last_tag(messages)
    mine = speaker.casefold()
    return Scene(
        speaker=speaker,
        persona=_persona(system, speaker),
        user=user,
        said=said,
        answers=tuple(line for line in answers if line.name and line.name.casefold() != mine),
        own=tuple(line.text for line in lines if line.name.casefold() in {mine, ""}),
        others=frozenset(
            name for name in [*_others(cast), *(line.name for line in lines)] if name and name.casefold() != mine
        ),
        lines_before=lines_before,
        begun=begun,
        said_before=tuple(said_before),
        cue=_cue(messages),
    )


def _cue(messages: Sequence[Message]) -> Cue | None:
    """The cue in the notes after the last reply or message."""
    for message in reversed(messages):
        if message.role != "user":
            continue
        cue = cue_in(message.content)
        if cue is not None or _without_directions(message.content).strip():
            return cue
    return None


def _speaker(system: str) -> str:
    for found in _NAME.finditer(system):
        words: list[str] = []
        for word in found[1].split():
            # A name begins with a capital, or its script has no capitals. So "a", "the" and "talking" are not names.
            if word[:1].islower() or not word[:1].isalnum():
                break
            words.append(word.removesuffix("'s").removesuffix("\u2019s"))
        if words:
            return " ".join(words)
    return ""


def _persona(system: str, speaker: str) -> str:
    """What the prompt says about the speaker, in the first person ("a baker who loves my cat"); "" if it says
    nothing.
    """
    for found in re.finditer(rf"\bYou are (?:{re.escape(speaker)}, )?(an? [^.!?\n]{{3,160}})", system):
        words = [{"you": "I", "your": "my", "yourself": "myself"}.get(word.lower(), word) for word in found[1].split()]
        return re.sub(r"\bI are\b", "I am", " ".join(words)).rstrip(" ,;:")
    return ""


def _user(system: str, cast: re.Match[str] | None) -> str:
    found = _TALKING_WITH.search(system)
    name = cast["user"].strip() if cast else found[1] if found else ""
    return "" if name.casefold() in _NOT_A_NAME else name


def _others(cast: re.Match[str] | None) -> list[str]:
    return [name.strip() for name in (cast["others"] or "").split(",")] if cast else []


def _without_directions(content: str) -> str:
    paragraphs = (paragraph.strip() for paragraph in _PARAGRAPHS.split(content))
    return "\n".join(paragraph for paragraph in paragraphs if paragraph and not _DIRECTION.fullmatch(paragraph))


def _lines(content: str) -> tuple[list[Line], str | None]:
    """The finished lines of an assistant message, and the unfinished line at its end (None if there is none)."""
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


def _last_tag(messages: Sequence[Message]) -> str:
    names = [found["name"].strip() for message in messages for found in _SAYS.finditer(message.content)]
    return names[-1] if names else ""
