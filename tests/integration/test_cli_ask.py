"""`tertulia ask`, and the names and the note of `tertulia say`, connected to a scripted gateway."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_cli.client.ask import AskOptions, ask
from tertulia_cli.client.own_turn import ClientOptions
from tertulia_cli.client.say import SayOptions, say
from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tests.harness.scripted_gateway import M1, M2, C, Client, gateway, read_to_end


@pytest.mark.parametrize(
    ("options", "data"),
    [
        (AskOptions("REX"), {"character_id": "rex"}),
        (AskOptions(), {}),
        (AskOptions(replies=4), {"replies": 4}),
    ],
)
async def test_ask_requests_a_reply_and_shows_it(
    options: AskOptions, data: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(client: Client) -> None:
        await client.started(id="")
        if options.character:
            await client.heard("refresh_characters")
            await client.characters()
        request = await client.heard("request_reply")
        turn_id = request.pop("turn_id")
        assert request == data
        await client.reply(turn_id)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await ask(address, options, ClientOptions(C)) == OK
    assert capsys.readouterr().out == "Luna: Hello you.\n"


async def test_ask_waits_for_all_replies_of_a_discussion(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(client: Client) -> None:
        await client.started(id="")
        turn_id = (await client.heard("request_reply"))["turn_id"]
        await client.send("turn_accepted", id="2-0", turn_id=turn_id)
        await client.begin(turn_id)
        await client.send("message_complete", id="5-0", message_id=M1, status="complete")
        await client.send("audio_complete", message_id=M1)
        replies = [{"message_id": M2, "character_id": "rex", "character_name": "Rex"}]
        await client.send("turn_extended", id="6-0", turn_id=turn_id, replies=replies)
        await client.send("message_started", id="7-0", turn_id=turn_id, message_id=M2, character_name="Rex")
        await client.send("llm_chunk", id="8-0", message_id=M2, text="I object.")
        await client.send("message_complete", id="9-0", message_id=M2, status="complete")
        await client.send("audio_complete", message_id=M2)
        await client.send("turn_complete", id="10-0", turn_id=turn_id)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await ask(address, AskOptions(replies=2), ClientOptions(C)) == OK
    assert "Rex: I object." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "problem"),
    [("Bob", "no character is called 'Bob'; who can answer: Luna, Rex."), ("Sage", "Sage does not sit at the table")],
)
async def test_name_of_no_active_character_is_refused_before_anything_is_sent(name: str, problem: str) -> None:
    later: list[dict[str, Any]] = []

    async def script(client: Client) -> None:
        await client.started()
        await client.heard("refresh_characters")
        await client.characters()
        later.extend(await read_to_end(client))

    async with gateway(script, script) as address:
        for command in (ask(address, AskOptions(name)), say(address, SayOptions("hello", (name,)))):
            with pytest.RaisesGroup(pytest.RaisesExc(Failure, match=problem), flatten_subgroups=True) as group:
                await command
            (failure,) = group.value.exceptions
            assert isinstance(failure, Failure)
            assert failure.code == MISUSED
    assert later == []


@pytest.mark.parametrize(("nobody", "noted"), [(True, False), (False, True)])
async def test_say_notes_that_no_character_answered_unless_that_was_wanted(
    *, nobody: bool, noted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(client: Client) -> None:
        await client.started()
        data = await client.heard("user_message")
        assert data.get("to") == ([] if nobody else None)
        await client.send("turn_accepted", id="2-0", turn_id=data["turn_id"])
        await client.send("turn_started", id="3-0", turn_id=data["turn_id"], replies=[])
        await client.send("turn_complete", id="4-0", turn_id=data["turn_id"])
        await read_to_end(client)

    async with gateway(script) as address:
        assert await say(address, SayOptions("hello", nobody=nobody)) == OK
    err = capsys.readouterr().err
    assert ("no character answered" in err) is noted
    assert err.endswith(f"(conversation {C})\n")


async def test_refusal_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(client: Client) -> None:
        await client.send("error", code="unknown_conversation", message="Send new_conversation.", epoch=0)
        await read_to_end(client)

    async with gateway(script) as address:
        with pytest.raises(Failure, match="no conversation with this id"):
            await ask(address, AskOptions(), ClientOptions(C))
    assert "new_conversation" not in capsys.readouterr().err
