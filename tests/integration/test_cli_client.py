"""`tertulia say` and `tertulia talk`, connected to a scripted gateway."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgpack
import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.say import SayOptions, say
from tertulia_cli.client.talk import FRAME_BYTES, TalkOptions, talk
from tertulia_cli.exit_codes import FAILED, NO_ANSWER, NO_CONNECTION, OK, Failure

C, M1, M2, L = "conversation-1", "message-1", "message-2", "luna"
SESSION = "session-1"
CHUNK_MS = 40


class Client:
    """One connection, seen from the gateway: the commands received, and methods to answer."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.path = socket.request.path if socket.request else ""
        self.pcm = bytearray()
        self._events = 0

    async def heard(self, type: str) -> dict[str, Any]:
        """The data of the next command of this type. Microphone PCM before it is kept, and receipts are skipped."""
        while True:
            frame = await self.socket.recv()
            if isinstance(frame, bytes):
                assert len(frame) == FRAME_BYTES
                self.pcm += frame
                continue
            command = orjson.loads(frame)
            if command["type"] == type:
                return command["data"]
            assert command["type"] == "playback", f"{command} came, {type} was awaited"

    async def send(self, type: str, *, id: str = "", epoch: int = 1, **fields: object) -> None:
        await self.socket.send(
            orjson.dumps({"type": type, "epoch": epoch, **fields, **({"event_id": id} if id else {})}).decode()
        )

    async def started(self, id: str = "1-0") -> None:
        await self.send("conversation_started", id=id, epoch=0, conversation_id=C, resumed=not id)

    async def sound(self, message_id: str, chunk: int) -> None:
        fields = {
            "type": "audio", "message_id": message_id, "character_id": L, "sentence_index": 0, "chunk_index": chunk,
            "id": f"1-{chunk + 1}", "sample_rate": 24_000, "pcm": bytes([chunk + 1, 0]) * (24 * CHUNK_MS),
        }  # fmt: skip
        await self.socket.send(msgpack.packb(fields))

    async def reply(self, turn_id: str, *, epoch: int = 1, message_id: str = M1, spoken: str = "") -> None:
        """Send the whole reply of one character, text and audio. `spoken`: the user's words, if they were spoken."""
        said = {"text": spoken, "source": "spoken"} if spoken else {}
        await self.send("turn_accepted", id="2-0", epoch=epoch, turn_id=turn_id, **said)
        await self.begin(turn_id, epoch=epoch, message_id=message_id)
        await self.send("llm_chunk", id="5-0", epoch=epoch, message_id=message_id, text="Hello ")
        await self.send("llm_chunk", id="6-0", epoch=epoch, message_id=message_id, text="you.")
        await self.send("message_complete", id="7-0", epoch=epoch, message_id=message_id, status="complete")
        await self.send("turn_complete", id="8-0", epoch=epoch, turn_id=turn_id)
        for chunk in range(3):
            await self.sound(message_id, chunk)
        await self.send("audio_complete", message_id=message_id)

    async def begin(self, turn_id: str, *, epoch: int = 1, message_id: str = M1) -> None:
        replies = [{"message_id": message_id, "character_id": L, "character_name": "Luna"}]
        await self.send("turn_started", id="3-0", epoch=epoch, turn_id=turn_id, replies=replies)
        await self.send(
            "message_started", id="4-0", epoch=epoch, turn_id=turn_id, message_id=message_id, character_name="Luna"
        )


Script = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def gateway(*scripts: Script, refuse: int = 0) -> AsyncGenerator[GatewayAddress]:
    """A gateway that runs one script for each connection. A script that fails makes the test fail."""
    waiting, failures = list(scripts), list[BaseException]()

    async def connected(socket: ServerConnection) -> None:
        try:
            await waiting.pop(0)(Client(socket))
        except BaseException as error:
            failures.append(error)
            raise

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(HTTPStatus(refuse), "Token missing.") if refuse else None

    async with serve(connected, "127.0.0.1", 0, process_request=answer) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield GatewayAddress(f"ws://127.0.0.1:{port}/ws")
    assert not failures
    assert not waiting, "a connection that was expected did not come"


async def read_to_end(client: Client) -> list[dict[str, Any]]:
    """Read the remaining frames of the client until it closes the connection."""
    return [orjson.loads(frame) async for frame in client.socket]


