"""`tertulia say`, connected to a scripted gateway."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.client.own_turn import ClientOptions
from tertulia_cli.client.say import SayOptions, say
from tertulia_cli.exit_codes import FAILED, NO_ANSWER, NO_CONNECTION, OK, Failure
from tests.harness.scripted_gateway import CHUNK_MS, M1, M2, C, Client, L, gateway, read_to_end


async def test_say_prints_the_reply_as_it_comes_and_writes_its_audio_to_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.started()
        await client.heard("refresh_characters")
        await client.characters()
        data = await client.heard("user_message")
        assert (data["text"], data["to"]) == ("hello", [L])
        await client.reply(data["turn_id"])
        said.extend(await read_to_end(client))

    out = tmp_path / "reply.wav"
    async with gateway(script) as address:
        assert await say(address, SayOptions("hello", ("luna",)), ClientOptions(out=out)) == OK
    shown = capsys.readouterr()
    assert shown.out == "Luna: Hello you.\n"
    assert shown.err == f"(0.1 s of speech, written to {out}; conversation {C})\n"
    with wave.open(str(out)) as written:
        assert written.getframerate() == 24_000
        assert written.readframes(9_999) == b"".join(bytes([n, 0]) * (24 * CHUNK_MS) for n in (1, 2, 3))
    place = {"message_id": M1, "sentence_index": 0, "chunk_index": 2}
    heard = {**place, "played_ms": 3 * CHUNK_MS, "next_samples": 0}
    assert said == [{"type": "playback", "data": heard}]  # text that `say` has printed counts as heard


async def test_say_sends_the_name_of_the_user_before_the_message() -> None:
    async def script(client: Client) -> None:
        await client.started()
        assert await client.heard("user_name") == {"name": "Ana"}
        data = await client.heard("user_message")
        await client.reply(data["turn_id"])
        await read_to_end(client)

    async with gateway(script) as address:
        assert await say(address, SayOptions("hello"), ClientOptions(user_name="Ana")) == OK


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
        assert await say(address, SayOptions("hello"), ClientOptions(C, out)) == OK
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
    monkeypatch.setattr("tertulia_cli.client.own_turn.RETRY_S", 0.01)

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
            await say(address, SayOptions("hello"), ClientOptions(silence_s=0.2))
    (failure,) = group.value.exceptions
    assert isinstance(failure, Failure)
    assert failure.code == NO_ANSWER
