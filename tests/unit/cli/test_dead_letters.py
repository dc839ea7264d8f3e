"""What can be done about work that was given up: decided from what Redis holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import pytest

from tertulia_cli.dead_letters import command
from tertulia_cli.dead_letters.command import choose, explain, retried, table
from tertulia_cli.dead_letters.read import Facts, Letter, Message, Turn, read_facts, read_letters, remove_letters
from tertulia_cli.dead_letters.recovery import Again, AskAgain, Done, Pointless, Remedy, asked_again_id, remedy_for
from tertulia_cli.exits import OK, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared import codec
from tertulia_shared.bus import Append, Bus, Put
from tertulia_shared.entries import (
    AudioChunk,
    DeadLetter,
    MicChunk,
    ModelSettings,
    StoreWrite,
    TTSSentence,
    UserTurn,
    Work,
)
from tertulia_shared.events import Error, TurnComplete
from tertulia_shared.outbox import settings_of as settings_of_write
from tertulia_shared.outbox import settings_write
from tests.harness.settings_of import settings_of

C, M, T, S, SECOND = (str(UUID(int=number)) for number in range(1, 6))
SPOKEN = Message(
    epoch=3, name="Luna", text="Hi. Well.", sentences=2, is_whole=True, being_written=False, spoken=1, seconds=1.5,
    end_id="3-0", end_ts=990,
)  # fmt: skip


def letter(stage: str, **more: Any) -> Letter:
    ids: dict[str, Any] = {"conversation_id": C, **more}
    return Letter("7-0", 1_000, DeadLetter(stage, "5-0", 11, "no device", **ids))


TTS, LLM, STT = letter("tts", message_id=M), letter("llm"), letter("stt", session_id=S)


def pointless(remedy: Remedy) -> str:
    assert isinstance(remedy, Pointless), remedy
    return remedy.why


def test_a_reply_is_spoken_on_behind_its_false_end() -> None:
    remedy = remedy_for(TTS, Facts(3, message=SPOKEN))
    assert isinstance(remedy, Again)
    assert (remedy.stage, remedy.work, remedy.epoch, remedy.end_id) == ("tts", Work(C, M), 3, "3-0")
    assert "from sentence 1 on" in remedy.what


@pytest.mark.parametrize(
    ("epoch", "message", "why"),
    [
        (3, None, "have expired"),
        (4, SPOKEN, "epoch has moved on"),
        (3, replace(SPOKEN, is_whole=False), "never completed"),
    ],
    ids=["expired", "interrupted since", "never written to its end"],
)
def test_a_reply_that_it_is_too_late_for(epoch: int, message: Message | None, why: str) -> None:
    assert why in pointless(remedy_for(TTS, Facts(epoch, message=message)))


def test_a_reply_that_is_still_being_written_can_be_spoken() -> None:
    unfinished = replace(SPOKEN, is_whole=False, being_written=True)
    assert isinstance(remedy_for(TTS, Facts(3, message=unfinished)), Again)


def test_a_reply_that_was_spoken_since_is_done() -> None:
    assert isinstance(remedy_for(TTS, Facts(9, message=replace(SPOKEN, end_ts=1_001))), Done)


def test_a_turn_is_asked_again_as_a_new_one_with_an_id_that_stays() -> None:
    remedy = remedy_for(LLM, Facts(3, turn=Turn(T, "Luna?", 3)))
    assert isinstance(remedy, AskAgain)
    assert (remedy.conversation_id, remedy.text) == (C, "Luna?")
    assert remedy.turn_id == asked_again_id(T, "7-0") != asked_again_id(T, "8-0")


def test_a_turn_that_was_asked_again_is_done_though_the_epoch_has_moved() -> None:
    facts = Facts(4, turn=Turn(T, "Luna?", 3), turn_ids=frozenset({T, asked_again_id(T, "7-0")}))
    assert isinstance(remedy_for(LLM, facts), Done)


def test_a_turn_behind_which_more_was_said_is_left() -> None:
    assert "Say it again yourself" in pointless(remedy_for(LLM, Facts(4, turn=Turn(T, "Luna?", 3))))


def test_a_turn_that_waits_gets_its_pointer() -> None:
    remedy = remedy_for(LLM, Facts(3, turn_waits=True))
    assert isinstance(remedy, Again)
    assert (remedy.stage, remedy.work) == ("llm", Work(C))


def test_where_all_turns_are_finished_nothing_is_done() -> None:
    assert "all are finished" in pointless(remedy_for(LLM, Facts(3)))


def test_a_session_is_heard_again_while_its_sound_is_kept() -> None:
    remedy = remedy_for(STT, Facts(3, frames=120))
    assert isinstance(remedy, Again)
    assert (remedy.stage, remedy.work, remedy.listening) == ("stt", Work(C, session_id=S), True)
    assert "has expired" in pointless(remedy_for(STT, Facts(3)))


@pytest.mark.parametrize(
    ("given", "facts", "why"),
    [
        (TTS, Facts(None), "nothing is left of its conversation"),
        (letter("tts", conversation_id="x"), Facts(3), "points at no conversation"),
        (letter("stt", session_id="x"), Facts(3, frames=9), "points at no listening session"),
        (Letter("7-0", 1_000, None, "schema version 9"), Facts(None), "schema version 9"),
    ],
    ids=["the conversation has expired", "no conversation", "no session", "of a newer release"],
)
def test_what_points_at_nothing_is_left(given: Letter, facts: Facts, why: str) -> None:
    assert why in pointless(remedy_for(given, facts))


def test_it_is_told_in_sentences() -> None:
    lines = explain(TTS, Facts(3, message=SPOKEN))
    assert lines[0].startswith("tts work 5-0 was given up at ")
    assert lines[0].endswith(" after 11 attempts.")
    assert lines[1] == (
        f"It was to speak Luna's reply “Hi. Well.” (message {M} of conversation {C}): 1 of 2 sentences begun, "
        "1.5 s of sound."
    )
    assert lines[2] == "Why: no device"
    assert lines[3].startswith("On retry: A tts worker speaks it from sentence 1 on")


@pytest.mark.parametrize(
    ("given", "facts", "what", "then"),
    [
        (LLM, Facts(3, turn=Turn(T, "Luna?", 3)), f"to answer “Luna?” (turn {T} of", "On retry: “Luna?” is said again"),
        (LLM, Facts(3), "to answer the turns of", "A retry is pointless: no turn"),
        (STT, Facts(3, frames=9), f"to hear the listening session {S}", "On retry: An stt worker hears"),
        (TTS, Facts(None), f"to speak message {M} of", "A retry is pointless: nothing is left"),
        (TTS, Facts(3, message=replace(SPOKEN, end_ts=2_000)), "to speak Luna's", "A retry only removes this entry"),
    ],
    ids=["a turn", "turns", "a session", "expired", "done"],
)
def test_what_it_was_and_what_a_retry_does(given: Letter, facts: Facts, what: str, then: str) -> None:
    lines = explain(given, facts)
    assert what in lines[1]
    assert lines[3].startswith(then)


def test_work_is_chosen_by_either_id_and_each_once() -> None:
    other = Letter("8-0", 1, DeadLetter("llm", "6-0", 1, "x"))
    assert choose([TTS, other], ["7-0", "5-0"]) == [TTS]
    assert choose([TTS, other], ["6-0", "7-0"]) == [other, TTS]
    with pytest.raises(Failure, match="no dead work 1-1"):
        choose([TTS], ["1-1"])


def test_the_table_has_a_row_for_what_cannot_be_read() -> None:
    assert table([TTS, Letter("7-0", 1_000, None, "newer")], 2_000).row_count == 2


# -- through the bus


async def bury(bus: Bus, said: DeadLetter) -> Letter:
    """Give work up, as a worker does."""
    outlet = bus.outlet()
    outlet.append(bus.keys.dead(), said)
    await outlet.flush()
    (made,) = await read_letters(bus)
    return made


async def test_speaking_again_takes_the_false_end_away_and_posts_the_pointer(bus: Bus) -> None:
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
    line, done = await retried(bus, await bury(bus, DeadLetter("tts", "5-0", 2, "x", C, M)))
    assert done
    assert "posted again" in line
    assert [entry.id for entry in await bus.read(audio)] == ["1-1"]
    (pointer,) = await bus.read(keys.work("tts"))
    assert (pointer.fields[b"message_id"], pointer.fields[b"epoch"]) == (M.encode(), b"1")
    assert await read_letters(bus) == []


def failed(turn_id: str, reason: str) -> Error:
    """What an llm worker tells a client of a turn that it gives up."""
    return Error("turn_failed", f"This turn cannot be answered: {reason}", turn_id)


@pytest.mark.parametrize("turn_id", [SECOND, ""], ids=["named in the letter", "named in the error only"])
async def test_the_turn_that_was_given_up_need_not_be_the_one_that_its_work_was_posted_with(
    bus: Bus, turn_id: str
) -> None:
    keys = bus.keys
    turns = [Append(keys.turns(C), UserTurn(id, C, text, "typed")) for id, text in ((T, "One?"), (SECOND, "Two?"))]
    await bus.transact(C, [*turns, Append(keys.events(C), failed(SECOND, "no device"))], raise_epoch=True)
    first = (await bus.read(keys.turns(C)))[0]
    dead = await bury(bus, DeadLetter("llm", first.id, 11, "no device", C, turn_id=turn_id))
    assert (await read_facts(bus, dead)).turn == Turn(SECOND, "Two?", 1)
    told = " ".join(explain(dead, await read_facts(bus, dead)))
    assert "“Two?” is said again" in told


async def test_an_older_workers_letter_of_an_unreadable_turn_names_its_entry(bus: Bus) -> None:
    keys = bus.keys
    turns = [Append(keys.turns(C), UserTurn(id, C, text, "typed")) for id, text in ((T, "One?"), ("no-id", "Two?"))]
    await bus.transact(C, [*turns, Append(keys.events(C), failed(T, "no device"))], raise_epoch=True)
    second = (await bus.read(keys.turns(C)))[1]
    dead = await bury(bus, DeadLetter("llm", second.id, 1, "field 'turn_id' is no UUID", C))
    assert (await read_facts(bus, dead)).turn == Turn("no-id", "Two?", 1)


async def test_a_state_that_cannot_be_read_keeps_nobody_from_looking(bus: Bus) -> None:
    state = {"epoch": b"many", "cursor": b"yesterday"}
    await bus.transact(C, [Append(bus.keys.turns(C), UserTurn(T, C, "Hi", "typed")), Put(bus.keys.state(C), state)])
    facts = await read_facts(bus, await bury(bus, DeadLetter("llm", "5-0", 2, "x", C)))
    assert (facts.epoch, facts.turn_waits) == (0, True)


async def test_asking_again_is_done_once_however_often_it_is_tried(bus: Bus) -> None:
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
    dead = await bury(bus, DeadLetter("llm", "5-0", 2, "x", C))
    before = await read_facts(bus, dead)
    assert (before.turn, before.turn_waits) == (Turn(T, "Luna?", 1), False)
    for _ in range(2):  # the second is after a crash that left the entry there
        _, done = await retried(bus, dead)
        assert done
    turns = await bus.read(keys.turns(C))
    assert [entry.fields[b"turn_id"].decode() for entry in turns] == [T, asked_again_id(T, dead.id)]
    assert turns[1].fields[b"epoch"] == b"2"
    assert len(await bus.read(keys.work("llm"))) == 1
    assert await read_letters(bus) == []


async def test_listening_again_takes_the_mark_away(bus: Bus) -> None:
    keys = bus.keys
    await bus.transact(
        C,
        [
            Append(keys.mic(C, S), MicChunk(b"\0\0"), "1-0"),
            Put(keys.mic_progress(C, S), {"ended": 1, "sample": 0}),
        ],
        raise_epoch=True,
    )
    _, done = await retried(bus, await bury(bus, DeadLetter("stt", "5-0", 2, "x", C, session_id=S)))
    assert done
    assert b"ended" not in await bus.hash(keys.mic_progress(C, S))
    assert [entry.fields[b"session_id"] for entry in await bus.read(keys.work("stt"))] == [S.encode()]


@pytest.mark.parametrize(
    ("answer", "sure", "left"),
    [("y", False, 0), ("no", False, 1), ("", False, 1), ("no", True, 0)],
    ids=["yes", "no", "nothing said", "not asked"],
)
async def test_a_person_is_asked_before_it_is_forgotten(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, *, sure: bool, left: int
) -> None:
    @asynccontextmanager
    async def this_bus(*_: object) -> AsyncGenerator[Bus]:
        yield bus

    monkeypatch.setattr(command, "redis_in_use", this_bus)

    def answered(_: str) -> str:
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answered)
    dead = await bury(bus, DeadLetter("tts", "5-0", 2, "x", C, M))
    assert await command.dead_drop(settings_of(RunSettings), [dead.id], every=False, sure=sure) == OK
    assert len(await read_letters(bus)) == left
    assert capsys.readouterr().out == ("Nothing was dropped.\n" if left else "Dropped 1 entry.\n")


def packed(write: StoreWrite) -> bytes:
    """A write as its letter keeps it."""
    fields = codec.encode(write, ts=5, epoch=0)
    return codec.pack(
        {
            name: str(value).encode() if not isinstance(value, bytes) else value
            for name, value in zip(fields[::2], fields[1::2], strict=True)
        }
    )


async def test_a_write_for_the_store_gets_back_into_its_line(bus: Bus) -> None:
    write = StoreWrite("message", C, M, b"row")
    given = await bury(bus, DeadLetter("store", "4-0", 1, "refused", C, M, entry=packed(write)))
    told = " ".join(explain(given, Facts(None)))
    assert f"to save message {M}" in told
    assert "An llm worker saves it." in told
    assert (await retried(bus, given))[1]
    assert await read_letters(bus) == []
    (waiting,) = await bus.read(bus.keys.store())
    assert codec.decode(StoreWrite, waiting.fields) == write


OLD_SETTINGS = DeadLetter("store", "4-0", 1, "refused", C, entry=packed(settings_write(C, {"temperature": 0.1})))


async def test_settings_are_saved_as_they_are_now(bus: Bus) -> None:
    now = codec.pack({"temperature": 0.9, "of_a_newer_release": 1})
    await bus.transact(C, [Put(bus.keys.state(C), {"settings": now})])
    given = await bury(bus, OLD_SETTINGS)
    line, done = await retried(bus, given)
    assert done
    assert "the settings that the conversation has now, not those that were given up" in line
    (waiting,) = await bus.read(bus.keys.store())
    saved = settings_of_write(codec.decode(StoreWrite, waiting.fields))
    assert saved == asdict(ModelSettings(temperature=0.9))
    assert await read_letters(bus) == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({}, "Redis no longer has those that hold now"),
        ({"epoch": 1}, "Redis no longer has those that hold now"),
        ({"settings": b"\xc1"}, "those that hold now cannot be read"),
    ],
    ids=["nothing is left", "never set", "unreadable"],
)
async def test_settings_that_newer_ones_may_have_replaced_are_not_saved(
    bus: Bus, state: dict[str, Any], why: str
) -> None:
    if state:
        await bus.transact(C, [Put(bus.keys.state(C), state)])
    line, done = await retried(bus, await bury(bus, OLD_SETTINGS))
    assert not done
    assert f"a retry is pointless: newer settings may have been saved since, and {why}" in line
    assert await bus.read(bus.keys.store()) == []
    assert len(await read_letters(bus)) == 1


@pytest.mark.parametrize("command_line", ["list", "show"], ids=str)
async def test_what_a_letter_holds_is_no_markup_and_cannot_steer_the_terminal(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command_line: str
) -> None:
    @asynccontextmanager
    async def this_bus(*_: object) -> AsyncGenerator[Bus]:
        yield bus

    monkeypatch.setattr(command, "redis_in_use", this_bus)
    dead = await bury(bus, DeadLetter("[/b]\x1b[2J", "5-0", 2, "no [/i] \x1b[2J", "[bold]\x1b[2J", "\x1b[2J"))
    if command_line == "list":
        await command.dead_list(settings_of(RunSettings))
    else:
        await command.dead_show(settings_of(RunSettings), dead.id)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "no [/i]  [2J" in out
    assert "[bold] [2J" in out


@pytest.mark.parametrize("entry", [b"", codec.pack({b"v": b"99"})], ids=["none", "of a newer release"])
def test_a_write_that_cannot_be_read_is_left(entry: bytes) -> None:
    assert "use the release that wrote it" in pointless(remedy_for(letter("store", entry=entry), Facts(None)))


async def test_what_is_pointless_stays_in_the_list(bus: Bus) -> None:
    line, done = await retried(bus, await bury(bus, DeadLetter("tts", "5-0", 2, "x", C, M)))
    assert not done
    assert "a retry is pointless: nothing is left of its conversation" in line
    assert len(await read_letters(bus)) == 1


@pytest.mark.parametrize("dead_is_broken", [True, False])
async def test_letters_that_dead_did_not_take_are_listed_and_removed_with_the_others(
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
    letters = await read_letters(bus)
    reasons = [letter.said.reason for letter in letters if letter.said is not None]
    assert reasons == (["aside"] if dead_is_broken else ["first", "aside"])
    await remove_letters(bus, [letter.id for letter in letters])
    assert await read_letters(bus) == []
