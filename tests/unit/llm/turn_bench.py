"""A table of characters for tests of turns, and the expected rows."""

from __future__ import annotations

from tertulia_shared.bus import WriteRefused
from tertulia_shared.codec import decode
from tertulia_shared.entries import DeadLetter
from tertulia_shared.events import TurnAccepted, TurnComplete, TurnStarted
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id
from tertulia_shared.work import Ending, ending_of
from tests.harness.llm import LINES, Client, Table

HELLO = "Hello, Luna and Rex"
USER = ("Jay", HELLO, "complete")
LUNA = ("Luna", LINES["Luna"], "complete")
REX = ("Rex", LINES["Rex"], "complete")
SAGE = ("Sage", LINES["Sage"], "complete")


async def table_with(*names: str) -> Table:
    """A table at which these characters are active; Luna and Rex without names."""
    table = Table()
    await table.set(*(names or ("Luna", "Rex")))
    return table


def assert_whole(client: Client) -> None:
    """Check that Luna and Rex have answered, and that the client saw and heard everything once."""
    client.check()
    assert client.talk() == [LUNA, REX]
    assert client.speech() == [LINES["Luna"], LINES["Rex"]]
    assert client.errors == []
    frame = [event for _, event in client.events if isinstance(event, TurnAccepted | TurnStarted | TurnComplete)]
    assert [type(event) for event in frame] == [TurnAccepted, TurnStarted, TurnComplete], "each event comes once"
    assert isinstance(client.events[-1][1], TurnComplete)


async def letters(table: Table) -> list[DeadLetter]:
    return [decode(DeadLetter, entry.fields) for entry in await table.bus.read(table.bus.keys.dead())]


async def work_or_give_up(table: Table, reason: str = "test") -> None:
    """Handle all work; give up what can never succeed, as `Worker` does."""
    handler = table.handler or await table.worker()
    while await table.bus.open_work("llm"):
        claim = await table.claimed()
        try:
            await handler.handle(claim)
        except Exception as raised:  # noqa: BLE001 - like `Worker`
            error = first_error(raised)
            if ending_of(error) not in (Ending.DEAD, Ending.NEWER):
                assert claim.attempt == 1, f"a permanent error was retried: {error!r}"
                table.orphaned = True
                continue
            await handler.give_up(claim, f"{reason}: {error}")
        await table.bus.finish(claim, "worker")
    await table.drain()


async def assert_answers(table: Table) -> Client:
    """Check that both characters answer the next message, from the current worker and from a new one."""
    for handler in (table.handler, None):
        table.handler = handler
        before = (await table.client()).complete
        turn_id = await say_and_mend(table)
        client = await table.client()
        assert client.complete == [*before, turn_id]
        assert [text for _, text, _ in client.talk()][-2:] == [LINES["Luna"], LINES["Rex"]]
    client = await table.client()
    client.check()
    return client


async def say_and_mend(table: Table) -> str:
    """Send a message; if Redis refuses the write for good, mend the conversation and send it again."""
    turn_id = new_id()
    try:
        await table.say(HELLO, turn_id)
    except WriteRefused:
        assert await table.bus.mend(table.conversation_id)
        await table.say(HELLO, turn_id)
    await work_or_give_up(table)
    return turn_id
