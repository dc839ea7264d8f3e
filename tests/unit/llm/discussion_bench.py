"""A bench on which the characters talk among themselves, for tests of discussions."""

from __future__ import annotations

from tertulia_shared.answering import AnsweringRules
from tertulia_shared.events import (
    Event,
    MessageComplete,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnExtended,
    TurnStarted,
)
from tests.harness.llm import Client, LLMBench
from tests.unit.llm.turn_bench import bench_with


async def discussing_bench(*names: str, replies: int = 4) -> LLMBench:
    bench = await bench_with(*names)
    await bench.set_rules(AnsweringRules(discussion=replies))
    return bench


def frame(client: Client) -> list[type[Event]]:
    kinds = (TurnAccepted, TurnStarted, TurnExtended, MessageStarted, MessageComplete, TurnComplete)
    return [type(event) for _, event in client.events if isinstance(event, kinds)]


REPLY: list[type[Event]] = [MessageStarted, MessageComplete]


async def play(bench: LLMBench, message_id: str) -> None:
    await bench.played(message_id, 0, 0)


async def nth(bench: LLMBench, number: int) -> str:
    """The id of the reply with this number; "" as long as it has not begun."""
    order = (await bench.client()).order
    return order[number] if number < len(order) else ""
