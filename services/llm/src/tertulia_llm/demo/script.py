"""Chooses the demo model's next words. Pure: the same messages and seed give the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tertulia_llm.demo.replies import closing_words, continuation, fitting_replies
from tertulia_llm.demo.scene import Message, Scene, read_scene

_TOKEN = re.compile(r"\s*\w{1,8}|\s*[^\w\s]|\s+")


def next_words(messages: Sequence[Message], *, seed: int) -> str:
    """The reply to `messages`.

    If `messages` end in an unfinished assistant message (`<Luna>Hello, I`), the result is only the rest of that reply:
    the two together are the reply to the same messages without the unfinished one. If the unfinished message is not the
    beginning of any fitting reply, the result is a general ending.
    """
    scene = read_scene(messages)
    if scene.begun is None:
        return next(fitting_replies(scene, seed))
    for whole in fitting_replies(scene, seed):
        rest = _rest(whole, scene.begun)
        if rest is not None:
            return rest
    return _conclusion(scene, scene.begun, seed)


def tokens(text: str) -> list[str]:
    """Split `text` into pieces, each about as long as a model's token. Joined, the pieces are `text` again."""
    return _TOKEN.findall(text)


def _rest(whole: str, begun: str) -> str | None:
    """The part of `whole` after `begun`; None if `whole` does not begin with `begun`. White space may differ."""
    at = 0
    for char in begun:
        if char.isspace():
            continue
        while at < len(whole) and whole[at].isspace():
            at += 1
        if at == len(whole) or whole[at] != char:
            return None
        at += 1
    rest = whole[at:]
    return rest.lstrip() if begun[-1:].isspace() else rest


def _conclusion(scene: Scene, begun: str, seed: int) -> str:
    space = "" if begun[-1:].isspace() else " "
    if begun.rstrip().endswith((".", "!", "?", "…")):
        closer = next((words for words in closing_words(scene, seed) if words not in begun), "")
        return space + closer if closer else ""
    return space + continuation(scene, seed)
