"""Whatever stands in the streams of a conversation or in its state, the conversation answers the next message."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia_shared.bus import WriteRefused
from tertulia_shared.ids import new_id
from tests.fakes.llm_bench import LINES, START_MS, Table
from tests.fakes.virtual_time import now, virtual_time
from tests.unit.llm.test_giving_up import HELLO, say_as_the_gateway_does, work_or_give_up

FAR = 2**64 - 1
STREAMS = st.sampled_from(["turns", "control", "receipts"])
NAMES = st.sampled_from([
    "v", "ts", "epoch", "type", "turn_id", "conversation_id", "text", "source", "message_id", "sentence_index",
    "chunk_index", "played_ms", "cause",
])  # fmt: skip
NUMBERS = st.sampled_from([b"0", b"1", b"2", b"-5", b"9" * 18, b"9" * 30, str(2**63).encode(), b"1e15", b"007", b""])
VALUES = NUMBERS | st.binary(max_size=8) | st.text(max_size=8).map(lambda text: text.encode(errors="replace"))
IDS = st.sampled_from([None, None, None, "5-0", f"{FAR}-{FAR}", f"{FAR}-{FAR - 1}", f"{FAR}-0", "99999999999999-0"])
FIELDS = st.sampled_from(
    ["epoch", "cursor", "plan", "started", "complete", "failed", "cut", "settled", "ended", "warned", "talk"]
)
ENTRY = st.tuples(STREAMS, IDS, st.dictionaries(NAMES, VALUES, max_size=6))
STATE = st.tuples(st.just("state"), FIELDS, VALUES)


@given(poison=st.lists(ENTRY | STATE, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
@virtual_time
async def test_the_next_message_but_one_is_answered(poison: list[tuple[str, str | None, object]]) -> None:
    table = Table()
    await table.set("Luna", "Rex")
    await table.say(HELLO)
    await table.work()
    for name, place, what in poison:
        key = getattr(table.bus.keys, name)(table.conversation_id)
        if name == "state":
            outlet = table.bus.outlet()
            outlet.put(key, {str(place): cast("bytes", what)})
            await outlet.flush()
            continue
        fields = {field.encode(): value for field, value in cast("dict[str, bytes]", what).items()}
        with suppress(ValueError):  # the ids have run out already
            table.bus._server._own_stream(key).add(
                fields, id=place, now_ms=START_MS + round(now() * 1000), max_len=None
            )
    await say_as_the_gateway_does(table)  # may be the one turn that is harmed
    table.handler = None
    turn_id = new_id()
    try:
        await table.say(HELLO, turn_id)
    except WriteRefused:
        assert await table.bus.mend(table.conversation_id)
        await table.say(HELLO, turn_id)
    await work_or_give_up(table)
    client = await table.client()
    assert client.complete.count(turn_id) == 1
    assert [text for _, text, _ in client.talk()][-2:] == [LINES["Luna"], LINES["Rex"]]
