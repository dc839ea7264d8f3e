"""Whatever the store or Redis refuses, a turn ends: it is told, kept as a dead letter, and the next one is answered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tertulia_llm.generation import MAX_ROUNDS
from tertulia_llm.model.client import added
from tertulia_llm.reply_writer import MAX_REPLY_CHARS
from tertulia_llm.turn_replies import TurnReplies
from tertulia_llm.turn_rows import TurnRows
from tertulia_shared.bus import Append, Put, WriteRefused
from tertulia_shared.codec import decode
from tertulia_shared.entries import DeadLetter, Interrupt, UserTurn, Work
from tertulia_shared.events import Interrupted
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id
from tertulia_shared.store import InvalidRecord, Message
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tertulia_shared.work import Ending, ending_of
from tests.harness.crash import START_MS, CountingStore
from tests.harness.llm import LINES, BreakAfter, Client, Say, Table
from tests.harness.virtual_time import virtual_time

HELLO = "Hello, Luna and Rex"
FAR = 2**64 - 1


async def laid() -> Table:
    table = Table()
    await table.set("Luna", "Rex")
    return table


async def letters(table: Table) -> list[DeadLetter]:
    return [decode(DeadLetter, entry.fields) for entry in await table.bus.read(table.bus.keys.dead())]


async def work_or_give_up(table: Table, reason: str = "test") -> None:
    """As a worker does: work that can never succeed is given up."""
    handler = table.handler or await table.worker()
    while await table.bus.open_work("llm"):
        claim = await table.claimed()
        try:
            await handler.handle(claim)
        except Exception as raised:  # noqa: BLE001 - a worker takes it as it comes
            error = first_error(raised)
            if ending_of(error) not in (Ending.DEAD, Ending.NEWER):
                assert claim.attempt == 1, f"a second attempt at poison: {error!r}"
                table.orphaned = True
                continue
            await handler.give_up(claim, f"{reason}: {error}")
        await table.bus.finish(claim, "worker")
    await table.drain()


async def assert_answers(table: Table) -> Client:
    """The next message is answered by both, by the present worker and by a new one."""
    for handler in (table.handler, None):
        table.handler = handler
        before = (await table.client()).complete
        turn_id = await say_as_the_gateway_does(table)
        client = await table.client()
        assert client.complete == [*before, turn_id]
        assert [text for _, text, _ in client.talk()][-2:] == [LINES["Luna"], LINES["Rex"]]
    client = await table.client()
    client.check()
    return client


@pytest.mark.parametrize("character", ["\u0092", "\x7f", "\x85", "\u2028", "\x00", "\x1b"])
@virtual_time
async def test_message_with_a_control_character_is_answered_and_saved(character: str) -> None:
    table = await laid()
    turn_id = await table.say(f"Luna, it{character}s me{character}")
    await table.work()
    client = await table.client()
    assert (client.complete, client.warnings, await letters(table)) == ([turn_id], [], [])
    assert [status for _, _, status in await table.rows()] == ["complete", "complete"]


@virtual_time
async def test_long_turn_is_truncated_to_the_stores_limit() -> None:
    table = await laid()
    await table.say("Luna! " + "x" * TEXT_MAX_CHARS)
    await table.work()
    assert [len(text) for _, text, _ in await table.rows()] == [TEXT_MAX_CHARS, len(LINES["Luna"])]
    await assert_answers(table)


@virtual_time
async def test_turn_id_of_another_conversation_loses_only_its_rows() -> None:
    table = await laid()
    turn_id = await table.say(HELLO)
    await table.work()
    table.conversation_id = new_id()
    await table.say(HELLO, turn_id)
    await table.work()
    client = await table.client()
    client.check()
    assert client.complete == [turn_id]
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]
    assert [warning.code for warning in client.warnings] == ["store_refused"]
    found = await letters(table)
    assert {letter.stage for letter in found} == {"store"}
    assert all(letter.entry and letter.conversation_id == table.conversation_id for letter in found)
    await assert_answers(table)


class RefusingStore(CountingStore):
    """Refuses messages for good, or breaks at them."""

    def __init__(self, table: Table, error: Exception) -> None:
        super().__init__(table.tables, table.writes)
        self._error = error

    async def save_messages(self, messages: Sequence[Message]) -> None:
        raise self._error


@pytest.mark.parametrize("error", [InvalidRecord("x", "refused"), OverflowError("big"), TypeError("of what?")])
@virtual_time
async def test_store_that_refuses_every_row_does_not_stop_turns(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = await laid()

    def refusing(*_: object) -> RefusingStore:
        return RefusingStore(table, error)

    monkeypatch.setattr("tests.harness.llm.CountingStore", refusing)
    for _ in range(2):
        await table.say(HELLO)
        await table.work()
    client = await table.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete"] * 4
    assert [warning.code for warning in client.warnings] == ["store_refused"] * 2, "once a turn"


@virtual_time
async def test_giving_up_ends_a_turn_that_cannot_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    table = await laid()
    turn_id = await table.say(HELLO)
    handler = await table.worker()

    async def broken(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(TurnRows, "save", broken)
    monkeypatch.setattr(TurnReplies, "open", broken)
    claim = await table.claimed()
    assert await handler.give_up(claim, "ten attempts") == turn_id
    await table.bus.finish(claim, "worker")
    client = await table.client()
    assert client.complete == [turn_id]
    assert [error.code for error in client.errors] == ["turn_failed"]
    monkeypatch.undo()
    table.handler = None
    await assert_answers(table)


@virtual_time
async def test_turn_behind_a_given_up_one_is_answered_before_the_ack() -> None:
    table = await laid()
    await table.say(HELLO)
    handler, given_up = await table.worker(), await table.claimed()
    second = await table.say(HELLO)
    await handler.give_up(given_up, "test")
    for _ in range(2):  # the second turn's own pointer, and the one that giving up has posted
        await handler.handle(await table.claimed())
    assert (await table.client()).complete[-1] == second


@virtual_time
async def test_turn_that_is_gone_from_the_stream_is_reported_lost() -> None:
    table = await laid()
    turn_id = await table.say(HELLO)
    key = table.bus.keys.turns(table.conversation_id)
    table.bus._server.drop(key.name)
    outlet = table.bus.outlet()
    outlet.put(key, {"a": "b"})
    await outlet.flush()
    await work_or_give_up(table)
    client = await table.client()
    assert (client.complete, [error.code for error in client.errors]) == ([turn_id], ["turn_failed"])
    await assert_answers(table)


@pytest.mark.parametrize("field", ["cursor", "epoch"])
@pytest.mark.parametrize("value", ["", "yesterday", "-1", "1e15", "9" * 18, f"{FAR}-{FAR}", "\udcff", "9" * 400])
@virtual_time
async def test_invalid_state_field_costs_at_most_one_turn(field: str, value: str) -> None:
    table = await laid()
    await table.say(HELLO)
    await table.work()
    raw = value.encode(errors="surrogateescape")
    state = table.bus.keys.state(table.conversation_id)
    outlet = table.bus.outlet()
    outlet.put(state, {field: raw})
    await outlet.flush()
    await say_as_the_gateway_does(table)
    await assert_answers(table)


@pytest.mark.parametrize("name", ["state", "turns", "events", "control", "receipts"])
@virtual_time
async def test_key_of_another_type_costs_at_most_one_turn(name: str) -> None:
    table = await laid()
    await table.say(HELLO)
    await table.work()
    key = getattr(table.bus.keys, name)(table.conversation_id)
    table.bus._server.drop(key.name)
    outlet = table.bus.outlet()
    if name == "state":
        outlet.append(key, Interrupt("turn"))
    else:
        outlet.put(key, {"a": "b"})
    await outlet.flush()
    await say_as_the_gateway_does(table)
    await assert_answers(table)


@pytest.mark.parametrize("name", ["turns", "events", "control", "receipts"])
@pytest.mark.parametrize("id", [f"{FAR}-{FAR}", f"{FAR}-{FAR - 1}", f"{FAR}-0", f"{START_MS * 10}-0"])
@virtual_time
async def test_stream_without_ids_left_costs_at_most_one_turn(name: str, id: str) -> None:
    table = await laid()
    await table.say(HELLO)
    await table.work()
    outlet = table.bus.outlet()
    outlet.append(getattr(table.bus.keys, name)(table.conversation_id), Interrupted("turn"), id=id)
    await outlet.flush()
    await say_as_the_gateway_does(table)
    await assert_answers(table)


@pytest.mark.parametrize("token", ["garbage", "", "1-1", "/", "1-1/x", "9-9/99"])
@virtual_time
async def test_invalid_owner_token_does_not_block_turns(token: str) -> None:
    table = await laid()
    table.bus._server._strings[table.bus.keys.owner(table.conversation_id, "turns").name] = token
    await assert_answers(table)


async def say_as_the_gateway_does(table: Table) -> str:
    """A message; what is refused for good is sent again after the conversation was mended."""
    turn_id = new_id()
    try:
        await table.say(HELLO, turn_id)
    except WriteRefused:
        assert await table.bus.mend(table.conversation_id)
        await table.say(HELLO, turn_id)
    await work_or_give_up(table)
    return turn_id


@virtual_time
async def test_turn_with_two_entries_is_answered_once() -> None:
    table = await laid()
    turn_id = await table.say(HELLO)
    await table.work()
    keys, c = table.bus.keys, table.conversation_id
    twice = [Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"))]
    await table.bus.transact(c, twice, then=("llm", Work(c)))
    await table.work()
    client = await table.client()
    client.check()
    assert client.complete == [turn_id]
    await assert_answers(table)


@virtual_time
async def test_turn_with_an_impossible_time_is_answered() -> None:
    table = await laid()
    keys, c, turn_id = table.bus.keys, table.conversation_id, new_id()
    turn = Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"), id="5-0")
    state = Put(keys.state(c), {"talk": "1"})
    await table.bus.transact(c, [turn, state], then=("llm", Work(c)))
    await table.work()
    assert (await table.client()).complete == [turn_id]
    await assert_answers(table)


@virtual_time
async def test_endless_reply_is_cut_at_its_last_whole_sentence() -> None:
    table = await laid()
    table.model.word_s = 0.0
    table.model.acts = [Say("One more sentence follows here. " * 1_000)]
    await table.say("Hello, Luna")
    await table.work()
    client = await table.client()
    client.check()
    ((_, text, status),) = client.talk()
    assert (status, [warning.code for warning in client.warnings]) == ("complete", ["reply_cut"])
    assert MAX_REPLY_CHARS - 100 < len(text) <= MAX_REPLY_CHARS
    assert text.rstrip().endswith("here.")
    await assert_answers(table)


@virtual_time
async def test_server_that_breaks_off_after_every_sentence_gets_limited_requests() -> None:
    table = await laid()
    table.model.lines["Luna"] = "One more sentence. " * 500
    table.model.acts = [BreakAfter(7) for _ in range(100)]
    await table.say("Hello, Luna")
    await table.work()
    client = await table.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["failed"]
    assert len(table.model.requests) == MAX_ROUNDS * (table.settings.llm_retries + 1)


@pytest.mark.parametrize("figure", ["many", float("nan"), float("inf"), 2**63, True, [1]])
def test_invalid_usage_figure_is_left_out(figure: object) -> None:
    assert added({"cost": 1}, {"cost": figure, "prompt_tokens": 2}) == {"cost": 1, "prompt_tokens": 2}


@virtual_time
async def test_client_is_warned_once_that_the_store_was_lost() -> None:
    table = await laid()
    await table.say(HELLO)
    await table.work()
    assert await table.store.delete_conversation(table.conversation_id)  # with the file
    table.store.losses += 1
    for _ in range(2):
        await table.say(HELLO)
        await table.work()
    client = await table.client()
    assert [warning.code for warning in client.warnings] == ["store_lost"]
