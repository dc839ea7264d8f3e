"""Invalid input to the real gateway: each kind gets an error, and the conversation continues."""

from __future__ import annotations

import contextlib
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.stack import Stack


def frame(kind: str, **data: object) -> str:
    return json.dumps({"type": kind, "data": data})


BAD: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("hello", "bad_json"),
    "deep JSON": ("[" * 50_000, "bad_json"),
    "no object": ("[1, 2]", "bad_message"),
    "no type": ("{}", "bad_message"),
    "data that is no object": ('{"type": "user_message", "data": 7}', "bad_message"),
    "a type that is not known": (frame("sing_a_song"), "unknown_type"),
    "a message without text": (frame("user_message"), "bad_field"),
    "an empty message": (frame("user_message", text="  "), "bad_field"),
    "a message that is too long": (frame("user_message", text="x" * 8001), "bad_field"),
    "control characters": (frame("user_message", text="a\x00b"), "bad_field"),
    "a turn_id that is no UUID": (frame("user_message", text="hello", turn_id="../../etc"), "bad_field"),
    "a temperature out of range": (frame("model_settings", temperature=3), "bad_field"),
    "a temperature that is no number": (frame("model_settings", temperature="hot"), "bad_field"),
    "NaN": ('{"type": "model_settings", "data": {"top_p": NaN}}', "bad_"),
    "a setting that is not known": (frame("model_settings", warmth=1), "bad_field"),
    "a conversation that is no UUID": (frame("resume", conversation_id="x}:state"), "bad_field"),
    "a conversation that is not there": (frame("resume", conversation_id=new_id()), "unknown_conversation"),
    "a receipt of nothing": (frame("playback", message_id="x"), "bad_field"),
    "PCM before start_listening": (bytes(640), "not_listening"),
}


@pytest.mark.parametrize("name", BAD)
async def test_invalid_frame_gets_an_error_and_has_no_other_effect(stack: Stack, name: str) -> None:
    bad, code = BAD[name]
    async with talk(*stack.urls) as client:
        await client.send_raw(bad)
        error = await client.until_event("error")
        assert error["code"].startswith(code)
        assert len(error["message"]) > len("error")
        await client.hears("Luna, hello!", new_id())
        assert len(client.record.of("error")) == 1
        assert client.connections == 1


@pytest.mark.parametrize("size", [1, 641, 6402, 64_000])
async def test_audio_frame_of_a_wrong_size_is_refused_and_listening_continues(stack: Stack, size: int) -> None:
    async with talk(*stack.urls) as client:
        await client.send("start_listening")
        await client.send_raw(bytes(size))
        assert (await client.until_event("error"))["code"] == "bad_audio"
        await client.send("stop_listening")
        assert (await client.until_event("listening_stopped"))["cause"] == "stopped"


async def test_frame_above_the_maximum_size_closes_only_its_connection(stack: Stack) -> None:
    async with talk(*stack.urls) as other:
        async with connect(stack.urls[0], proxy=None, compression=None) as socket:
            with contextlib.suppress(ConnectionClosed):
                await socket.send("x" * (2 * 1024 * 1024))
            await socket.wait_closed()
        assert socket.close_code == 1009
        await other.hears("Luna, hello!", new_id())
        assert other.connections == 1
