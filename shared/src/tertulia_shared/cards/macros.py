"""Expands the macros of a card's texts, such as `{{user}}`. Pure; the result of the same arguments is the same.

Those of the V3 specification: `{{char}}`, `{{user}}`, `{{random:a,b}}`, `{{pick:a,b}}`, `{{roll:d6}}`, `{{reverse:a}}`,
and the comments `{{// a}}`, `{{hidden_key:a}}` and `{{comment:a}}`, which disappear. Those of SillyTavern that need
nothing but the conversation: `{{original}}`, `{{description}}`, `{{personality}}`, `{{scenario}}`, `{{persona}}`,
`{{newline}}`, `{{trim}}`, `{{noop}}`, `{{date}}`, `{{time}}`, `{{weekday}}`, `{{isodate}}`, `{{isotime}}`, and the old
forms `<USER>`, `<BOT>` and `<CHAR>`. An unknown macro stays as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

MAX_EXPANDED_CHARS: Final = 32_768
"""Longest result. What goes beyond it is cut off."""
MAX_ROUNDS: Final = 4
"""Levels of macros in each other, such as `{{random:{{user}},{{char}}}}`. The inner ones are expanded first."""
_MAX_DICE, _MAX_SIDES = 100, 1_000_000
_MACRO: Final = re.compile(r"\{\{([^{}]*)\}\}")
_OLD_FORM: Final = re.compile(r"<(USER|BOT|CHAR)>", re.IGNORECASE)
_DICE: Final = re.compile(r"(\d{0,3})d(\d{1,7})", re.IGNORECASE)
_COMMENTS: Final = ("hidden_key", "comment")
_ESCAPED_COMMA: Final = "\ue000"


@dataclass(frozen=True, slots=True)
class MacroValues:
    """What macros stand for. `seed` decides `{{random:…}}` and `{{roll:…}}`, `fixed_seed` decides `{{pick:…}}`."""

    char: str
    user: str
    original: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The texts that macros can name: description, personality and scenario of the card, and the user's persona."""
    now: datetime | None = None
    seed: str = ""
    fixed_seed: str = ""


def expand(text: str, values: MacroValues) -> str:
    """The text with its macros expanded, at most `MAX_EXPANDED_CHARS` long."""
    text = _OLD_FORM.sub(lambda found: values.user if found[1].upper() == "USER" else values.char, text)
    for _ in range(MAX_ROUNDS):
        expanded = _one_round(text, values)
        if expanded == text:
            break
        text = expanded
    return text[:MAX_EXPANDED_CHARS]


def _one_round(text: str, values: MacroValues) -> str:
    parts: list[str] = []
    size = end = number = 0
    for number, match in enumerate(_MACRO.finditer(text)):
        expanded = _value(match[1], values, number)
        parts += [text[end : match.start()], match.group() if expanded is None else expanded]
        size += len(parts[-1]) + len(parts[-2])
        end = match.end()
        if size > MAX_EXPANDED_CHARS:
            return "".join(parts)[:MAX_EXPANDED_CHARS]
    return "".join((*parts, text[end:]))[:MAX_EXPANDED_CHARS]


def _value(macro: str, values: MacroValues, number: int) -> str | None:
    """What one macro stands for; None if it is unknown."""
    macro = macro.strip()
    if macro.startswith("//"):
        return ""
    name, colon, argument = macro.partition(":")
    name = name.strip().lower()
    if colon:
        return _with_argument(name, argument, values, number)
    if name == "roll" or name.startswith("roll "):
        return _roll(name.removeprefix("roll").strip(), (values.seed, str(number)))
    return _plain(name, values)


def _with_argument(name: str, argument: str, values: MacroValues, number: int) -> str | None:
    if name in _COMMENTS:
        return ""
    match name:
        case "random":
            return _chosen(argument, (values.seed, str(number)))
        case "pick":
            return _chosen(argument, (values.fixed_seed, str(number)))
        case "roll":
            return _roll(argument.strip(), (values.seed, str(number)))
        case "reverse":
            return argument[::-1]
        case _:
            return None


def _plain(name: str, values: MacroValues) -> str | None:
    named = {"char": values.char, "user": values.user, "original": values.original, "newline": "\n"}
    if name in named:
        return named[name]
    if name in values.texts:
        return values.texts[name]
    if name in ("trim", "noop"):
        return ""
    return _of_time(name, values.now) if values.now else None


def _of_time(name: str, now: datetime) -> str | None:
    formats = {
        "date": f"{now:%B} {now.day}, {now.year}",
        "time": f"{now:%H:%M}",
        "weekday": f"{now:%A}",
        "isodate": f"{now:%Y-%m-%d}",
        "isotime": f"{now:%H:%M}",
    }
    return formats.get(name)


def _chosen(argument: str, seeds: Sequence[str]) -> str:
    if argument.startswith(":") or "::" in argument:
        options = argument.removeprefix(":").split("::")
    else:
        options = argument.replace("\\,", _ESCAPED_COMMA).split(",")
    chosen = options[_number((*seeds, argument)) % len(options)]
    return chosen.replace(_ESCAPED_COMMA, ",").strip()


def _roll(dice: str, seeds: Sequence[str]) -> str | None:
    match = _DICE.fullmatch(f"d{dice}" if dice.isdecimal() else dice)
    if match is None:
        return None
    count, sides = int(match[1] or 1), int(match[2])
    if not (1 <= count <= _MAX_DICE and 1 <= sides <= _MAX_SIDES):
        return None
    return str(sum(1 + _number((*seeds, dice, str(nth))) % sides for nth in range(count)))


def _number(seeds: Sequence[str]) -> int:
    source = "\0".join(seeds).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(source, digest_size=8).digest(), "big")
