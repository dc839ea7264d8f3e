"""`Voice`: all that one character of the demo model can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tertulia_llm.demo.intents import Intent


@dataclass(frozen=True, slots=True)
class Voice:
    """Templates for `str.format`. Fields, each a plain string:

    - `name`: the speaker; `persona`: "a baker who loves her cat"
    - `user`: ", Jay" or ""; `called`: "You are Jay", or a sentence that says that the name is unknown
    - `topic`, `Topic`: the subject of the user's message ("your old dog"); `about`: ", even if it is
      not quite about the sea" or ""
    - `answer`: the result of a sum
    - `other`: the previous speaker

    A line with the field `topic` is used only if the topic is known, so each intent needs two lines without it.

    `lines`: whole replies. `topics`: whole replies about a subject (see `demo.topics`), at least two for each.
    `reactions`: sentences that open a reply after another character's, to the same remark. `discussion`: whole
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
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
