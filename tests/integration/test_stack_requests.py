"""Requests for replies without a message, through all processes."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tertulia_shared.ids import new_id
from tests.chaos.turn_verdict import until_saved
from tests.harness.client import TalkClient, talk
from tests.harness.stack import Stack

MESSAGES = "SELECT role, character_name FROM messages WHERE conversation_id = ? ORDER BY position"


async def request(client: TalkClient, **data: object) -> list[str]:
    """Ask for replies; returns the names of the characters that answer."""
    turn_id = new_id()
    await client.send("request_reply", turn_id=turn_id, **data)
    await client.until_done(turn_id)
    assert [frame["source"] for frame in client.record.of("turn_accepted") if frame["turn_id"] == turn_id] == [
        "request"
    ]
    return [reply.name for reply in client.record.of_turn(turn_id)]


def stored(database: Path, conversation_id: str) -> Sequence[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as file:
        return file.execute(MESSAGES, (conversation_id,)).fetchall()


async def test_characters_answer_continue_and_discuss_on_request(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await client.hears("Luna, hello!", new_id())
        luna = client.record.of("message_started")[0]["character_id"]
        assert await request(client) == ["Luna"], "the last speaker goes on"
        begun = await request(client, replies=2)
        assert len(begun) == 2
        assert "Luna" not in begun[:1], "another character begins"
        assert await request(client, character_id=luna) == ["Luna"]
        await until_saved(
            stack.data_dir / "tertulia.db", client.record, client.record.of("turn_accepted")[-1]["turn_id"]
        )
        names = [message.name for message in client.record.messages.values()]
        rows = stored(stack.data_dir / "tertulia.db", client.record.conversation_id)
        assert [role for role, _ in rows] == ["user", *["character"] * len(names)]
        assert [name for role, name in rows if role == "character"] == names
        texts = [message.text for message in client.record.messages.values()]
        assert len(set(texts)) == len(texts), "nothing is said twice"
        stack.unsaid |= client.record.words()
