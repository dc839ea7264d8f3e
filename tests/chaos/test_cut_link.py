"""A tts worker on another machine, and the wire to it cut in mid-reply: nobody is told, nothing arrives any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.struck import STORIES, struck_turn
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Process, Service, Stack
from tests.servers.far_link import FarLink, NoFarLink

pytestmark = pytest.mark.timeout(120, method="signal")

ONE_HERE: dict[Service, int] = {"gateway": 1, "llm": 1, "tts": 0}
NOTICED = "claiming paused"


@pytest.fixture
def link() -> Iterator[FarLink]:
    """A wire with a round trip of 20 ms."""
    try:
        with FarLink(delay_ms=10) as made:
            yield made
    except NoFarLink as missing:
        pytest.skip(str(missing))


@pytest.fixture
def far_stack(tmp_path: Path, link: FarLink) -> Iterator[Stack]:
    """Everything here but tts, which is far."""
    with Stack(tmp_path / "stack", workers=ONE_HERE, fsync="always", link=link) as running:
        running.start("tts", far=True)
        running.wait_ready()
        yield running


def noticed(far: Process) -> bool:
    """Whether it knows that it is cut off."""
    return NOTICED in far.log.read_text(errors="replace")


async def test_a_worker_that_was_cut_off_comes_back_and_goes_on(far_stack: Stack, link: FarLink) -> None:
    (far,) = far_stack.of("tts")

    async def cut_until_noticed(_: Stack, __: TalkClient) -> None:
        link.cut()
        await eventually(lambda: noticed(far) or None, "the worker notices that nothing arrives")
        link.mend()

    async with talk(*far_stack.urls) as client:
        verdict = await struck_turn(far_stack, client, STORIES[0], (30, cut_until_noticed))
    assert verdict.is_clean, verdict
    assert verdict.sentences > 0


async def test_a_peer_takes_over_what_a_worker_that_was_cut_off_had(far_stack: Stack, link: FarLink) -> None:
    (far,) = far_stack.of("tts")

    async def cut_until_taken_over(stack: Stack, _: TalkClient) -> None:
        await eventually(lambda: stack.owner("tts") is far or None, "the far worker speaks")
        near = stack.start("tts")
        link.cut()
        await eventually(lambda: stack.owner("tts") is near or None, "the near worker takes over")
        link.mend()  # and the far one finds that it is no longer its own

    async with talk(*far_stack.urls) as client:
        verdict = await struck_turn(far_stack, client, STORIES[0], (10, cut_until_taken_over))
        again = await struck_turn(far_stack, client, STORIES[2])
    assert (verdict.is_clean, again.is_clean) == (True, True), (verdict, again)
