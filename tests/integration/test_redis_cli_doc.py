"""Runs every recipe of docs/redis-cli.md in a shell, on the data of a real conversation, as a user that can only
read.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from redis.asyncio import Redis

from tertulia_cli.inspect.snapshot import take_snapshot
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Message, Turn
from tertulia_shared.bus import Bus
from tertulia_shared.bus.accounts import Account, digest, reader_rules
from tertulia_shared.entries import AudioChunk, StoreWrite, TTSSentence, Work
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.access import AccessBench
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.missing_program import skip_or_fail
from tests.harness.stack import Stack
from tests.servers.redis_server import RedisDidNotStart, RedisServer, find_redis_server

DOC = Path(__file__).parents[2] / "docs" / "redis-cli.md"
SAID = "Luna, what is up there tonight?"
AWKWARD = 'Rex — “quotes", \\x41, tab\tand\nline ≠ ASCII'
SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]
SETTING_UP = ("Reaching Redis", "One entry per line", "Watching it live")
"""Sections that have tests of their own. The other sections are recipes that print something."""
pytestmark = pytest.mark.timeout(120)


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


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConversationData]:
    """The data that a conversation has left in Redis."""
    folder = tmp_path_factory.mktemp("doc")
    with Stack(folder / "stack", namespace="tertulia") as stack:
        yield asyncio.run(talked(stack, folder))


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


# -- the expected output of each recipe


def conversations(left: ConversationData, outputs: list[str]) -> None:
    """The list of conversations, newest first; then the id of the newest one."""
    first, second = [line.split("  ", 2) for line in outputs[0].splitlines()]
    assert first == [str(left.turn.accepted), left.conversation_id, SAID]
    assert second[1:] == [left.older, " ".join(AWKWARD.split())]
    assert outputs[1].strip() == left.conversation_id


def who_said_what(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [f"You: {SAID}", f"{left.message.name}: {left.message.text}"]


def messages(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [f"{left.message.message_id} {left.message.name}"]
    assert outputs[1].strip() == left.message.message_id


def sentences(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [each.text for each in left.message.sentences.values()]
    assert outputs[1].strip() == "1"


def hops(left: ConversationData, outputs: list[str]) -> None:
    zero, message = left.turn.accepted, left.message
    first = message.sentences[0]
    assert left.turn.started is not None
    expected = {
        "turn started": left.turn.started,
        "first text": message.first_text,
        "first sentence": first.written,
        "first sound": first.first_sound,
        "text complete": message.text_complete,
        "sound complete": message.sound_complete,
    }
    assert outputs[0].splitlines() == [f"{name} {at - zero} ms" for name, at in expected.items() if at is not None]


def sound(left: ConversationData, outputs: list[str]) -> None:
    assert outputs == [""]
    with wave.open(str(left.folder / "reply.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        pcm = file.readframes(file.getnframes())
    assert len(pcm) == sum(each.pcm_bytes for each in left.message.sentences.values()) > 48_000
    (left.folder / "pcm").write_bytes(pcm)
    assert (left.folder / "reply.wav").stat().st_size == len(pcm) + 44


def waiting(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [
        "stt: 0 open, 0 with a worker", "llm: 0 open, 0 with a worker", "tts: 2 open, 1 with a worker",
    ]  # fmt: skip
    first, second = outputs[1].splitlines()
    assert first.startswith(f"tts {left.held_id}\t")
    assert second.startswith(f"tts {left.waiting_id}\t")
    assert f"message_id={left.message.message_id}" in second


def owner(left: ConversationData, outputs: list[str]) -> None:
    id, worker, idle_ms, attempt = outputs[0].strip().split("\t")
    assert (id, worker, attempt) == (f"tts {left.held_id}", "host-1-abc", "1")
    assert idle_ms.isdigit()
    assert outputs[1].strip() == left.message.owner
    assert outputs[2].strip() == "RetryLater: no device"


def died(left: ConversationData, outputs: list[str]) -> None:
    (line,) = outputs[0].splitlines()
    assert line.startswith(f"{left.dead_id} tts work ")
    assert "attempts: 1, a tts work entry needs a conversation_id and a message_id, both UUIDs" in line
    assert line.endswith(f"; {left.conversation_id} no-id")


def state(left: ConversationData, outputs: list[str]) -> None:
    fields = dict(line.split(":", 1) for line in outputs[0].splitlines())
    assert list(fields) == ["epoch", "cut", "talk", "cursor", "started", "complete", "failed"]
    assert (fields["epoch"], fields["cursor"]) == (f" {left.turn.epoch}", f" {left.cursor}")
    assert (fields["started"], fields["complete"], fields["failed"].strip()) == (" 1", " 1", "")


def outbox(left: ConversationData, outputs: list[str]) -> None:
    count, entry = outputs[0].splitlines()
    assert count == "1"
    assert entry.split("\t")[1:] == [
        "kind=message", f"conversation_id={left.conversation_id}", f"message_id={left.message.message_id}",
    ]  # fmt: skip


def alive(left: ConversationData, outputs: list[str]) -> None:
    assert left.stt in outputs[0].splitlines()
    assert all(member.count(":") == 2 for member in outputs[0].splitlines())


RECIPES: Mapping[str, Callable[[ConversationData, list[str]], None]] = {
    "Which conversations are there?": conversations,
    "Who said what, in order?": who_said_what,
    "Which messages are there?": messages,
    "What did this message say?": sentences,
    "How long did each hop take?": hops,
    "How does it sound?": sound,
    "What is waiting, stage by stage?": waiting,
    "Who owns it, since when, which attempt?": owner,
    "What died, and why?": died,
    "What is the state of a conversation?": state,
    "What waits for the database?": outbox,
    "Who is alive?": alive,
}


def test_every_section_of_the_redis_cli_document_has_a_test() -> None:
    assert {heading for heading, scripts in BLOCKS.items() if scripts} == {*RECIPES, *SETTING_UP}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("heading", list(RECIPES))
async def test_redis_cli_recipe_prints_the_recorded_data(left: ConversationData, heading: str, shell: str) -> None:
    RECIPES[heading](left, [left.run(shell, script) for script in BLOCKS[heading]])
    if heading == "How does it sound?":
        async with left.stack.bus() as bus:
            entries = await bus.read(bus.keys.audio(left.conversation_id, left.message.message_id))
        assert (left.folder / "pcm").read_bytes() == b"".join(entry.fields.get(b"audio", b"") for entry in entries)


@pytest.mark.parametrize("shell", SHELLS)
async def test_recipe_for_audio_keeps_every_byte_value(left: ConversationData, shell: str) -> None:
    every = bytes(range(256)) + b"\\x41\"\n\r\t\a\b'%s\\n" * 3
    message_id = new_id()
    async with left.stack.bus() as bus:
        await write_audio(bus, left.conversation_id, message_id, every, b"", every[::-1])
    left.run(shell, f"M={message_id}\n" + BLOCKS["How does it sound?"][0])
    assert (left.folder / "reply.wav").read_bytes()[44:] == every + every[::-1]


async def write_audio(bus: Bus, conversation_id: str, message_id: str, *chunks: bytes) -> None:
    outlet = bus.outlet()
    for number, pcm in enumerate(chunks):
        chunk = AudioChunk(pcm, 0, number, conversation_id, message_id, "luna")
        outlet.append(bus.keys.audio(conversation_id, message_id), chunk, id=f"1-{number + 1}")
    await outlet.flush()


@pytest.mark.parametrize("shell", SHELLS)
async def test_recipe_for_text_replaces_only_line_breaks_and_tabs(left: ConversationData, shell: str) -> None:
    message_id = new_id()
    said = TTSSentence(AWKWARD, 0, left.conversation_id, message_id, "luna", "Zoë", "luna")
    async with left.stack.bus() as bus:
        outlet = bus.outlet()
        outlet.append(bus.keys.sentences(left.conversation_id, message_id), said, id="1-0")
        await outlet.flush()
    text = left.run(shell, f"M={message_id}\n" + BLOCKS["What did this message say?"][0])
    assert text == AWKWARD.replace("\t", " ").replace("\n", " ") + "\n"


@pytest.mark.parametrize("shell", SHELLS)
async def test_watch_recipe_prints_each_event_when_it_is_written(left: ConversationData, shell: str) -> None:
    out = left.folder / f"watch-{shell}.txt"
    script = f"cli='{left.cli}'\nC={left.conversation_id}\n{FUNCTIONS}{BLOCKS['Watching it live'][0]}"
    before = {client["id"] for client in await clients(left)}
    watching = start_watching(shell, script, out)
    try:
        async with left.stack.bus() as bus:
            await until_blocked(left, before)
            outlet = bus.outlet()
            for turn_id in ("first", "second", "third"):
                outlet.append(bus.keys.events(left.conversation_id), TurnComplete(turn_id))
                await outlet.flush()
                await eventually(lambda turn_id=turn_id: f"turn_id={turn_id}\n" in out.read_text(), turn_id)
        lines = out.read_text().splitlines()
        assert [line.rpartition("=")[2] for line in lines] == ["first", "second", "third"]
        assert all("\ttype=turn_complete\t" in line for line in lines)
    finally:
        os.killpg(watching.pid, signal.SIGKILL)
        watching.wait()


def start_watching(shell: str, script: str, out: Path) -> subprocess.Popen[bytes]:
    with out.open("wb") as to:
        return subprocess.Popen([shell, "-c", script], stdout=to, start_new_session=True)


async def clients(left: ConversationData) -> list[dict[str, str]]:
    """The clients that are connected to the Redis of the stack."""
    async with Redis.from_url(left.stack.redis.url) as client:  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        return await cast("Any", client).client_list()


async def until_blocked(left: ConversationData, before: set[str]) -> None:
    """Wait until the XREAD of the shell waits at the server.

    `before`: the clients of an earlier moment. One of them may belong to another shell, which was killed, but Redis has
    not noticed it yet.
    """

    async def blocked() -> bool:
        return any(
            each["user"] == "reader" and each["cmd"] == "xread" and "b" in each["flags"]
            for each in await clients(left)
            if each["id"] not in before
        )

    await eventually(blocked)


# -- how to reach Redis

PING = "\n$cli PING\n"


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A Redis at the socket that `make run` uses."""
    folder = tmp_path / "data" / "redis"
    with RedisServer(folder, unix=True) as running:
        yield running


