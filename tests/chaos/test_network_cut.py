"""A tts worker on a remote machine. During a reply its network link drops all packets without an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.faulty_turn import STORIES, turn_with_faults
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.service_process import Process, Service
from tests.harness.stack import Stack
from tests.servers.slow_network_link import FarLink, NoFarLink

pytestmark = pytest.mark.timeout(120, method="signal")

ONE_HERE: dict[Service, int] = {"gateway": 1, "llm": 1, "tts": 0}
NOTICED = "claiming paused"


@pytest.fixture
def link() -> Iterator[FarLink]:
    """A link with a round trip of 20 ms."""
    try:
        with FarLink(delay_ms=10) as made:
            yield made
    except NoFarLink as missing:
        pytest.skip(str(missing))


@pytest.fixture
def far_stack(tmp_path: Path, link: FarLink) -> Iterator[Stack]:
    """A stack whose tts worker is on the remote side of the link."""
    with Stack(tmp_path / "stack", workers=ONE_HERE, fsync="always", link=link) as running:
        running.start("tts", far=True)
        running.wait_ready()
        yield running


def noticed(far: Process) -> bool:
    """True if the worker has logged that it cannot reach Redis."""
    return NOTICED in far.log.read_text(errors="replace")


async def test_worker_continues_its_reply_after_the_link_is_restored(far_stack: Stack, link: FarLink) -> None:
    (far,) = far_stack.of("tts")

    async def cut_until_noticed(_: Stack, __: TalkClient) -> None:
        link.cut()
        await eventually(lambda: noticed(far) or None, "the worker notices the cut")
        link.mend()

    async with talk(*far_stack.urls) as client:
        verdict = await turn_with_faults(far_stack, client, STORIES[0], (30, cut_until_noticed))
    assert verdict.is_clean, verdict
    assert verdict.sentences > 0


async def test_peer_takes_over_the_work_of_a_worker_whose_link_is_broken(far_stack: Stack, link: FarLink) -> None:
    (far,) = far_stack.of("tts")

    async def cut_until_taken_over(stack: Stack, _: TalkClient) -> None:
        await eventually(lambda: stack.owner("tts") is far or None, "the far worker speaks")
        near = stack.start("tts")
        link.cut()
        await eventually(lambda: stack.owner("tts") is near or None, "the near worker takes over")
        link.mend()  # after that, the remote worker finds that it has lost the ownership

    async with talk(*far_stack.urls) as client:
        verdict = await turn_with_faults(far_stack, client, STORIES[0], (10, cut_until_taken_over))
        again = await turn_with_faults(far_stack, client, STORIES[2])
    assert (verdict.is_clean, again.is_clean) == (True, True), (verdict, again)
