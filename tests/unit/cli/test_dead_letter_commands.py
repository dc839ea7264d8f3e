"""`tertulia dead` on a bus: the reads, writes and output of the commands."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any

import pytest

from tertulia_cli.dead_letters import command
from tertulia_cli.dead_letters.command import explain, retried
from tertulia_cli.dead_letters.read import DeadEntry, Facts, Turn, read_dead, read_facts, remove_dead
from tertulia_cli.dead_letters.recovery import (
    new_turn_id,
    recovery_for,
)
from tertulia_cli.exit_codes import OK
from tertulia_cli.settings import RunSettings
from tertulia_shared import codec
from tertulia_shared.bus import Append, Bus, Put
from tertulia_shared.conversation_writes import accept_turn
from tertulia_shared.entries import (
    AudioChunk,
    DeadLetter,
    MicChunk,
    ModelSettings,
    StoreWrite,
    TTSSentence,
    UserTurn,
)
from tertulia_shared.events import Error, TurnComplete
from tertulia_shared.outbox_writes import settings_of as settings_of_write
from tertulia_shared.outbox_writes import settings_write
from tests.harness.settings_of import settings_of
from tests.unit.cli.dead_letter_samples import SECOND, C, M, S, T, entry, not_retryable


async def give_up(bus: Bus, letter: DeadLetter) -> DeadEntry:
    """Write a dead letter, as a worker does."""
    outlet = bus.outlet()
    outlet.append(bus.keys.dead(), letter)
    await outlet.flush()
    (made,) = await read_dead(bus)
    return made


async def test_retry_of_tts_work_deletes_the_final_audio_entry_and_posts_the_pointer_again(bus: Bus) -> None:
    keys = bus.keys
    audio = keys.audio(C, M)
    await bus.transact(
        C,
        [
            Append(keys.sentences(C, M), TTSSentence("Hi.", 0, C, M, "l", "Luna", "luna"), "1-0"),
            Append(keys.sentences(C, M), TTSSentence("", 1, C, M, "l", "Luna", "luna", is_final=True), "2-0"),
            Append(audio, AudioChunk(b"\0" * 4_800, 0, 0, C, M, "l"), "1-1"),
            Append(audio, AudioChunk(b"", 1, 0, C, M, "l", is_final=True), "2-0"),
        ],
        raise_epoch=True,
    )
    line, done = await retried(bus, await give_up(bus, DeadLetter("tts", "5-0", 2, "x", C, M)))
    assert done
    assert "posted again" in line
    assert [entry.id for entry in await bus.read(audio)] == ["1-1"]
    (pointer,) = await bus.read(keys.work("tts"))
    assert (pointer.fields[b"message_id"], pointer.fields[b"epoch"]) == (M.encode(), b"1")
    assert await read_dead(bus) == []


def failed(turn_id: str, reason: str) -> Error:
    """The error event of a turn that an llm worker gives up."""
    return Error("turn_failed", f"This turn cannot be answered: {reason}", turn_id)


@pytest.mark.parametrize("turn_id", [SECOND, ""], ids=["id in the letter", "id in the error event only"])
async def test_failed_turn_is_found_though_its_work_was_posted_with_another_turn(bus: Bus, turn_id: str) -> None:
    keys = bus.keys
    turns = [Append(keys.turns(C), UserTurn(id, C, text, "typed")) for id, text in ((T, "One?"), (SECOND, "Two?"))]
    await bus.transact(C, [*turns, Append(keys.events(C), failed(SECOND, "no device"))], raise_epoch=True)
    first = (await bus.read(keys.turns(C)))[0]
    dead = await give_up(bus, DeadLetter("llm", first.id, 11, "no device", C, turn_id=turn_id))
    assert (await read_facts(bus, dead)).turn == Turn(SECOND, "Two?", 1)
    assert "“Two?” is asked again" in " ".join(explain(dead, await read_facts(bus, dead)))


async def test_failed_turn_is_found_in_its_last_version(bus: Bus) -> None:
    first = UserTurn(T, C, "I went to the", "spoken")
    await accept_turn(bus, first, once=False)
    await accept_turn(bus, replace(first, text="I went to the sea.", version=1), once=False)
    dead = await give_up(bus, DeadLetter("llm", "5-0", 11, "no device", C, turn_id=T))
    assert (await read_facts(bus, dead)).turn == Turn(T, "I went to the sea.", 2)


async def test_unreadable_turn_is_found_by_the_work_id_of_its_dead_letter(bus: Bus) -> None:
    keys = bus.keys
    turns = [Append(keys.turns(C), UserTurn(id, C, text, "typed")) for id, text in ((T, "One?"), ("no-id", "Two?"))]
    await bus.transact(C, [*turns, Append(keys.events(C), failed(T, "no device"))], raise_epoch=True)
    second = (await bus.read(keys.turns(C)))[1]
    dead = await give_up(bus, DeadLetter("llm", second.id, 1, "field 'turn_id' is not a UUID", C))
    assert (await read_facts(bus, dead)).turn == Turn("no-id", "Two?", 1)


async def test_dead_letter_is_explained_despite_a_malformed_state(bus: Bus) -> None:
    state = {"epoch": b"many", "cursor": b"yesterday"}
    await bus.transact(C, [Append(bus.keys.turns(C), UserTurn(T, C, "Hi", "typed")), Put(bus.keys.state(C), state)])
    facts = await read_facts(bus, await give_up(bus, DeadLetter("llm", "5-0", 2, "x", C)))
    assert (facts.epoch, facts.turn_waits) == (0, True)


async def test_second_retry_of_a_failed_turn_adds_no_second_turn(bus: Bus) -> None:
    keys = bus.keys
    await bus.transact(
        C,
        [
            Append(keys.turns(C), UserTurn(T, C, "Luna?", "typed")),
            Append(keys.events(C), failed(T, "x")),
            Append(keys.events(C), TurnComplete(T)),
        ],
        raise_epoch=True,
    )
    last = await bus.last(keys.turns(C))
    assert last is not None
    await bus.transact(C, [Put(keys.state(C), {"cursor": last.id})])
    dead = await give_up(bus, DeadLetter("llm", "5-0", 2, "x", C))
    before = await read_facts(bus, dead)
    assert (before.turn, before.turn_waits) == (Turn(T, "Luna?", 1), False)
    for _ in range(2):  # the second call simulates a retry after a crash
        _, done = await retried(bus, dead)
        assert done
    turns = await bus.read(keys.turns(C))
    assert [entry.fields[b"turn_id"].decode() for entry in turns] == [T, new_turn_id(T, dead.id)]
    assert turns[1].fields[b"epoch"] == b"2"
    assert len(await bus.read(keys.work("llm"))) == 1
    assert await read_dead(bus) == []


async def test_retry_of_stt_work_deletes_the_end_of_the_session_and_posts_the_pointer_again(bus: Bus) -> None:
    keys = bus.keys
    await bus.transact(
        C,
        [
            Append(keys.mic(C, S), MicChunk(b"\0\0"), "1-0"),
            Put(keys.mic_progress(C, S), {"ended": 1, "sample": 0}),
        ],
        raise_epoch=True,
    )
    _, done = await retried(bus, await give_up(bus, DeadLetter("stt", "5-0", 2, "x", C, session_id=S)))
    assert done
    assert b"ended" not in await bus.hash(keys.mic_progress(C, S))
    assert [entry.fields[b"session_id"] for entry in await bus.read(keys.work("stt"))] == [S.encode()]


@pytest.mark.parametrize(
    ("answer", "sure", "left"),
    [("y", False, 0), ("no", False, 1), ("", False, 1), ("no", True, 0)],
    ids=["yes", "no", "empty answer", "not asked"],
)
async def test_dead_drop_asks_for_confirmation_on_a_terminal(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, *, sure: bool, left: int
) -> None:
    @asynccontextmanager
    async def this_bus(*_: object) -> AsyncGenerator[Bus]:
        yield bus

    monkeypatch.setattr(command, "open_redis", this_bus)

    def answered(_: str) -> str:
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answered)
    dead = await give_up(bus, DeadLetter("tts", "5-0", 2, "x", C, M))
    assert await command.dead_drop(settings_of(RunSettings), [dead.id], every=False, sure=sure) == OK
    assert len(await read_dead(bus)) == left
    assert capsys.readouterr().out == ("Nothing was dropped.\n" if left else "Dropped 1 entry.\n")


def packed(write: StoreWrite) -> bytes:
    """A store write in the form of a dead letter's `entry`."""
    fields = codec.encode(write, ts=5, epoch=0)
    return codec.pack(dict(zip(fields[::2], fields[1::2], strict=True)))