def reached(script: str, folder: Path, **extra: str) -> str:
    path = f"{folder / 'bin'}:{Path(redis_cli()).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script + PING], cwd=folder, env={**os.environ, "PATH": path, **extra},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_redis_cli_recipe_reaches_the_redis_of_make_run(server: RedisServer, tmp_path: Path) -> None:
    assert reached(BLOCKS["Reaching Redis"][0], tmp_path) == "PONG\n"


def test_redis_cli_recipe_reaches_a_redis_at_a_url(redis_url: str, tmp_path: Path) -> None:
    assert reached(BLOCKS["Reaching Redis"][1], tmp_path, TERTULIA_REDIS_URL=redis_url) == "PONG\n"


SHOW = '\necho "$cli"'


def test_redis_password_is_on_no_command_line(tmp_path: Path) -> None:
    secret = "pa:ss"  # noqa: S105 - the server lives only for this test
    with RedisServer(tmp_path / "server", password=secret) as server:
        for login in (f":{secret}", f"default:{secret}"):
            url = server.url_as(login)
            lines = reached(BLOCKS["Reaching Redis"][1] + SHOW, tmp_path, TERTULIA_REDIS_URL=url).splitlines()
            assert secret not in lines[0]
            assert lines[1:] == ["PONG"]


def test_redis_cli_recipe_reaches_a_redis_that_requires_certificates(keys: Keys, tmp_path: Path) -> None:
    try:
        bench = AccessBench(tmp_path, keys, tls=True)
    except RedisDidNotStart as missing:
        skip_or_fail(missing)
    bench.init()
    bench.box("gpu1")
    tls = bench.box_tls("gpu1")
    env = {
        "TERTULIA_REDIS_URL": bench.box_url("gpu1"),
        "TERTULIA_REDIS_CA": str(tls.ca),
        "TERTULIA_REDIS_CERT": str(tls.cert),
        "TERTULIA_REDIS_KEY": str(tls.key),
    }
    _, own, certificates, _ = BLOCKS["Reaching Redis"]
    with bench.server:
        assert reached(own + certificates, tmp_path, **env) == "PONG\n"
        with pytest.raises(subprocess.CalledProcessError):
            reached(own, tmp_path, **env)


def test_redis_cli_recipe_reaches_the_redis_of_compose(redis_url: str, keys: Keys, tmp_path: Path) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "assert sys.argv[1:6] == ['compose', 'exec', '-T', 'redis', 'tertulia-redis-cli'], sys.argv\n"
        f"os.execv({redis_cli()!r}, ['redis-cli', '-u', {redis_url!r}, *sys.argv[6:]])\n"
    )
    docker.chmod(0o755)
    assert reached(BLOCKS["Reaching Redis"][3], tmp_path) == "PONG\n"