async def test_say_prints_the_reply_as_it_comes_and_writes_its_audio_to_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.started()
        data = await client.heard("user_message")
        assert data["text"] == "Luna, hello"
        await client.reply(data["turn_id"])
        said.extend(await read_to_end(client))

    out = tmp_path / "reply.wav"
    async with gateway(script) as address:
        assert await say(address, SayOptions("hello", character="Luna", out=out)) == OK
    shown = capsys.readouterr()
    assert shown.out == "Luna: Hello you.\n"
    assert shown.err == f"(0.1 s of speech, written to {out}; conversation {C})\n"
    with wave.open(str(out)) as written:
        assert written.getframerate() == 24_000
        assert written.readframes(9_999) == b"".join(bytes([n, 0]) * (24 * CHUNK_MS) for n in (1, 2, 3))
    heard = {"message_id": M1, "sentence_index": 0, "chunk_index": 2, "played_ms": 3 * CHUNK_MS}
    assert said == [{"type": "playback", "data": heard}]  # text that `say` has printed counts as heard


async def test_say_resumes_after_a_lost_connection(capsys: pytest.CaptureFixture[str]) -> None:
    turn = ""

    async def first(client: Client) -> None:
        nonlocal turn
        await client.started()
        turn = (await client.heard("user_message"))["turn_id"]
        await client.send("turn_accepted", id="2-0", turn_id=turn)
        await client.begin(turn)
        await client.send("llm_chunk", id="5-0", message_id=M1, text="Hello ")
        await client.sound(M1, 0)
        await client.socket.close(1011, "cannot go on")

    async def second(client: Client) -> None:
        assert client.path.endswith(f"?conversation_id={C}&last_event_id=5-0&last_audio={M1}%2F1-1")
        await client.send("llm_chunk", id="6-0", message_id=M1, text="(before its turn)")
        await client.started(id="")
        await client.send("llm_chunk", id="6-0", message_id=M1, text="you.")
        await client.send("message_complete", id="7-0", message_id=M1, status="complete")
        await client.send("turn_complete", id="8-0", turn_id=turn)
        await client.sound(M1, 1)
        await client.send("audio_complete", message_id=M1)
        # the client sends no second user_message
        assert [each["type"] for each in await read_to_end(client)] == ["playback"]

    async with gateway(first, second) as address:
        assert await say(address, SayOptions("hello")) == OK
    shown = capsys.readouterr()
    assert "you." in shown.out
    assert "before its turn" not in shown.out
    assert "cannot go on" in shown.err


async def test_say_in_a_conversation_that_is_in_progress_shows_only_its_own_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(client: Client) -> None:
        await client.started(id="")
        await client.send("turn_accepted", id="1-2", epoch=1, turn_id="theirs")
        await client.send("message_started", id="1-3", turn_id="theirs", message_id=M2, character_name="Rex")
        await client.send("error", id="1-4", message_id=M2, code="tts_failed", message="Rex cannot be heard.")
        await client.send("llm_chunk", id="1-5", message_id=M2, text="Old story.")
        await client.sound(M2, 0)
        data = await client.heard("user_message")
        await client.send("interrupted", id="1-6", epoch=2, cause="turn")
        await client.reply(data["turn_id"], epoch=2)
        await read_to_end(client)

    out = tmp_path / "reply.wav"
    async with gateway(script) as address:
        assert await say(address, SayOptions("hello", conversation_id=C, out=out)) == OK
    shown = capsys.readouterr()
    assert shown.out == "Luna: Hello you.\n"
    assert "cannot be heard" not in shown.err
    assert "(0.1 s of speech" in shown.err


async def test_say_sends_an_unconfirmed_message_again_with_the_same_id() -> None:
    turns: list[str] = []

    async def lost(client: Client) -> None:
        await client.started()
        turns.append((await client.heard("user_message"))["turn_id"])
        client.socket.transport.abort()

    async def kept(client: Client) -> None:
        assert "last_event_id=" in client.path
        await client.started(id="")
        turns.append((await client.heard("user_message"))["turn_id"])
        await client.reply(turns[-1])
        await read_to_end(client)

    async with gateway(lost, kept) as address:
        assert await say(address, SayOptions("hello")) == OK
    assert turns[0] == turns[1]


