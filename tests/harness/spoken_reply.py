"""Reads the replies of a conversation, with the sound that tts made."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.harness.eventually import PATIENCE_S
from tests.harness.stack import Stack


@dataclass(frozen=True, slots=True)
class SpokenReply:
    """One reply of a character. `whole`: the text is complete, and so is the sound `pcm`."""

    name: str
    text: str
    pcm: bytes
    whole: bool


def newest_conversation(stack: Stack) -> str:
    """The id of the conversation with the newest message. Conversations of earlier tests must have ended."""
    return _get(stack.http("/api/conversations?limit=1"))["items"][0]["id"]


async def replies_of(stack: Stack, conversation_id: str) -> list[SpokenReply]:
    """The replies of this conversation, in order."""
    messages = _get(stack.http(f"/api/conversations/{conversation_id}"))["messages"]
    async with stack.bus() as bus:
        replies: list[SpokenReply] = []
        for message in messages:
            if message["role"] != "character":
                continue
            entries = await bus.read(bus.keys.audio(conversation_id, message["id"]))
            sound = [entry.fields[b"audio"] for entry in entries if b"is_final" not in entry.fields]
            whole = message["status"] == "complete" and len(sound) < len(entries)
            replies.append(SpokenReply(message["character_name"], message["text"], b"".join(sound), whole))
        return replies


def _get(url: str) -> Mapping[str, Any]:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:  # noqa: S310 - the stack's gateway
        return json.loads(response.read())
