"""A voice made from a recording, with real processes: how it reaches the tts workers, and what survives."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tertulia_shared.voice_clips import CLIP_HZ
from tertulia_shared.wav import parse, wav_file
from tests.fakes.speech_server import SpeechServer
from tests.harness.available_speech_engines import VOICES
from tests.harness.cloning_stack import cloning_stack
from tests.harness.eventually import eventually
from tests.harness.recordings import new_clip, recorded_pcm
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120)


async def ask(stack: Stack, method: str, path: str, body: object = None) -> Any:
    """Send a request to the gateway. Returns the status and the body."""

    def send() -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(stack.http(path), data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - ours
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    return await asyncio.to_thread(send)


async def voice_ids(stack: Stack) -> list[str]:
    _, raw = await ask(stack, "GET", "/api/voices")
    return [voice["id"] for voice in json.loads(raw)["voices"] if voice["available"]]


async def assert_speaks(stack: Stack, server: SpeechServer, voice: str) -> None:
    """Check that a sample is spoken with the voice that was uploaded for the recording."""
    status, wav = await ask(stack, "GET", f"/api/voices/{voice}/sample?text=Good%20evening.")
    assert status == 200, wav
    assert parse(wav).data
    assert server.requests[-1]["input"] == "Good evening."
    assert server.requests[-1]["voice"].startswith(voice)


async def test_voice_reaches_the_workers_survives_restarts_and_is_deleted_everywhere(tmp_path: Path) -> None:
    async with cloning_stack(tmp_path / "stack") as (stack, server):
        stack.unsaid |= {"Zephyrine", "lighthouse keeper"}
        status, raw = await ask(stack, "POST", "/api/clips", new_clip("Zephyrine"))
        assert status == 201, raw
        voice = json.loads(raw)["id"]

        async def is_ready() -> bool:
            return voice in await voice_ids(stack)

        await eventually(is_ready, "the worker has made the voice")
        await assert_speaks(stack, server, voice)

        # a new worker, which has no file of the voice, after the old one was killed
        stack.of("tts")[0].send(signal.SIGKILL)
        stack.start("tts")
        await asyncio.to_thread(stack.wait_ready)
        await eventually(is_ready, "the new worker has made the voice")
        await assert_speaks(stack, server, voice)
        assert len(server.uploads) == 4

        # a new gateway, after Redis has lost everything that was published
        old = stack.of("gateway")[0]
        old.send(signal.SIGTERM)
        await asyncio.to_thread(old.wait)
        async with stack.bus() as bus:
            await bus.delete([bus.keys.clips()])
            await bus.delete([bus.keys.clip(voice)])
        stack.start("gateway")
        await asyncio.to_thread(stack.wait_ready)
        await eventually(lambda: stack.length(stack.keys.clips()), "the list is published again")
        await eventually(is_ready, "the voice is in the list")

        status, _ = await ask(stack, "DELETE", f"/api/clips/{voice}")
        assert status == 204
        assert voice not in await voice_ids(stack)
        await eventually(lambda: len(server.uploads) == 3, "the upload is deleted")
        assert not list((stack.data_dir / "clips").iterdir())


async def tertulia(stack: Stack, *words: str) -> tuple[int | None, str]:
    """Run the command with the stack's environment. Returns its exit code, and what it printed."""
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tertulia_cli.main", *words,
        env=dict(stack.environment), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await command.communicate()
    return command.returncode, out.decode()


async def test_voice_add_reaches_workers_that_have_another_folder(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(wav_file(recorded_pcm(), CLIP_HZ))
    shutil.copytree(VOICES, tmp_path / "elsewhere")
    shutil.copytree(VOICES, tmp_path / "near")
    async with cloning_stack(tmp_path / "stack", TERTULIA_VOICES_DIR=str(tmp_path / "near")) as (stack, server):
        stack.unsaid |= {"Zephyrine", "lighthouse keeper"}
        near = stack.of("tts")[0]
        folders = str(tmp_path / "elsewhere"), str(tmp_path / "far")
        stack.start("tts", TERTULIA_VOICES_DIR=folders[0], TERTULIA_DATA_DIR=folders[1])
        await asyncio.to_thread(stack.wait_ready)

        add = ("voice", "add", "zephyrine", str(clip), "The lighthouse keeper counted.", "--url", stack.http(""))
        code, out = await tertulia(stack, *add)
        assert code == 2, out
        assert "--consent" in out
        code, out = await tertulia(stack, *add, "--consent")
        assert code == 0, out
        assert "can speak now" in out
        assert not (tmp_path / "near" / "zephyrine").exists()
        (voice,) = [each for each in await voice_ids(stack) if each.startswith("clip-")]

        near.send(signal.SIGKILL)  # the other worker speaks it, without a restart
        await assert_speaks(stack, server, voice)

        code, out = await tertulia(stack, "voice", "list", "--url", stack.http(""))
        assert code == 0, out
        assert f"{voice}: Zephyrine, und (6.0 s), in the gateway: ready" in out