async def test_say_sends_its_message_again_while_redis_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia_cli.client.say.RETRY_S", 0.01)

    async def script(client: Client) -> None:
        await client.send("error", code="unavailable", message="Redis is away; it opens later.", epoch=0)
        await client.started()
        turn = (await client.heard("user_message"))["turn_id"]
        await client.send("error", code="unavailable", message="Redis is away.", turn_id=turn, epoch=0)
        assert (await client.heard("user_message"))["turn_id"] == turn
        await client.reply(turn)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await say(address, SayOptions("hello")) == OK


@pytest.mark.parametrize(("code", "word"), [(4001, "newer connection"), (1008, "refused"), (1013, "try again later")])
async def test_say_explains_a_close_code_that_is_final_and_exits(code: int, word: str) -> None:
    async def script(client: Client) -> None:
        await client.started()
        await client.socket.close(code, "because")

    async with gateway(script) as address:
        with pytest.RaisesGroup(pytest.RaisesExc(Failure, match=f"{word}.*because"), flatten_subgroups=True) as group:
            await say(address, SayOptions("hello"))
    (failure,) = group.value.exceptions
    assert isinstance(failure, Failure)
    assert failure.code == NO_CONNECTION


@pytest.mark.parametrize(("status", "word"), [(401, "TERTULIA_TOKEN"), (403, "Token missing"), (404, "HTTP 404")])
async def test_say_explains_a_refused_connection_and_exits(status: int, word: str) -> None:
    async with gateway(refuse=status) as address:
        with pytest.RaisesGroup(pytest.RaisesExc(Failure, match=word), flatten_subgroups=True):
            await say(address, SayOptions("hello"))


async def test_say_exits_with_1_if_the_message_is_refused() -> None:
    async def script(client: Client) -> None:
        await client.started()
        await client.heard("user_message")
        await client.send("error", code="bad_field", message="`text` is empty", epoch=0)
        await read_to_end(client)

    async with gateway(script) as address:
        with pytest.raises(Failure, match="not accepted: `text` is empty"):
            await say(address, SayOptions("hello"))


async def test_say_exits_with_1_if_the_reply_failed(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(client: Client) -> None:
        await client.started()
        turn = (await client.heard("user_message"))["turn_id"]
        await client.send("turn_accepted", id="2-0", turn_id=turn)
        await client.send("error", id="3-0", code="llm_auth", message="The key is wrong.", turn_id=turn)
        await client.send("turn_complete", id="4-0", turn_id=turn)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await say(address, SayOptions("hello")) == FAILED
    assert "error: The key is wrong. [llm_auth]" in capsys.readouterr().err


async def test_say_exits_with_4_if_no_answer_comes_in_time() -> None:
    async def script(client: Client) -> None:
        await client.started()
        await read_to_end(client)

    async with gateway(script) as address:
        with pytest.RaisesGroup(pytest.RaisesExc(Failure, match="no answer for"), flatten_subgroups=True) as group:
            await say(address, SayOptions("hello", silence_s=0.2))
    (failure,) = group.value.exceptions
    assert isinstance(failure, Failure)
    assert failure.code == NO_ANSWER


# -- `tertulia talk`


def spoken(path: Path, ms: int) -> tuple[Path, bytes]:
    """Write a WAV file of this length. Returns its path and its PCM."""
    pcm = bytes(range(1, 255)) * (32 * ms // 254 + 1)
    pcm = pcm[: 32 * ms]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(pcm)
    return path, pcm


async def test_talk_sends_the_file_and_waits_until_the_reply_was_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, pcm = spoken(tmp_path / "mic.wav", 200)
    receipts: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.started()
        await client.heard("start_listening")
        await client.send("listening_started", session_id=SESSION)
        await client.heard("stop_listening")
        assert bytes(client.pcm[: len(pcm)]) == pcm
        assert not client.pcm[len(pcm) :].strip(b"\0")
        await client.send("transcription_update", id="1-1", epoch=0, text="hello lu")
        await client.send("transcription_finished", id="1-2", epoch=0, text="Hello Luna", turn_id="turn-1")
        await client.reply("turn-1", spoken="Hello Luna")
        await client.send("listening_stopped", id="9-0", cause="stopped", session_id=SESSION)
        receipts.extend(await read_to_end(client))

    async with gateway(script) as address:
        assert await talk(address, TalkOptions(path)) == OK
    shown = capsys.readouterr()
    assert shown.out == "You: Hello Luna\nLuna: Hello you.\n"
    assert receipts[-1] == {
        "type": "playback",
        "data": {"message_id": M1, "sentence_index": 0, "chunk_index": 2, "played_ms": 3 * CHUNK_MS},
    }


async def test_talk_sends_no_receipt_for_speech_that_was_interrupted(tmp_path: Path) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 40)
    received: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.started()
        await client.heard("start_listening")
        await client.send("listening_started", session_id=SESSION)
        await client.heard("stop_listening")
        await client.send("transcription_finished", id="1-2", epoch=0, text="One", turn_id="turn-1")
        await client.send("turn_accepted", id="2-0", turn_id="turn-1")
        await client.begin("turn-1")
        for chunk in range(100):
            await client.sound(M1, chunk)
        await client.send("interrupted", id="5-0", epoch=2, cause="turn")
        await client.send("transcription_finished", id="6-0", epoch=2, text="Two", turn_id="turn-2")
        await client.send("turn_accepted", id="7-0", epoch=2, turn_id="turn-2")
        await client.send("turn_complete", id="8-0", epoch=2, turn_id="turn-2")
        await client.send("listening_stopped", id="9-0", epoch=2, cause="stopped", session_id=SESSION)
        received.extend(await read_to_end(client))

    async with gateway(script) as address:
        assert await talk(address, TalkOptions(path)) == OK
    assert all(each["data"]["chunk_index"] < 99 for each in received)


async def test_talk_waits_for_the_whole_answer_to_a_reopened_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 40)

    async def script(client: Client) -> None:
        await client.started()
        await client.heard("start_listening")
        await client.send("listening_started", session_id=SESSION)
        await client.heard("stop_listening")
        await client.send("turn_accepted", id="2-0", turn_id="turn-1", text="I went to the", source="spoken")
        await client.begin("turn-1")
        await client.send("llm_chunk", id="5-0", message_id=M1, text="Where")
        await client.send("turn_reopened", id="6-0", epoch=2, turn_id="turn-1")
        await client.send("turn_accepted", id="7-0", epoch=3, turn_id="turn-1", text="I went home.", source="spoken")
        await client.send("transcription_finished", id="8-0", epoch=3, text="I went home.", turn_id="turn-1")
        await client.send("turn_complete", id="9-0", epoch=3, turn_id="turn-1")
        await client.send("listening_stopped", id="10-0", epoch=3, cause="stopped", session_id=SESSION)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await talk(address, TalkOptions(path)) == OK
    assert capsys.readouterr().out == "You: I went to the\nLuna: Where [withdrawn]\nYou: I went home.\n"


