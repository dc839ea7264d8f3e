"""Processes are killed while messages are edited, made again, chosen and deleted. No message is lost or doubled, and
the client and the store agree on what is at the table.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tertulia_shared.ids import new_id
from tests.chaos.faults import FAULTS
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack
from tests.harness.talk_record import Record

pytestmark = pytest.mark.timeout(180, method="signal")

TABLE = "SELECT id, text, status FROM messages WHERE conversation_id = ? ORDER BY position, id"
ASIDE = "SELECT id, branch, text FROM set_aside WHERE conversation_id = ? AND branch <> '' ORDER BY position, id"
STORY = "Luna, tell me a story about the ocean."
Strike = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """No fault."""


def shown_table(record: Record) -> set[str]:
    """The ids of the messages that a client shows which applies the events in order."""
    shown: set[str] = set()
    for frame in record.frames:
        match frame["type"]:
            case "turn_accepted" if frame["source"] == "typed":
                shown.add(frame["turn_id"])
            case "message_started":
                shown.add(frame["message_id"])
            case "history_changed":
                shown -= set(frame["removed"])
                shown |= {message["id"] for message in frame["restored"]}
            case _:
                pass
    return shown


class Talk:
    """A conversation whose messages are changed."""

    def __init__(self, stack: Stack, client: TalkClient) -> None:
        self.client = client
        self.id = client.record.conversation_id
        self._stack = stack

    async def change(self, kind: str, strike: Strike = nothing, **data: Any) -> str:
        """Begin a turn, strike when it is accepted, and wait for its end. Returns its id.

        The command is sent again on each new connection, until it is accepted.
        """
        client, turn_id = self.client, new_id()
        while turn_id not in client.record.turns_accepted:
            connections = client.connections
            with contextlib.suppress(ConnectionClosed):
                await client.send(kind, turn_id=turn_id, **data)
            await client.until(
                lambda before=connections: turn_id in client.record.turns_accepted or client.connections > before,
                "turn_accepted",
            )
        await strike()
        await client.until_done(turn_id)
        return turn_id

    async def say(self, text: str, strike: Strike = nothing, **data: Any) -> tuple[str, str]:
        """Say something to one character. Returns the ids of the message and of its reply."""
        turn_id = await self.change("user_message", strike, text=text, **data)
        return turn_id, self.reply(turn_id)

    async def again(self, reply_id: str, strike: Strike = nothing, **data: Any) -> str:
        """Have a reply made again. Returns the id of the new one."""
        return self.reply(await self.change("request_reply", strike, replaces=reply_id, **data))

    def reply(self, turn_id: str) -> str:
        """The id of the only reply of a turn."""
        (message,) = self.client.record.of_turn(turn_id)
        return message.message_id

    async def has(self, table: list[str], aside: dict[str, list[str]]) -> None:
        """Check what the client shows, and wait until the store has these ids in order, these branches and their texts.

        A row gets its final text after the client has seen the end of the message.
        """
        assert shown_table(self.client.record) == set(table)
        messages = self.client.record.messages.values()
        complete = {message.message_id: message.text for message in messages if message.status == "complete"}

        def stored() -> bool:
            texts = {row[0]: row[1] for row in [*self._rows(TABLE), *((id, text) for id, _, text in self._rows(ASIDE))]}
            return (
                self._table() == table
                and self._aside() == aside
                and all(text == complete.get(message_id, text) for message_id, text in texts.items())
            )

        await eventually(stored, "the right rows")

    def _table(self) -> list[str]:
        return [row[0] for row in self._rows(TABLE)]

    def _aside(self) -> dict[str, list[str]]:
        branches: dict[str, list[str]] = {}
        for message_id, branch, _ in self._rows(ASIDE):
            branches.setdefault(branch, []).append(message_id)
        return branches

    def _rows(self, query: str) -> list[tuple[str, ...]]:
        database = self._stack.data_dir / "tertulia.db"
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as file:
            return file.execute(query, (self.id,)).fetchall()


@asynccontextmanager
async def talking(stack: Stack) -> AsyncGenerator[Talk]:
    """A client in a new conversation."""
    async with talk(*stack.urls) as client:
        yield Talk(stack, client)


async def change_everything(it: Talk, strikes: Iterator[Strike]) -> None:
    """Change the messages of a conversation in every way, and check the table after each change."""
    first, one = await it.say("Luna, hello!")
    two = await it.again(one, next(strikes))
    await it.has([first, two], {one: [one]})
    second, three = await it.say("Rex, how are you?", next(strikes))
    edited, four = await it.say("Luna, good evening!", next(strikes), replaces=first)
    await it.has([edited, four], {first: [first, two, second, three], one: [one]})
    await it.change("choose_version", next(strikes), message_id=first)
    await it.has([first, two, second, three], {one: [one], edited: [edited, four]})
    await it.change("choose_version", next(strikes), message_id=one)
    await it.has([first, one], {two: [two, second, three], edited: [edited, four]})
    await it.change("delete_message", next(strikes), message_id=one)
    await it.has([first], {edited: [edited, four]})
    third, five = await it.say("Sage, what now?", next(strikes))
    await it.has([first, third, five], {edited: [edited, four]})


@pytest.mark.parametrize(
    "names",
    [
        ("kill the llm worker",),
        ("kill every llm worker", "kill the gateway", "restart Redis", "pause the llm worker", "drop the connection"),
    ],
    ids=["the llm worker", "all kinds"],
)
async def test_changes_of_the_past_survive_faults_at_each_of_them(stack: Stack, names: tuple[str, ...]) -> None:
    async with talking(stack) as it:

        def strike_of(name: str) -> Strike:
            async def strike() -> None:
                await FAULTS[name](stack, it.client)

            return strike

        await change_everything(it, itertools.cycle(map(strike_of, names)))


async def test_changes_of_the_past_reach_a_store_that_was_locked(stack: Stack) -> None:
    async with talking(stack) as it:
        first, one = await it.say("Luna, hello!")
        with contextlib.closing(sqlite3.connect(stack.data_dir / "tertulia.db", isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            two = await it.again(one)
            edited, three = await it.say("Luna, good evening!", replaces=first)
            await it.change("choose_version", message_id=first)
            await it.change("choose_version", message_id=one)
            second, four = await it.say("Rex, how are you?")
            assert shown_table(it.client.record) == {first, one, second, four}
            file.execute("ROLLBACK")
        await it.has([first, one, second, four], {two: [two], edited: [edited, three]})


@pytest.mark.parametrize("name", ["kill the llm worker", "kill the gateway"])
async def test_edit_while_the_reply_is_spoken_leaves_one_reply(stack: Stack, name: str) -> None:
    async with talking(stack) as it:
        client, turn_id = it.client, new_id()
        await client.say(STORY, turn_id)
        begun = len(client.record.frames)
        await client.until(lambda: len(client.record.frames) > begun + 40, "some of a story")
        cut = it.reply(turn_id)

        async def strike() -> None:
            await FAULTS[name](stack, client)

        edited, reply = await it.say("Luna, hello!", strike, replaces=turn_id)
        await it.has([edited, reply], {turn_id: [turn_id, cut]})
