"""The shape of a voice: the lines that one character can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tertulia_llm.demo.intents import Intent


@dataclass(frozen=True, slots=True)
class Voice:
    """Templates for `str.format`. Fields, each a plain string:

    - `name`: the speaker; `persona`: "a baker who loves her cat"
    - `user`: ", Jay" or ""; `called`: "You are Jay", or that nobody said
    - `topic`, `Topic`: what the user spoke of ("your old dog"); `about`: ", since you ask about the sea" or ""
    - `answer`: the result of a sum
    - `other`: who spoke before; `other_topic`: what they spoke of

    A line with `topic` (or `other_topic`) is said only if there is one, so each intent needs two lines without it.

    `lines`: whole replies. `reactions`: one sentence to open with after another character has spoken.
    `closers`: one sentence to end a short reply with. `continuations`: how to go on from words that are no line of this
    voice.
    """

    lines: Mapping[Intent, tuple[str, ...]]
    reactions: tuple[str, ...]
    closers: tuple[str, ...]
    continuations: tuple[str, ...]
