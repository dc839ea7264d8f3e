"""What a stack holds of its newest conversation: the replies, and the sound that tts made of them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.harness.stack import Stack


@dataclass(frozen=True, slots=True)
class SpokenReply:
    """One reply of a character. `whole`: the text is complete, and so is the sound `pcm`."""

    name: str
    text: str
    pcm: bytes
    whole: bool


async def newest_replies(stack: Stack) -> list[SpokenReply]:
    """The replies in the conversation that somebody wrote to last."""
    newest = _get(stack.http("/api/conversations?limit=1"))["items"][0]
    messages = _get(stack.http(f"/api/conversations/{newest['id']}"))["messages"]
    async with stack.bus() as bus:
        replies: list[SpokenReply] = []
        for message in messages:
            if message["role"] != "character":
                continue
            entries = await bus.read(bus.keys.audio(newest["id"], message["id"]))
            sound = [entry.fields[b"audio"] for entry in entries if b"is_final" not in entry.fields]
            whole = message["status"] == "complete" and len(sound) < len(entries)
            replies.append(SpokenReply(message["character_name"], message["text"], b"".join(sound), whole))
        return replies


def _get(url: str) -> Mapping[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - the stack's gateway
        return json.loads(response.read())
