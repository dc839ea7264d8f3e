"""Which words come next: the policy of the demo model, pure, the same for the same messages and seed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tertulia_llm.demo.replies import closing_words, fitting_replies, going_on
from tertulia_llm.demo.scene import Message, Scene, read_scene

_TOKEN = re.compile(r"\s*\w{1,8}|\s*[^\w\s]|\s+")


def next_words(messages: Sequence[Message], *, seed: int) -> str:
    """What the model says after `messages`.

    If they end in an assistant message that is still open (`<Luna>Hello, I`), the answer goes on exactly after it: it
    is the rest of the very reply that the same messages get without it, so that begun and rest make up that reply,
    wherever it was cut. Words that are the beginning of no fitting reply are brought to a good end.
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
    """`text` in pieces of about a model's token each; joined they are `text` again."""
    return _TOKEN.findall(text)


def _rest(whole: str, begun: str) -> str | None:
    """What of `whole` comes after `begun`, or None if `whole` doesn't begin so. White space may differ."""
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
    return space + going_on(scene, seed)
