"""`tertulia talk`, connected to a scripted gateway."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.client.talk import talk
from tertulia_cli.exit_codes import FAILED, OK
from tests.harness.scripted_gateway import CHUNK_MS, M1, Client, gateway, read_to_end

SESSION = "session-1"


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


async def listen_to_all(client: Client) -> None:
    """Begin a conversation and a session, and receive audio until the client stops the session."""
    await client.started()
    await client.heard("start_listening")
    await client.send("listening_started", session_id=SESSION)
    await client.heard("stop_listening")


async def test_talk_sends_the_file_and_waits_until_the_reply_was_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, pcm = spoken(tmp_path / "mic.wav", 200)
    receipts: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await listen_to_all(client)
        assert bytes(client.pcm[: len(pcm)]) == pcm
        assert not client.pcm[len(pcm) :].strip(b"\0")
        await client.send("transcription_update", id="1-1", epoch=0, text="hello lu")
        await client.send("transcription_finished", id="1-2", epoch=0, text="Hello Luna", turn_id="turn-1")
        await client.reply("turn-1", spoken="Hello Luna")
        await client.send("listening_stopped", id="9-0", cause="stopped", session_id=SESSION)
        receipts.extend(await read_to_end(client))

    async with gateway(script) as address:
        assert await talk(address, path) == OK
    shown = capsys.readouterr()
    assert shown.out == "You: Hello Luna\nLuna: Hello you.\n"
    assert receipts[-1] == {
        "type": "playback",
        "data": {"message_id": M1, "sentence_index": 0, "chunk_index": 2, "played_ms": 3 * CHUNK_MS, "next_samples": 0},
    }


async def test_talk_sends_no_receipt_for_speech_that_was_interrupted(tmp_path: Path) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 40)
    received: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await listen_to_all(client)
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
        assert await talk(address, path) == OK
    assert all(each["data"]["chunk_index"] < 99 for each in received)


async def test_talk_waits_for_the_whole_answer_to_a_reopened_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 40)

    async def script(client: Client) -> None:
        await listen_to_all(client)
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
        assert await talk(address, path) == OK
    assert capsys.readouterr().out == "You: I went to the\nLuna: Where [withdrawn]\nYou: I went home.\n"


async def test_talk_exits_with_1_if_no_speech_is_recognized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = spoken(tmp_path / "mic.wav", 40)

    async def script(client: Client) -> None:
        await listen_to_all(client)
        await client.send("transcription_finished", id="1-2", epoch=0, text="", turn_id="")
        await client.send("listening_stopped", id="2-0", epoch=0, cause="stopped", session_id=SESSION)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await talk(address, path) == FAILED
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
        assert await talk(address, path) == OK