async def test_retry_of_a_store_write_appends_it_again(bus: Bus) -> None:
    write = StoreWrite("message", C, M, b"row")
    given = await give_up(bus, DeadLetter("store", "4-0", 1, "refused", C, M, entry=packed(write)))
    assert f"to save message {M}" in " ".join(explain(given, Facts(None)))
    assert (await retried(bus, given))[1]
    assert await read_dead(bus) == []
    (waiting,) = await bus.read(bus.keys.store())
    assert codec.decode(StoreWrite, waiting.fields) == write


OLD_SETTINGS = DeadLetter("store", "4-0", 1, "refused", C, entry=packed(settings_write(C, {"temperature": 0.1})))


async def test_retry_of_settings_saves_the_current_ones(bus: Bus) -> None:
    now = codec.pack({"temperature": 0.9, "of_a_newer_release": 1})
    await bus.transact(C, [Put(bus.keys.state(C), {"settings": now})])
    given = await give_up(bus, OLD_SETTINGS)
    line, done = await retried(bus, given)
    assert done
    assert "the conversation's current settings" in line
    (waiting,) = await bus.read(bus.keys.store())
    saved = settings_of_write(codec.decode(StoreWrite, waiting.fields))
    assert saved == asdict(ModelSettings(temperature=0.9))
    assert await read_dead(bus) == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({}, "the current ones have expired"),
        ({"epoch": 1}, "the current ones have expired"),
        ({"settings": b"\xc1"}, "the current ones cannot be read"),
    ],
    ids=["expired", "never set", "unreadable"],
)
async def test_dead_letter_of_settings_is_not_retryable_without_the_current_ones(
    bus: Bus, state: dict[str, Any], why: str
) -> None:
    if state:
        await bus.transact(C, [Put(bus.keys.state(C), state)])
    line, done = await retried(bus, await give_up(bus, OLD_SETTINGS))
    assert not done
    assert f"newer settings may have been saved since, and {why}" in line
    assert await bus.read(bus.keys.store()) == []
    assert len(await read_dead(bus)) == 1


