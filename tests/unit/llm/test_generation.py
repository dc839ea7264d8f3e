from __future__ import annotations

import pytest

from tertulia_llm.generation import reply_seed
from tests.harness.llm import LINES, BreakAfter, LLMBench, Say
from tests.harness.virtual_time import virtual_time

THOUGHTS = "Jay greets me. I should be warm and short. "


async def bench_of(*acts: Say | BreakAfter) -> LLMBench:
    bench = LLMBench()
    await bench.set("Luna")
    bench.model.acts = list(acts)
    await bench.say("Hello")
    await bench.work()
    return bench


def test_seed_is_derived_from_the_message_id_and_fits_31_bits() -> None:
    assert reply_seed("a") == reply_seed("a") != reply_seed("b")
    versions = [reply_seed(str(n), versions=["a", *map(str, range(n))]) for n in range(9)]
    assert len({reply_seed("a"), *versions}) == 10, "each version of a reply has its own seed"
    assert all(0 <= reply_seed(str(n)) < 2**31 for n in range(100))


@pytest.mark.parametrize("thoughts", ["", THOUGHTS])
@virtual_time
async def test_text_that_was_reasoning_is_neither_shown_nor_stored(thoughts: str) -> None:
    bench = await bench_of(Say("Hello Jay. It is late.", discarded=thoughts))
    client = await bench.client()
    client.check()
    assert client.talk() == [("Luna", "Hello Jay. It is late.", "complete")]
    assert (await bench.rows())[-1] == ("Luna", "Hello Jay. It is late.", "complete")
    await bench.say("And now?")
    await bench.work()
    assert bench.model.requests[-1][-2]["content"].endswith("<Luna>Hello Jay. It is late.</Luna>")


@virtual_time
async def test_text_before_the_stream_that_held_reasoning_is_kept() -> None:
    beginning = "Hello there, Jay. "
    bench = await bench_of(BreakAfter(6), Say("I am counting.", discarded=THOUGHTS))
    client = await bench.client()
    client.check()
    assert client.talk() == [("Luna", f"{beginning}I am counting.", "complete")]
    assert LINES["Luna"].startswith(beginning)


@virtual_time
async def test_reply_of_which_all_was_reasoning_has_no_text() -> None:
    empty = Say("", discarded=THOUGHTS)
    bench = await bench_of(*[empty] * 10)
    client = await bench.client()
    client.check()
    assert client.talk() == [("Luna", "", "failed")]
    assert [error.code for error in client.errors] == ["llm_unavailable"]
