"""A character begins with a greeting of its card, instead of a reply of the model."""

from __future__ import annotations

from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import bench_with

GREETING = "Come in, {{user}}. *She smiles.* I am {{char}}: mind the springs!\n\nIt is {{random:late,late}}."
SAID = "Come in, Jay. *She smiles.* I am Luna: mind the springs!\nIt is late."


@virtual_time
async def test_greeting_is_said_and_remembered_without_a_request_to_the_model() -> None:
    bench = await bench_with()
    await bench.request(await bench.character_id("Luna"), greeting=GREETING)
    await bench.work()
    client = await bench.client()
    client.check()
    assert client.talk() == [("Luna", SAID, "complete")]
    assert await bench.rows() == [("Luna", SAID, "complete")]
    assert bench.model.requests == []
    await bench.say("Luna, is it?")
    await bench.work()
    prompt = [message["content"] for message in bench.model.requests[-1]]
    assert f"<Luna>{SAID}</Luna>" in prompt


@virtual_time
async def test_model_replies_if_nothing_of_the_greeting_can_be_said() -> None:
    bench = await bench_with()
    await bench.request(await bench.character_id("Luna"), greeting="{{// nothing }}")
    await bench.work()
    (reply,) = (await bench.client()).talk()
    assert (reply[0], reply[2]) == ("Luna", "complete")
    assert len(bench.model.requests) == 1


@virtual_time
async def test_greeting_is_said_once_if_the_worker_dies_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await bench_with()
        await bench.request(await bench.character_id("Luna"), greeting=GREETING)
        if not await bench.die_after(writes):
            break
        await bench.work()
        client = await bench.client()
        client.check()
        assert client.talk() == [("Luna", SAID, "complete")], f"after a death at write {writes}"
        assert bench.model.requests == []
    assert writes > 8
