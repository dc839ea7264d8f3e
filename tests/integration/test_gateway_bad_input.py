"""Invalid frames, floods and refused connections: each gets a clear reply and affects no other client."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator

import pytest
from websockets.exceptions import ConnectionClosed

from tertulia_gateway.ws.connection import FRAME_BURST_S
from tertulia_shared.keys import Keys
from tests.harness.gateway import Client, Gateway, gateway

TOKEN = "x" * 16


@pytest.fixture
async def open_gateway(redis_url: str, keys: Keys) -> AsyncGenerator[Gateway]:
    async with gateway(redis_url, keys) as made:
        yield made


@pytest.mark.parametrize(
    ("frame", "code", "says"),
    [
        ("{", "bad_json", "not JSON"),
        ('{"type": "user_message", "data": {"text": "\\ud800"}}', "bad_json", "not JSON"),
        ("[1]", "bad_message", "JSON object"),
        ("{}", "bad_message", "`type` must be a string"),
        ('{"type": 3}', "bad_message", "`type` must be a string"),
        ('{"type": "sing"}', "unknown_type", "user_message"),
        ('{"type": "interrupt", "data": 3}', "bad_message", "`data` of interrupt"),
        ('{"type": "user_message"}', "bad_field", "`text` must be a string"),
        ('{"type": "user_message", "data": {"text": "  \\n "}}', "bad_field", "empty"),
        ('{"type": "user_message", "data": {"text": "a\\u0000b"}}', "bad_field", "control characters"),
        (json.dumps({"type": "user_message", "data": {"text": "x" * 8001}}), "bad_field", "at most 8000"),
        ('{"type": "user_message", "data": {"text": "a", "turn_id": "7"}}', "bad_field", "UUID"),
        ('{"type": "model_settings", "data": {"temperature": 3}}', "bad_field", "from 0 to 2"),
        ('{"type": "model_settings", "data": {"temperature": true}}', "bad_field", "from 0 to 2"),
        ('{"type": "model_settings", "data": {"top_k": 1.5}}', "bad_field", "whole number from 0 to 1000"),
        ('{"type": "model_settings", "data": {"warmth": 1}}', "bad_field", "is no setting"),
        ('{"type": "model_settings", "data": {"top_p": 2, "model": ""}}', "bad_field", "`top_p`.*`model`"),
        ('{"type": "resume", "data": {}}', "bad_field", "conversation_id"),
        ('{"type": "playback", "data": {"message_id": "x"}}', "bad_field", "message_id"),
    ],
)
async def test_invalid_frame_is_answered_with_an_error(open_gateway: Gateway, frame: str, code: str, says: str) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.socket.send(frame)
        error = await client.next()
        assert (error["type"], error["code"]) == ("error", code)
        parts = iter(says.split(".*"))
        assert all(part in error["message"] for part in parts), error["message"]
        await client.send("user_message", text="still here")
        await client.until("turn_accepted")


async def test_command_with_one_wrong_setting_changes_no_setting(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("model_settings", temperature=1.5, top_p=7)
        await client.until("error")
        await client.send("model_settings")
        assert (await client.until("model_settings"))["temperature"] is None


async def test_error_about_a_message_has_the_id_of_its_turn(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        turn_id = str(uuid.uuid4())
        await client.send("user_message", text="", turn_id=turn_id)
        assert (await client.until("error"))["turn_id"] == turn_id


async def test_frame_above_the_maximum_size_ends_only_its_own_connection(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as other, Client.at(open_gateway.url()) as client:
        await client.next()
        await other.next()
        await client.socket.send("x" * (1024 * 1024 + 1))
        assert await client.close_code() == 1009
        await other.send("user_message", text="still here")
        await other.until("turn_accepted")


@pytest.mark.parametrize("size", [0, 1, 641, 6402])
async def test_audio_frame_of_a_wrong_size_is_refused(open_gateway: Gateway, size: int) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("start_listening")
        await client.socket.send(b"\0" * size)
        error = await client.until("error")
        assert (error["code"], str(size) in error["message"]) == ("bad_audio", True)


async def test_audio_without_a_listening_session_is_reported_once_a_second(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        begun = time.monotonic()
        for _ in range(20):
            await client.socket.send(b"\0" * 640)
        await client.send("refresh_characters")
        await client.until("characters")
        seconds = int(time.monotonic() - begun)
        errors = client.of("error")
        assert {error["code"] for error in errors} == {"not_listening"}
        assert len(errors) <= 1 + seconds


async def test_frames_above_the_rate_limit_are_dropped_and_reported(redis_url: str, keys: Keys) -> None:
    # the limit is so low that even a slow machine exceeds it
    async with gateway(redis_url, keys, max_frames_per_s=1) as made, Client.at(made.url()) as client:
        await client.next()
        for _ in range(50):
            await client.send("refresh_characters")
        error = await client.until("error")
        assert (error["code"], "More than 1 frames a second" in error["message"]) == ("rate_limited", True)
        assert len(client.of("characters")) >= FRAME_BURST_S, "the burst was accepted"


async def test_audio_above_the_rate_limit_is_dropped_and_reported(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("start_listening")
        for _ in range(100):
            await client.socket.send(b"\0" * 6400)
        await client.until("error", lambda e: e["code"] == "rate_limited")


async def test_connection_above_the_maximum_number_is_closed_with_1013(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys, max_connections=1) as made, Client.at(made.url()) as first:
        await first.next()
        async with Client.at(made.url()) as second:
            assert await second.close_code() == 1013
        await first.send("user_message", text="still here")
        await first.until("turn_accepted")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_websocket_from_another_origin_is_refused(open_gateway: Gateway, origin: str) -> None:
    async with Client.at(open_gateway.url(), origin=origin) as client:
        assert await client.close_code() == 1008
        assert client.frames == []


@pytest.mark.parametrize("origin", [None, "http://evil.example"])
async def test_request_with_a_foreign_host_name_is_refused_even_if_it_resolves_to_this_machine(
    open_gateway: Gateway, origin: str | None
) -> None:
    port = open_gateway.port
    async with Client.at(f"ws://evil.example:{port}/ws", host="127.0.0.1", port=port, origin=origin) as client:
        assert await client.close_code() == 1008
        assert client.frames == []


async def test_websocket_from_an_allowed_origin_is_accepted(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys, origins="https://talk.example.org, http://other:81") as made:
        for origin in ("https://talk.example.org", f"http://127.0.0.1:{made.port}"):
            async with Client.at(made.url(), origin=origin) as client:
                assert (await client.next())["type"] == "conversation_started"


async def test_connection_without_the_token_is_refused(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys, token=TOKEN) as made:
        for query in ("", "?token=wrong", "?token="):
            async with Client.at(made.url(query)) as client:
                assert await client.close_code() == 1008
        async with Client.at(made.url(f"?token={TOKEN}")) as client:
            assert (await client.next())["type"] == "conversation_started"
        async with Client.at(made.url(), additional_headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            assert (await client.next())["type"] == "conversation_started"


@pytest.mark.parametrize("query", ["?conversation_id=7", "?conversation_id="])
async def test_invalid_parameters_in_the_websocket_url_are_answered_with_an_error(
    open_gateway: Gateway, query: str
) -> None:
    async with Client.at(open_gateway.url(query)) as client:
        assert (await client.next())["code"] == "bad_field"
        await client.send("new_conversation")
        await client.until("conversation_started")


async def test_client_can_close_the_connection(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.socket.close(1000)
        with pytest.raises(ConnectionClosed):
            await client.next()


async def test_gateway_log_contains_neither_token_nor_speech(
    redis_url: str, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    token = "secret-" * 3
    async with gateway(redis_url, keys, token=token) as made, Client.at(made.url(f"?token={token}")) as client:
        await client.next()
        await client.send("user_message", text="whispered words")
        await client.until("turn_accepted")
        await client.socket.send('{"type": "user_message", "data": {"text": "whispered words"')
        await client.until("error")
    ours = [r for r in caplog.records if r.name.startswith(("tertulia", "uvicorn")) and r.name != "websockets.client"]
    lines = "\n".join(record.getMessage() for record in ours)
    assert token not in lines
    assert "whispered" not in lines