@pytest.mark.parametrize("command_line", ["list", "show"], ids=str)
async def test_dead_letter_is_printed_without_markup_and_control_characters(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command_line: str
) -> None:
    @asynccontextmanager
    async def this_bus(*_: object) -> AsyncGenerator[Bus]:
        yield bus

    monkeypatch.setattr(command, "open_redis", this_bus)
    dead = await give_up(bus, DeadLetter("[/b]\x1b[2J", "5-0", 2, "no [/i] \x1b[2J", "[bold]\x1b[2J", "\x1b[2J"))
    if command_line == "list":
        await command.dead_list(settings_of(RunSettings))
    else:
        await command.dead_show(settings_of(RunSettings), dead.id)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "no [/i]  [2J" in out
    assert "[bold] [2J" in out


@pytest.mark.parametrize("packed_write", [b"", codec.pack({b"v": b"99"})], ids=["empty", "of a newer release"])
def test_unreadable_store_write_is_not_retryable(packed_write: bytes) -> None:
    assert "use the release that wrote it" in not_retryable(
        recovery_for(entry("store", entry=packed_write), Facts(None))
    )


async def test_dead_letter_that_is_not_retryable_is_kept(bus: Bus) -> None:
    line, done = await retried(bus, await give_up(bus, DeadLetter("tts", "5-0", 2, "x", C, M)))
    assert not done
    assert "cannot be retried" in line
    assert len(await read_dead(bus)) == 1


@pytest.mark.parametrize("dead_is_broken", [True, False])
async def test_dead_letters_in_the_fallback_stream_are_listed_and_removed_too(
    bus: Bus,
    dead_is_broken: bool,  # noqa: FBT001 - a parameter
) -> None:
    outlet = bus.outlet()
    if dead_is_broken:
        outlet.put(bus.keys.dead(), {"not": "a stream"})
    else:
        outlet.append(bus.keys.dead(), DeadLetter("tts", "1-0", 3, "first"))
    outlet.append(bus.keys.dead_aside(), DeadLetter("tts", "2-0", 3, "aside"))
    await outlet.flush()
    letters = await read_dead(bus)
    reasons = [entry.letter.reason for entry in letters if entry.letter is not None]
    assert reasons == (["aside"] if dead_is_broken else ["first", "aside"])
    await remove_dead(bus, [entry.id for entry in letters])
    assert await read_dead(bus) == []