async def test_talk_exits_with_1_if_no_speech_is_recognized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 40)

    async def script(client: Client) -> None:
        await client.started()
        await client.heard("start_listening")
        await client.send("listening_started", session_id=SESSION)
        await client.heard("stop_listening")
        await client.send("transcription_finished", id="1-2", epoch=0, text="", turn_id="")
        await client.send("listening_stopped", id="2-0", epoch=0, cause="stopped", session_id=SESSION)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await talk(address, TalkOptions(path)) == FAILED
    assert "no speech was recognized" in capsys.readouterr().err


async def test_talk_starts_listening_again_after_a_lost_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 200)
    begun, listening_again = asyncio.Event(), asyncio.Event()

    async def pace(*_: object) -> None:  # with a real clock, all audio could be sent too early
        if begun.is_set():
            await listening_again.wait()
        begun.set()

    monkeypatch.setattr("tertulia_cli.client.talk._Talking._until", pace)

    async def first(client: Client) -> None:
        await client.started()
        await client.heard("start_listening")
        await client.send("listening_started", session_id=SESSION)
        while not client.pcm:
            frame = await client.socket.recv()
            assert isinstance(frame, bytes)
            client.pcm += frame
        await client.socket.close(1001, "restarting")

    async def second(client: Client) -> None:
        assert "last_event_id=" in client.path
        await client.started(id="")
        await client.heard("start_listening")
        await client.send("listening_started", session_id=SESSION)
        await client.send("listening_stopped", id="1-1", session_id="session-0", cause="abandoned")
        listening_again.set()
        await client.heard("stop_listening")
        await client.send("transcription_finished", id="1-2", epoch=0, text="Hello", turn_id="turn-1")
        await client.reply("turn-1")
        await client.send("listening_stopped", id="9-0", cause="stopped", session_id=SESSION)
        await read_to_end(client)

    async with gateway(first, second) as address:
        assert await talk(address, TalkOptions(path)) == OK
