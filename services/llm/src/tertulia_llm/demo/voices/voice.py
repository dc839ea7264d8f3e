"""`Voice`: all that one character of the demo model can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tertulia_llm.demo.intents import Intent


@dataclass(frozen=True, slots=True)
class Voice:
    """Templates for `str.format`. Fields, each a plain string:

    - `name`: the speaker; `persona`: "a baker who loves her cat"
    - `user`: ", Jay" or ""; `called`: "You are Jay", or a sentence that says that the name is unknown
    - `topic`, `Topic`: the subject of the user's message ("your old dog"); `about`: ", since you ask about the sea"
      or ""
    - `answer`: the result of a sum
    - `other`: the previous speaker; `other_topic`: the subject of that reply

    A line with the field `topic` (or `other_topic`) is used only if that topic is known, so each intent needs two lines
    without these fields.

    `lines`: whole replies. `reactions`: sentences that open a reply after another character's. `discussion`: whole
    replies to `other`, while the characters talk among themselves; some ask `other`. `more`: whole replies that add
    something to the speaker's last one. `closers`: sentences that end a short reply. `continuations`: sentences that
    complete a reply that broke off, if it does not begin like any line of this voice.
    """

    lines: Mapping[Intent, tuple[str, ...]]
    reactions: tuple[str, ...]
    discussion: tuple[str, ...]
    more: tuple[str, ...]
    closers: tuple[str, ...]
    continuations: tuple[str, ...]
