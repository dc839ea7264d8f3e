"""Compares a finished turn with Redis, with SQLite, and with the result of an undisturbed run. Uses none of the
product's code.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Collection, Container, Sequence
from pathlib import Path
from typing import Any, cast

import redis.asyncio
from redis.exceptions import RedisError

from tests.chaos.rig.client import Client
from tests.chaos.rig.expected_replies import rendering_of, reply_to
from tests.chaos.rig.frame_checks import Message, Turn

PATIENCE_S = 60.0
"""How long it may take until a row agrees with the events. If a worker died, the turn may have to wait for the
sweep.
"""
POLL_S = 0.1
FIRST_MS, REST_MS = 40, 80
BYTES_PER_MS = 48
STAGES = ("stt", "llm", "tts")
WITHOUT_ANSWER = ("choose_version", "delete_message")
"""Commands whose turns nobody answers."""
FILLS_MEMORY = "oom"
"""The name of the fault after which Redis reaches its memory limit."""

_ROWS = "SELECT id, role, text, status FROM messages WHERE turn_id = ? ORDER BY position"
_TABLE = "SELECT id, turn_id FROM messages WHERE conversation_id = ? AND (text <> '' OR status <> 'streaming')"
_SET_ASIDE = "SELECT id, branch FROM set_aside WHERE conversation_id = ?"


class DataChecker:
    """Reads the streams of one namespace, and one SQLite file."""

    def __init__(self, url: str, namespace: str, database: Path) -> None:
        self.namespace = namespace
        self._database = database
        self.redis = cast("Any", redis.asyncio.Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()

    async def check(self, client: Client, turn: Turn, faults: Callable[[], Container[str]] = tuple) -> None:
        """Check a turn that is over. `faults`: returns all faults that were active at any time since the turn began,
        also while it is checked.
        """
        checker = client.checker
        if turn.planned is None:
            if turn.command in WITHOUT_ANSWER:
                return
            if not turn.interrupted:
                checker.complain("lost", "the turn ended without turn_started", turn.turn_id)
            return
        if not turn.interrupted and turn.planned != turn.messages:
            checker.complain("lost", f"planned were {turn.planned}, begun {turn.messages}", turn.turn_id)
        for message_id in turn.messages:
            message = checker.messages[message_id]
            full = reply_to(turn.asked or turn.text, message.character)
            if not turn.interrupted:
                await self._check_whole(client, message, full, faults)
            else:
                self._check_cut(client, message, full)
        await self._check_rows(client, turn)

    async def _check_whole(
        self, client: Client, message: Message, full: str, faults: Callable[[], Container[str]]
    ) -> None:
        complain = client.checker.complain
        if message.status != "complete":
            complain("lost", f"{message.character}'s reply is {message.status!r}", message.turn_id)
            return
        if message.text != full:
            complain("wrong", f"shown was {message.text!r}, the model said {full!r}", message.turn_id)
        entries = await self._entries(f"{{{client.checker.conversation_id}}}:{message.message_id}:sentences")
        spoken = [fields for _, fields in entries if fields.get(b"is_final") != b"1"]
        written = b"".join(fields.get(b"written", b"") for _, fields in entries).decode()
        if written != message.text:
            complain("wrong", f"shown was {message.text!r}, the sentences are {written!r}", message.turn_id)
        if [entry_id for entry_id, _ in entries] != [f"{number}-0".encode() for number in range(1, len(entries) + 1)]:
            complain("disordered", f"the sentences' ids are {[each for each, _ in entries]}", message.turn_id)
        expected = {
            index: rendering_of(fields[b"text"].decode(), message.character.lower())
            for index, fields in enumerate(spoken)
        }
        for index, pcm in expected.items():
            heard = bytes(message.pcm.get(index, b""))
            if heard != pcm:
                kind = "lost" if len(heard) < len(pcm) else "doubled" if len(heard) > len(pcm) else "wrong"
                said = f"{len(heard)} bytes heard of {len(pcm)}; equal up to {_equal(heard, pcm)}"
                complain(kind, f"sentence {index} of {message.character} sounds different: {said}", message.turn_id)
        if len(message.pcm) > len(expected):
            complain("doubled", f"{len(message.pcm)} sentences heard, {len(expected)} written", message.turn_id)
        audio = await self._entries(f"{{{client.checker.conversation_id}}}:{message.message_id}:audio")
        kept = [entry_id.decode() for entry_id, _ in audio]
        if not is_all_sound(kept, message.chunks, faults()):
            complain("wrong", f"{len(audio) - 1} chunks in Redis, {len(message.chunks)} heard", message.turn_id)

    def _check_cut(self, client: Client, message: Message, full: str) -> None:
        complain = client.checker.complain
        if not full.startswith(message.text):
            complain("wrong", f"shown was {message.text!r}, no beginning of {full!r}", message.turn_id)
        for index, pcm in message.pcm.items():
            if index < len(message.pcm) - 1 and not pcm:
                complain("lost", f"sentence {index} has no sound", message.turn_id)
        if message.heard is None:
            return
        if not full.startswith(message.heard):
            complain("wrong", f"heard was {message.heard!r}, no beginning of {full!r}", message.turn_id)
        sentences = full.count(".", 0, len(message.heard))
        most = client.reported.get(message.message_id, 0)
        if sentences > most:
            complain("wrong", f"{sentences} sentences count as heard, receipts went out for {most}", message.turn_id)

    async def _check_rows(self, client: Client, turn: Turn) -> None:
        """Wait until the rows agree with the events: rows may be written after the last event."""
        rows: dict[str, tuple[str, str]] = {}
        said: list[tuple[str, str]] = []
        wanted: dict[str, tuple[str, str]] | None = None
        own = [] if turn.asked else [(turn.text, "complete")]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    # compute the rows in each round: `message_heard` may come in the meantime
                    wanted = _wanted_rows(client, turn)
                    rows, said = await asyncio.to_thread(self._rows, turn.turn_id)
                    is_right = said == own and not turn.withdrawn & rows.keys()
                    if is_right and (wanted is None or {k: v for k, v in rows.items() if k in wanted} == wanted):
                        break
                    await asyncio.sleep(POLL_S)
        complain = client.checker.complain
        if said != own:
            complain("lost", f"the user's row is {said}, said was {turn.text!r}", turn.turn_id)
        if left := turn.withdrawn & rows.keys():
            complain("doubled", f"{len(left)} rows of withdrawn versions are left", turn.turn_id)
        for message_id, (text, status) in (wanted or {}).items():
            if rows.get(message_id) != (text, status):
                complain("wrong", f"shown was {text!r} ({status}), the row is {rows.get(message_id)}", turn.turn_id)
        if not turn.interrupted and set(rows) != set(turn.messages):
            complain("doubled", f"{len(rows)} rows for {len(turn.messages)} replies", turn.turn_id)

    async def check_table(self, client: Client, turn: Turn) -> None:
        """Wait until the store has the same messages at its table as the client shows. After a reload the client takes
        them from the store.
        """
        table = client.checker.table
        rows, aside = dict[str, str](), dict[str, str]()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    rows, aside = await asyncio.to_thread(self._table, client.checker.conversation_id)
                    if not table.is_known and table.is_in(rows):
                        table.seed(rows)
                    if table.is_known and rows.keys() == table.ids.keys() and not rows.keys() & aside.keys():
                        table.saved()
                        break
                    await asyncio.sleep(POLL_S)
        complain = client.checker.complain
        if not table.is_known:
            complain("lost", "the last change of the past is not at the table of the store", turn.turn_id)
            return
        if missing := table.ids.keys() - rows.keys():
            complain("lost", f"shown, but not at the table of the store: {_some(missing)}", turn.turn_id)
        if more := rows.keys() - table.ids.keys():
            complain("doubled", f"at the table of the store, but not shown: {_some(more)}", turn.turn_id)
        if lost := {branch for branch in aside.values() if branch} - aside.keys():
            complain("lost", f"{len(lost)} branches have lost the version that begins them", turn.turn_id)

    def _table(self, conversation_id: str) -> tuple[dict[str, str], dict[str, str]]:
        """The messages at the table with their turns, and those that are set aside with their branches."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=PATIENCE_S)
        ) as file:
            at_table = file.execute(_TABLE, (conversation_id,)).fetchall()
            return dict(at_table), dict(file.execute(_SET_ASIDE, (conversation_id,)).fetchall())

    def _rows(self, turn_id: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]:
        with contextlib.closing(
            sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=PATIENCE_S)
        ) as file:
            found: list[tuple[str, str, str, str]] = file.execute(_ROWS, (turn_id,)).fetchall()
        replies = {message_id: (text, status) for message_id, role, text, status in found if role == "character"}
        return replies, [(text, status) for _, role, text, status in found if role == "user"]

    async def has_interrupted(self, conversation_id: str, turn_id: str) -> bool:
        """True if the events say that the turn was interrupted and is complete."""
        kinds: list[bytes] = []
        for _, fields in await self._entries(f"{{{conversation_id}}}:events"):
            kind, of = fields.get(b"type", b""), fields.get(b"turn_id", b"").decode(errors="replace")
            if kind in (b"turn_accepted", b"turn_reopened") and of == turn_id:
                kinds = []
            if kind == b"interrupted" or of == turn_id:
                kinds.append(kind)
        return b"interrupted" in kinds and b"turn_complete" in kinds

    async def has_no_more_sound(self, conversation_id: str, message: Message) -> bool:
        """True if the client has received all audio of a message that is in Redis, up to its final entry."""
        entries = await self._entries(f"{{{conversation_id}}}:{message.message_id}:audio")
        chunks = [entry_id for entry_id, fields in entries if fields.get(b"is_final") != b"1"]
        return len(chunks) < len(entries) and chunks == [f"{s + 1}-{c + 1}".encode() for s, c in message.chunks]

    async def check_receipts(self, client: Client) -> None:
        """Check that every receipt in Redis is one that this client has sent."""
        for _, fields in await self._entries(f"{{{client.checker.conversation_id}}}:receipts"):
            if b"rig" in fields:
                continue  # a fault wrote this receipt
            receipt = (
                fields[b"message_id"].decode(), int(fields[b"sentence_index"]), int(fields[b"chunk_index"]),
                int(fields[b"played_ms"]), int(fields.get(b"next_samples", b"0")),
            )  # fmt: skip
            if receipt not in client.sent_receipts:
                client.checker.complain("wrong", f"Redis holds the receipt {receipt}, which was never sent")

    async def leftovers(self, max_attempts: int) -> list[str]:
        """What is wrong with the data in Redis after the run: keys without a TTL, open work, too many attempts."""
        names = [key async for key in self.redis.scan_iter(f"{self.namespace}:*", count=1000)]
        found = [f"{key.decode()} never expires" for key in names if await self.redis.ttl(key) == -1]
        for stage in STAGES:
            work = f"{self.namespace}:work:{stage}"
            with contextlib.suppress(RedisError):  # the group does not exist before the first worker has created it
                pending = await self.redis.xpending_range(work, stage, "-", "+", 1000)
                found += [
                    f"{work}: entry {entry['message_id'].decode()} has had {entry['times_delivered']} attempts"
                    for entry in pending
                    if entry["times_delivered"] > max_attempts
                ]
            lying = await self.redis.xrange(work, count=5)
            found += [f"{work}: {entry_id.decode()} is unhandled after the last turn: {at}" for entry_id, at in lying]
        return found

    async def dead(self) -> list[str]:
        """The stage and the reason of each dead letter."""
        letters = await self._entries("dead")
        return [
            f"{fields.get(b'stage', b'?').decode()}: {fields.get(b'reason', b'?').decode()}" for _, fields in letters
        ]

    async def _entries(self, key: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        while True:
            try:
                return await self.redis.xrange(f"{self.namespace}:{key}")
            except (RedisError, OSError):  # a fault has stopped Redis, which will be available again
                await asyncio.sleep(POLL_S)


def is_all_sound(kept: Sequence[str], heard: Sequence[tuple[int, int]], faults: Container[str]) -> bool:
    """True if Redis has the chunks of a message that were heard, and its final entry.

    If Redis was nearly full, heard audio may have been deleted early: all of it, or all but the final entry.
    """
    if len(kept) < 2 and FILLS_MEMORY in faults:
        return True
    return list(kept[:-1]) == [f"{sentence + 1}-{chunk + 1}" for sentence, chunk in heard]


def _wanted_rows(client: Client, turn: Turn) -> dict[str, tuple[str, str]] | None:
    """The text and the status that the row of each reply must have; None while the heard text is not settled."""
    messages = [client.checker.messages[each] for each in turn.messages]
    if turn.interrupted and any(message.heard is None for message in messages):
        return None
    return {
        message.message_id: (message.text, message.status)
        if message.heard is None
        else (message.heard, "interrupted")  # even if the text was complete
        for message in messages
    }


def _equal(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _some(ids: Collection[str]) -> str:
    return f"{len(ids)} messages, {', '.join(sorted(ids)[:3])}"
