"""`tertulia who`, connected to a scripted gateway."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_cli.client.own_turn import ClientOptions
from tertulia_cli.client.who import WhoOptions, mode_of, who
from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure
from tests.harness.scripted_gateway import C, Client, gateway, read_to_end


async def rules(client: Client, **changed: Any) -> None:
    """Send the rules: the default mode, and Luna is muted; with these changes."""
    default: dict[str, Any] = {"mode": None, "muted": ["luna"], "discussion": 0, "default_mode": "fitting"}
    await client.send("answering", **(default | changed))


async def asked(client: Client) -> None:
    """Answer the questions with which the command begins."""
    await client.started(id="")
    await client.heard("refresh_characters")
    await client.characters()
    assert await client.heard("answering") == {}
    await rules(client)


async def test_who_shows_the_rules_of_a_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(client: Client) -> None:
        await asked(client)
        assert await read_to_end(client) == []

    async with gateway(script) as address:
        assert await who(address, WhoOptions(), ClientOptions(C)) == OK
    shown = capsys.readouterr()
    unnamed = "the character you are talking to, or one or two who join in (fitting, the default)"
    assert shown.out.splitlines() == [
        "At the table: Luna, Rex.",
        f"If you name a character, it answers. If you do not: {unnamed}.",
        "Muted (they answer only if you name them): Luna.",
        "They talk among themselves after each message: no.",
    ]
    assert shown.err == f"(conversation {C})\n"


@pytest.mark.parametrize(
    ("options", "change"),
    [
        (WhoOptions("in_turn"), {"mode": "in_turn"}),
        (WhoOptions("default"), {"mode": None}),
        (WhoOptions(mute=("rex", "SAGE")), {"muted": ["luna", "rex", "sage"]}),
        (WhoOptions(mute=("Rex",), unmute=("Luna",)), {"muted": ["rex"]}),
        (WhoOptions("named", discussion=4), {"mode": "named", "discussion": 4}),
        (WhoOptions(discussion=0), {"discussion": 0}),
    ],
)
async def test_who_changes_the_rules_and_shows_what_applies_then(
    options: WhoOptions, change: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(client: Client) -> None:
        await asked(client)
        assert await client.heard("answering") == change
        await rules(client, **change)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await who(address, options, ClientOptions(C)) == OK
    out = capsys.readouterr().out
    assert ("at most 4 replies" in out) is (options.discussion == 4)
    assert ("(in-turn)" in out) is (options.mode == "in_turn")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (WhoOptions("named", mute=("Bob",)), "no character is called 'Bob'; the characters: Luna, Rex, Sage"),
        (WhoOptions("named", mute=("Rex",), unmute=("rex",)), "Rex: give --mute or --unmute, not both"),
        (WhoOptions(invite=("Sage",), dismiss=("sage",)), "Sage: give --invite or --dismiss, not both"),
    ],
)
async def test_who_changes_nothing_if_a_name_is_wrong(options: WhoOptions, problem: str) -> None:
    async def script(client: Client) -> None:
        await client.started(id="")
        await client.heard("refresh_characters")
        await client.characters()
        commands = await read_to_end(client) if options.invite else []
        if not options.invite:
            assert await client.heard("answering") == {}
            await rules(client)
            commands = await read_to_end(client)
        assert commands == []

    async with gateway(script) as address:
        with pytest.RaisesGroup(pytest.RaisesExc(Failure, match=problem), flatten_subgroups=True) as group:
            await who(address, options)
    (failure,) = group.value.exceptions
    assert isinstance(failure, Failure)
    assert failure.code == MISUSED


async def test_who_changes_the_characters_at_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(client: Client) -> None:
        await client.started(id="")
        await client.heard("refresh_characters")
        await client.characters()
        assert await client.heard("cast") == {"characters": ["rex", "sage"]}
        await client.send("cast", id="2-0", characters=["rex", "sage"], told=False)
        await client.heard("answering")
        await rules(client)
        await read_to_end(client)

    async with gateway(script) as address:
        assert await who(address, WhoOptions(invite=("Sage",), dismiss=("luna",)), ClientOptions(C)) == OK
    assert "At the table: Rex, Sage." in capsys.readouterr().out


async def test_who_says_that_the_server_refused_the_change() -> None:
    async def script(client: Client) -> None:
        await asked(client)
        await client.heard("answering")
        await client.send("error", code="unavailable", message="Redis is away.", epoch=0)
        await read_to_end(client)

    async with gateway(script) as address:
        with pytest.raises(Failure, match=r"nothing was changed: Redis is away\.") as refused:
            await who(address, WhoOptions("named"))
    assert refused.value.code == FAILED


async def test_who_sends_the_change_again_after_a_lost_connection() -> None:
    async def lost(client: Client) -> None:
        await asked(client)
        await client.heard("answering")
        client.socket.transport.abort()

    async def kept(client: Client) -> None:
        await asked(client)
        assert await client.heard("answering") == {"mode": "named"}
        await rules(client, mode="named")
        await read_to_end(client)

    async with gateway(lost, kept) as address:
        assert await who(address, WhoOptions("named"), ClientOptions(C)) == OK


@pytest.mark.parametrize(
    ("text", "mode"),
    [("in turn", "in_turn"), ("In-Turn", "in_turn"), ("in_turn", "in_turn"), (" Everyone ", "everyone"), ("", "")],
)
def test_mode_is_read_in_each_way_of_writing_it(text: str, mode: str) -> None:
    assert mode_of(text) == mode
