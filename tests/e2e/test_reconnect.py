"""The page reconnects: playback continues, and no chunk is lost or repeated."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tertulia_shared.receipts import last_receipts
from tests.e2e.conftest import Visit
from tests.e2e.visitor import Played, Visitor
from tests.harness.eventually import eventually
from tests.harness.service_process import Process
from tests.harness.stack import Stack
from tests.harness.talk_record import Heard
from tests.servers.breaking_proxy import BreakingProxy

LOST = "Connection lost. Reconnecting"
REFUSED = "WebSocket connection to"
A_SECOND = 24_000


@pytest.fixture
def gateway(stack: Stack) -> Iterator[Process]:
    """The gateway. If the test has killed it, it is restarted after the test."""
    (running,) = stack.of("gateway")
    yield running
    if not stack.of("gateway"):
        stack.start("gateway", port=running.port)
    stack.wait_ready()


async def test_playback_of_a_reply_continues_after_the_gateway_was_killed_and_restarted(
    visitor: Visitor, stack: Stack, gateway: Process
) -> None:
    visitor.ignore_console_error(REFUSED)
    # Ask for stories, because sending them takes seconds, so there is time to kill the gateway.
    turn_id = await visitor.write("Rex and Luna, tell me a story.")
    await eventually(lambda: visitor.log.of("audio"), "the first sound")
    gateway.send(signal.SIGKILL)
    assert not visitor.log.record().turn_is_done(turn_id), "it was in mid-speech"
    await expect(visitor.page.get_by_text(LOST)).to_be_visible()
    await visitor.picture("disconnected")
    before = await visitor.played()
    stack.start("gateway", port=gateway.port)
    await expect(visitor.page.get_by_text(LOST)).to_be_hidden()

    await eventually(lambda: visitor.log.record().turn_is_done(turn_id), "all frames have arrived")
    answers = visitor.log.record().of_turn(turn_id)
    assert [(answer.name, answer.status) for answer in answers] == [("Rex", "complete"), ("Luna", "complete")]
    sound = {answer.message_id: sum(map(len, answer.pcm.values())) // 2 for answer in answers}
    rex = answers[0].message_id
    # How much must be played: everything that was received before the gateway was killed, and one more second.
    far_enough = min(before[rex].received + A_SECOND, sound[rex])

    async def heard() -> dict[str, Played] | None:
        played = await visitor.played()
        whole = all(id in played and played[id].received >= samples for id, samples in sound.items())
        return played if whole and played[rex].samples >= far_enough else None

    played = await visitor.until(heard, "playback continues")
    for answer in answers:
        visitor.assert_received_exactly(answer, played[answer.message_id])
        await expect(visitor.bubble(answer.message_id).locator(".bubble")).to_have_text(answer.text)
    await expect(visitor.mine).to_have_count(1)


async def test_message_written_while_disconnected_is_sent_after_the_reconnect(
    visitor: Visitor, stack: Stack, gateway: Process
) -> None:
    visitor.ignore_console_error(REFUSED)
    gateway.send(signal.SIGKILL)
    await expect(visitor.page.get_by_text(LOST)).to_be_visible()
    await visitor.box.fill("Sage, thank you!")
    await visitor.box.press("Enter")
    await expect(visitor.page.get_by_text("Sending…")).to_be_visible()
    stack.start("gateway", port=gateway.port)
    (accepted,) = await eventually(lambda: visitor.log.of("turn_accepted"), "it is accepted")
    await visitor.until_speaking(accepted["turn_id"])
    await expect(visitor.page.get_by_text("Sending…")).to_be_hidden()
    await expect(visitor.mine).to_have_text(["You: Sage, thank you!"])
    assert [answer.name for answer in visitor.log.record().of_turn(accepted["turn_id"])] == ["Sage"]


async def test_reply_that_was_played_to_its_end_without_a_connection_counts_as_heard(
    visit: Visit, stack: Stack
) -> None:
    visitor = await visit()
    line = line_to(stack)
    async with line.listening() as address:
        visitor.address = address
        visitor.ignore_console_error(REFUSED)
        await visitor.arrive()
        turn_id = await visitor.write("Rex and Luna, how are you?")  # some 15 s of sound
        await visitor.until_speaking(turn_id)
        await eventually(lambda: visitor.log.record().turn_is_done(turn_id), "all frames have arrived")
        line.refused = "/ws"
        line.cut()
        replies = await visitor.until_played(turn_id)
        assert line.refusals, "the connection is still away"
        line.refused = None
        await expect(visitor.page.get_by_text(LOST)).to_be_hidden()

        conversation_id = visitor.log.of("conversation_started")[0]["conversation_id"]

        async with stack.bus() as bus:

            async def receipt(reply: Heard) -> bool:
                last = last_receipts(await bus.read(bus.keys.receipts(conversation_id)))[reply.message_id]
                return (last.sentence_index, last.chunk_index) == reply.chunks[-1]

            await eventually(lambda: receipt(replies[-1]), "the receipt for the last chunk")


@pytest.mark.parametrize("websocket_is_cut", [False, True], ids=["worklet only", "websocket too"])
async def test_failed_load_of_the_playback_worklet_is_retried(
    visit: Visit, stack: Stack, *, websocket_is_cut: bool
) -> None:
    visitor = await visit()
    line = line_to(stack)
    async with line.listening() as address:
        visitor.address = address
        visitor.ignore_console_error(REFUSED)
        visitor.ignore_console_error("playback-worklet")
        line.refused = "/assets/playback-worklet"
        await visitor.arrive(playback=False)
        await eventually(lambda: line.refusals, "the request for the worklet was refused")
        line.refused = None
        if websocket_is_cut:
            line.cut()
            await eventually(lambda: len(visitor.log.of("conversation_started")) > 1, "the page is back")
        turn_id = await visitor.write("Rex, thank you!")
        (answer,) = await visitor.until_played(turn_id)
        visitor.assert_heard_exactly(answer, (await visitor.played())[answer.message_id])


def line_to(stack: Stack) -> BreakingProxy:
    """A proxy in front of the stack's gateway."""
    address = urlsplit(stack.http(""))
    assert address.hostname
    assert address.port
    return BreakingProxy(address.hostname, address.port)
