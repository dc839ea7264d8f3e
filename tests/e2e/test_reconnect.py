"""The gateway dies in mid-speech and comes back: the talk goes on where it was, no chunk lost or doubled."""

from __future__ import annotations

import signal
from urllib.parse import urlsplit

from playwright.async_api import expect

from tests.e2e.bad_line import BadLine
from tests.e2e.conftest import Visit
from tests.e2e.visitor import Visitor
from tests.fakes.eventually import eventually
from tests.fakes.stack import Stack

LOST = "The connection is lost."
REFUSED = "WebSocket connection to"


async def test_a_reply_goes_on_after_the_gateway_was_killed(visitor: Visitor, stack: Stack) -> None:
    visitor.forgive(REFUSED)
    turn_id = await visitor.write("Rex and Luna, thank you!")
    await eventually(lambda: visitor.log.of("audio"), "the first sound")
    (gateway,) = stack.of("gateway")
    gateway.send(signal.SIGKILL)
    assert not visitor.log.record().turn_is_done(turn_id), "it was in mid-speech"
    await expect(visitor.page.get_by_text(LOST)).to_be_visible()
    await visitor.picture("disconnected")
    stack.start("gateway", port=gateway.port)
    await expect(visitor.page.get_by_text(LOST)).to_be_hidden()

    answers = await visitor.hears(turn_id)
    assert [(answer.name, answer.status) for answer in answers] == [("Rex", "complete"), ("Luna", "complete")]
    played = await visitor.played()
    for answer in answers:
        # Not without a pause: the gateway may be away for longer than there was sound.
        visitor.assert_heard_exactly(answer, played[answer.message_id], longest_gap_ms=None)
        await expect(visitor.bubble(answer.message_id).locator(".bubble")).to_have_text(answer.text)
    await expect(visitor.mine).to_have_count(1)
    stack.wait_ready()


async def test_what_is_written_while_the_line_is_down_is_said_once_it_is_back(visitor: Visitor, stack: Stack) -> None:
    visitor.forgive(REFUSED)
    (gateway,) = stack.of("gateway")
    gateway.send(signal.SIGKILL)
    await expect(visitor.page.get_by_text(LOST)).to_be_visible()
    await visitor.box.fill("Sage, thank you!")
    await visitor.box.press("Enter")
    await expect(visitor.page.get_by_text("on its way…")).to_be_visible()
    stack.start("gateway", port=gateway.port)
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "it is accepted")
    await visitor.until_speaking(accepted["turn_id"])
    await expect(visitor.page.get_by_text("on its way…")).to_be_hidden()
    await expect(visitor.mine).to_have_text(["You: Sage, thank you!"])
    assert [answer.name for answer in visitor.log.record().of_turn(accepted["turn_id"])] == ["Sage"]
    stack.wait_ready()


async def test_a_line_that_broke_while_the_loudspeaker_was_fetched_costs_no_voice(visit: Visit, stack: Stack) -> None:
    visitor = await visit()
    parts = urlsplit(stack.http(""))
    assert parts.hostname
    assert parts.port
    line = BadLine(parts.hostname, parts.port)
    async with line.listening() as address:
        visitor.address = address
        visitor.forgive(REFUSED)
        visitor.forgive("playback-worklet")
        line.refused = "/assets/playback-worklet"
        await visitor.arrive()
        await eventually(lambda: line.refusals, "the browser asked for the loudspeaker and was refused")
        line.refused = None
        line.cut()
        await eventually(lambda: len(visitor.log.of("conversation_started")) > 1, "the page is back")
        turn_id = await visitor.write("Rex, thank you!")
        (answer,) = await visitor.hears(turn_id)
        visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])
