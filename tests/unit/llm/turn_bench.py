"""An `LLMBench` with active characters for tests of turns, and the rows that the tests expect."""

from __future__ import annotations

from tertulia_shared.bus import WriteRefused
from tertulia_shared.codec import decode
from tertulia_shared.entries import DeadLetter
from tertulia_shared.events import TurnAccepted, TurnComplete, TurnStarted
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id
from tertulia_shared.work import Ending, ending_of
from tests.harness.llm import LINES, Client, LLMBench

HELLO = "Hello, Luna and Rex"
USER = ("Jay", HELLO, "complete")
LUNA = ("Luna", LINES["Luna"], "complete")
REX = ("Rex", LINES["Rex"], "complete")
SAGE = ("Sage", LINES["Sage"], "complete")


async def bench_with(*names: str) -> LLMBench:
    """A bench on which these characters are active; without names, Luna and Rex."""
    bench = LLMBench()
    await bench.set(*(names or ("Luna", "Rex")))
    return bench


def assert_whole(client: Client) -> None:
    """Check that Luna and Rex have answered, and that the client has received all text and speech exactly once."""
    client.check()
    assert client.talk() == [LUNA, REX]
    assert client.speech() == [LINES["Luna"], LINES["Rex"]]
    assert client.errors == []
    frame = [event for _, event in client.events if isinstance(event, TurnAccepted | TurnStarted | TurnComplete)]
    assert [type(event) for event in frame] == [TurnAccepted, TurnStarted, TurnComplete], "each event comes once"
    assert isinstance(client.events[-1][1], TurnComplete)


async def letters(bench: LLMBench) -> list[DeadLetter]:
    return [decode(DeadLetter, entry.fields) for entry in await bench.bus.read(bench.bus.keys.dead())]


async def work_or_give_up(bench: LLMBench, reason: str = "test") -> None:
    """Handle all work. Work that can never succeed is given up, as `Worker` does."""
    handler = bench.handler or await bench.worker()
    while await bench.bus.open_work("llm"):
        claim = await bench.claimed()
        try:
            await handler.handle(claim)
        except Exception as raised:  # noqa: BLE001 - like `Worker`
            error = first_error(raised)
            if ending_of(error) not in (Ending.DEAD, Ending.NEWER):
                assert claim.attempt == 1, f"a permanent error was retried: {error!r}"
                bench.orphaned = True
                continue
            await handler.give_up(claim, f"{reason}: {error}")
        await bench.bus.finish(claim, "worker")
    await bench.drain()


async def assert_answers(bench: LLMBench) -> Client:
    """Check that both characters answer the next message, from the current worker and from a new one."""
    for handler in (bench.handler, None):
        bench.handler = handler
        before = (await bench.client()).complete
        turn_id = await say_and_mend(bench)
        client = await bench.client()
        assert client.complete == [*before, turn_id]
        assert [text for _, text, _ in client.talk()][-2:] == [LINES["Luna"], LINES["Rex"]]
    client = await bench.client()
    client.check()
    return client


async def say_and_mend(bench: LLMBench) -> str:
    """Send a message. If Redis refuses the write permanently, repair the conversation and send the message again."""
    turn_id = new_id()
    try:
        await bench.say(HELLO, turn_id)
    except WriteRefused:
        assert await bench.bus.mend(bench.conversation_id)
        await bench.say(HELLO, turn_id)
    await work_or_give_up(bench)
    return turn_id
