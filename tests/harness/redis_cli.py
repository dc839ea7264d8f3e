"""The recipes of docs/redis-cli.md, and the data of a real conversation on which they run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import redis

from tertulia_cli.inspect.snapshot import take_snapshot
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Message, Turn
from tertulia_shared.bus.accounts import Account, digest, reader_rules
from tertulia_shared.entries import StoreWrite, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.client import talk
from tests.harness.stack import Stack
from tests.servers.redis_server import find_redis_server

DOC = Path(__file__).parents[2] / "docs" / "redis-cli.md"
SAID = "Luna, what is up there tonight?"
AWKWARD = 'Rex — “quotes", \\x41, tab\tand\nline ≠ ASCII'


def blocks() -> dict[str, list[str]]:
    """The shell blocks of the document, by section heading."""
    parts = re.split(r"(?m)^## ", DOC.read_text())[1:]
    return {part.partition("\n")[0]: re.findall(r"```sh\n(.*?)```", part, re.DOTALL) for part in parts}


BLOCKS = blocks()
FUNCTIONS = BLOCKS["One entry per line"][0]


@dataclass(frozen=True)
class ConversationData:
    """The data in Redis, and how to reach it."""

    cli: str
    folder: Path
    stack: Stack
    conversation_id: str
    older: str
    turn: Turn
    held_id: str
    waiting_id: str
    dead_id: str
    stt: str
    cursor: str

    @property
    def message(self) -> Message:
        """The reply that the recipes use as an example."""
        (message,) = self.turn.messages.values()
        return message

    def run(self, shell: str, script: str, **extra: str) -> str:
        """Run a script with the functions of the document, and with `cli`, `C` and `M` set. Returns its output."""
        before = f"cli='{self.cli}'\nC={self.conversation_id}\nM={self.message.message_id}\n{FUNCTIONS}"
        done = subprocess.run(
            [shell, "-c", before + script],
            cwd=self.folder,
            env={**os.environ, **extra},
            capture_output=True,
            check=True,
        )
        assert done.stderr == b"", done.stderr.decode()
        return done.stdout.decode()


async def talked(stack: Stack, folder: Path) -> ConversationData:
    """Hold a conversation, then leave in Redis: a dead letter, one claimed and one waiting work entry, and a row to
    save.
    """
    async with talk(*stack.urls) as client:
        await client.hears(AWKWARD, new_id())
        older = client.record.conversation_id
    async with talk(*stack.urls) as client:
        await client.hears(SAID, new_id())
        conversation_id = client.record.conversation_id
    async with stack.bus() as bus:
        await bus.post("tts", Work(conversation_id, "no-id"))
        follow = bus.follow(bus.keys.dead())
        (dead,) = await follow.read()
        follow.close()
        for worker in (*stack.of("tts"), *stack.of("llm")):
            worker.send(signal.SIGTERM)
            worker.wait()
        timeline = build(await take_snapshot(bus, conversation_id, 0))
        message_id = next(iter(timeline.turns[0].messages))
        for _ in range(2):
            await bus.post("tts", Work(conversation_id, message_id))
        (claim,) = await bus.claim("tts", "host-1-abc", count=1, block_s=30)
        await bus.note_failure(claim, "RetryLater: no device")
        waiting = await bus.last(bus.keys.work("tts"))
        outlet = bus.outlet()
        outlet.append(bus.keys.store(), StoreWrite("message", conversation_id, message_id, b"\0\xff"))
        await outlet.flush()
        cursor = (await bus.hash(bus.keys.state(conversation_id)))[b"cursor"].decode()
        timeline = build(await take_snapshot(bus, conversation_id, 0))
        assert waiting is not None
        return ConversationData(
            cli=reader(stack.redis.url), folder=folder, stack=stack, conversation_id=conversation_id, older=older,
            turn=timeline.turns[0], held_id=claim.id, waiting_id=waiting.id, dead_id=dead.id, cursor=cursor,
            stt=next(member for member in timeline.workers if member.startswith("stt:")),
        )  # fmt: skip


def reader(url: str) -> str:
    """The command line of redis-cli as the user `reader` of the compose file."""
    client = cast("Any", redis.Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    account = Account("reader", digest("secret"), reader_rules(Keys("tertulia")))
    client.execute_command("ACL", "SETUSER", *account.words())
    client.close()
    return f"{redis_cli()} -u redis://reader:secret@{url.rpartition('@')[2]} --no-auth-warning"


def redis_cli() -> str:
    """The redis-cli on PATH, or the one in the folder of the redis-server."""
    return shutil.which("redis-cli") or str(Path(find_redis_server()).with_name("redis-cli"))
