"""Accepting, confirming and reopening turns, on every bus."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Bus, Condition, Put
from tertulia_shared.codec import decode, decode_event, envelope
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_writes import accept_turn, confirm_turn, interrupt, reopen_turn
from tertulia_shared.entries import TURN_VERSION, UserTurn
from tertulia_shared.ids import new_id
from tests.harness.bus import Bench

C = new_id()


def spoken(text: str = "I went to the", *, version: int = 0, tentative: bool = False, turn_id: str = "") -> UserTurn:
    return UserTurn(turn_id or new_id(), C, text, "spoken", version, tentative)


async def events(bus: Bus) -> list[str]:
    return [decode_event(entry.fields).type for entry in await bus.read(bus.keys.events(C))]


async def state(bus: Bus) -> ConversationState:
    return ConversationState(await bus.hash(bus.keys.state(C)))


async def test_reopened_turn_is_withdrawn_and_its_epoch_is_outdated(bench: Bench) -> None:
    bus, turn = bench.bus, spoken()
    accepted = await accept_turn(bus, turn, once=False)
    reopened = await reopen_turn(bus, turn, accepted.epoch)
    assert (reopened.new, reopened.epoch) == (True, accepted.epoch + 1)
    held = await state(bus)
    assert held.withdrawn == {turn.turn_id}
    assert not held.is_talking
    assert await events(bus) == ["turn_accepted", "turn_reopened"]


async def test_turn_is_not_reopened_after_the_client_was_sent_sound_of_its_reply(bench: Bench) -> None:
    bus, turn = bench.bus, spoken()
    epoch = (await accept_turn(bus, turn, once=False)).epoch
    await bus.transact(C, [Put(bus.keys.state(C), {StateField.SOUNDING: epoch})])
    assert not (await reopen_turn(bus, turn, epoch)).new
    assert (await state(bus)).epoch == epoch
    assert (await state(bus)).withdrawn == frozenset()


async def test_turn_is_not_reopened_after_another_turn(bench: Bench) -> None:
    bus, turn = bench.bus, spoken()
    epoch = (await accept_turn(bus, turn, once=False)).epoch
    later = await accept_turn(bus, UserTurn(new_id(), C, "Hello", "typed"))
    assert not (await reopen_turn(bus, turn, epoch)).new
    assert (await state(bus)).epoch == later.epoch


async def test_confirmed_turn_is_no_longer_tentative(bench: Bench) -> None:
    bus, turn = bench.bus, spoken(tentative=True)
    epoch = (await accept_turn(bus, turn, once=False)).epoch
    assert (await state(bus)).get(StateField.TENTATIVE) == turn.ref.encode()
    assert (await confirm_turn(bus, turn, epoch)).new
    held = await state(bus)
    assert StateField.TENTATIVE not in held
    assert held.is_talking
    assert held.epoch == epoch
    assert await events(bus) == ["turn_accepted", "turn_confirmed"]


@pytest.mark.parametrize("what", ["typed turn", "interruption", "reopening"])
async def test_tentative_turn_is_withdrawn_by_a_turn_an_interruption_or_a_reopening(bench: Bench, what: str) -> None:
    bus, turn = bench.bus, spoken(tentative=True, version=2)
    epoch = (await accept_turn(bus, turn, once=False)).epoch
    if what == "typed turn":
        await accept_turn(bus, UserTurn(new_id(), C, "Hello", "typed"))
    elif what == "interruption":
        await interrupt(bus, C, "request")
    else:
        assert (await reopen_turn(bus, turn, epoch)).new
    assert (await state(bus)).withdrawn == {f"{turn.turn_id}/2"}
    assert not (await confirm_turn(bus, turn, epoch)).new


@pytest.mark.parametrize("tentative", [True, False])
async def test_withdrawal_counts_as_a_cut_even_without_the_talk_mark(
    bench: Bench,
    tentative: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    bus, turn = bench.bus, spoken(tentative=tentative)
    epoch = (await accept_turn(bus, turn, once=False)).epoch
    await bus.transact(C, [], talk=False)
    await reopen_turn(bus, turn, epoch)
    assert (await state(bus)).get(StateField.CUT) == str(epoch + 1).encode()


async def test_interruption_of_a_tentative_turn_reaches_its_workers_even_without_the_talk_mark(bench: Bench) -> None:
    bus, turn = bench.bus, spoken(tentative=True)
    epoch = (await accept_turn(bus, turn, once=False)).epoch
    await bus.transact(C, [], talk=False)
    await interrupt(bus, C, "request")
    (command,) = await bus.read(bus.keys.control(C))
    assert envelope(command.fields).epoch == epoch + 1


async def test_tentative_turn_is_refused_while_a_reply_is_being_made(bench: Bench) -> None:
    bus = bench.bus
    await accept_turn(bus, UserTurn(new_id(), C, "Hello", "typed"))
    before = await state(bus)
    assert not (await accept_turn(bus, spoken(tentative=True), once=False)).new
    assert (await state(bus)).fields == before.fields


async def test_only_the_last_withdrawn_versions_are_kept(bench: Bench) -> None:
    bus, turn_id = bench.bus, new_id()
    for version in range(12):
        turn = spoken(version=version, turn_id=turn_id)
        await reopen_turn(bus, turn, (await accept_turn(bus, turn, once=False)).epoch)
    assert (await state(bus)).withdrawn == {f"{turn_id}/{version}" for version in range(4, 12)}


async def test_confirmation_fails_exactly_if_a_simultaneous_typed_turn_withdrew_the_turn(bench: Bench) -> None:
    for _ in range(20):
        turn = spoken(tentative=True)
        await bench.bus.transact(C, [], talk=False)
        epoch = (await accept_turn(bench.bus, turn, once=False)).epoch
        typed = UserTurn(new_id(), C, "Hello", "typed")
        confirmed, _ = await asyncio.gather(
            confirm_turn(bench.bus, turn, epoch), accept_turn(bench.rival, typed, once=False)
        )
        assert confirmed.new == (turn.ref not in (await state(bench.bus)).withdrawn)


async def test_transaction_with_an_unmet_condition_writes_nothing_and_does_not_set_the_once_key(bench: Bench) -> None:
    bus = bench.bus
    once, given = bus.keys.turn_seen(C, new_id()), [Condition(StateField.EPOCH, "7")]
    assert not (await bus.transact(C, [], once=once, given=given, raise_epoch=True)).new
    assert (await bus.transact(C, [], once=once)).new
    assert (await state(bus)).epoch == 0


async def test_accepted_turn_is_read_from_the_stream_with_its_version_and_addressees(bench: Bench) -> None:
    bus, turn = bench.bus, UserTurn(new_id(), C, "", "request", 3, tentative=False, to="nobody")
    await accept_turn(bus, turn)
    (entry,) = await bus.read(bus.keys.turns(C))
    assert decode(UserTurn, entry.fields, newest=TURN_VERSION) == turn
