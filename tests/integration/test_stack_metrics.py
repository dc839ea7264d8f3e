"""The metrics of all processes over HTTP. After turns of known content, each metric must have changed as expected."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tertulia_shared.ids import new_id
from tertulia_shared.keys import STAGES, Stage
from tests.fakes.model_server import Hold, Reply, ScriptedModel, model_at
from tests.harness.client import talk
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.scrape import Scrape, Series, parsed, scrape
from tests.harness.service_process import Process, Service
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120)

SERVICES: tuple[Service, ...] = ("gateway", "stt", "llm", "tts")
MOST_SERIES = 500
"""Maximum number of series per process. Each histogram has about 15."""
AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|\d+-\d+")


def processes(stack: Stack) -> list[Process]:
    return [process for service in SERVICES for process in stack.of(service)]


def seen(stack: Stack) -> Scrape:
    """The series of all processes, added up."""
    total: Counter[Series] = Counter()
    for process in processes(stack):
        total.update(scrape(process.metrics_port).values)
    return Scrape(dict(total))


class MetricChanges:
    """The changes of these sums since a moment."""

    def __init__(self, before: Scrape, after: Scrape) -> None:
        self._before = before
        self._after = after

    def by(self, name: str, **labels: str) -> float:
        return self._after.of(name, **labels) - self._before.values.get((name, frozenset(labels.items())), 0.0)


async def at_rest(stack: Stack) -> Scrape:
    """Wait until no client is connected, no work is open, and all work is counted. Returns the sums.

    At that moment, all clients have received everything, also those of the previous test.
    """

    def look() -> Scrape | None:
        if any(stack.length(stack.keys.work(stage)) for stage in STAGES):
            return None
        shown = seen(stack)
        busy = shown.of("tertulia_connections") + sum(shown.of("tertulia_jobs", stage=stage) for stage in STAGES)
        return None if busy else shown

    return await eventually(look, "rest")


ENDINGS = ("finished", "lost", "failed", "passed_on", "handed_back", "dead")


def begun_and_ended(moved: MetricChanges, stage: Stage) -> tuple[float, float]:
    """The attempts at a stage's work, counted when they start and when they end."""
    return (
        moved.by("tertulia_claims_total", stage=stage) + moved.by("tertulia_takeovers_total", stage=stage),
        sum(moved.by("tertulia_work_ended_total", stage=stage, ending=ending) for ending in ENDINGS),
    )


@pytest.fixture
def asking(tmp_path: Path, model_port: int) -> Iterator[Stack]:
    """A stack whose model can be paused in mid-reply."""
    # a worker that is slow for a moment must not lose its work, which would count as another claim
    env = {"TERTULIA_TTS_ENGINE": "espeak", "TERTULIA_LEASE_S": "30", **model_at(model_port)}
    with Stack(tmp_path / "stack", env=env, metrics=True) as running:
        yield running


async def test_metrics_count_complete_and_interrupted_typed_turns(asking: Stack, model_port: int) -> None:
    before = await at_rest(asking)
    held = Reply(["It is a long story, and it begins at sea. ", "There was"], hold=Hold(2))
    script = [held, Reply(["I am well, thank you. ", "And you?"], usage=True)]
    async with ScriptedModel(script, port=model_port), talk(*asking.urls) as client:
        await client.say("Luna, tell me a story.", new_id())
        await client.until_event("audio")
        await client.send("interrupt")
        await client.until_event("interrupted")
        await client.hears("Rex, how are you?", new_id())
        asking.unsaid |= client.record.words()
    moved = MetricChanges(before, await at_rest(asking))
    for stage in STAGES:
        begun, ended = begun_and_ended(moved, stage)
        assert begun == ended, stage
    exactly: Mapping[tuple[str, tuple[tuple[str, str], ...]], float] = {
        ("tertulia_connections_accepted_total", ()): 1,
        ("tertulia_turns_total", (("source", "typed"),)): 2,
        ("tertulia_turns_total", (("source", "spoken"),)): 0,
        ("tertulia_interruptions_total", (("cause", "request"),)): 1,
        ("tertulia_interruptions_total", (("cause", "turn"),)): 0,
        ("tertulia_turn_first_text_seconds_count", (("source", "typed"),)): 2,
        ("tertulia_llm_turns_total", (("result", "complete"),)): 1,
        ("tertulia_llm_turns_total", (("result", "interrupted"),)): 1,
        ("tertulia_llm_turns_total", (("result", "failed"),)): 0,
        ("tertulia_llm_first_token_seconds_count", (("engine", "openai"),)): 2,
        ("tertulia_llm_turn_seconds_count", (("engine", "openai"),)): 1,
        ("tertulia_hop_seconds_count", (("hop", "turns"),)): 2,
        ("tertulia_hop_seconds_count", (("hop", "mic"),)): 0,
        ("tertulia_claims_total", (("stage", "tts"),)): 2,
        ("tertulia_hop_seconds_count", (("hop", "work_tts"),)): 2,
        ("tertulia_work_ended_total", (("ending", "dead"), ("stage", "llm"))): 0,
        ("tertulia_work_failures_total", (("kind", "unexpected"), ("stage", "tts"))): 0,
        ("tertulia_tts_failures_total", ()): 0,
        ("tertulia_store_writes_total", (("way", "outbox"),)): 0,
        ("tertulia_resumes_total", ()): 0,
    }
    assert {key: moved.by(key[0], **dict(key[1])) for key in exactly} == exactly
    at_least = [
        moved.by("tertulia_turn_first_sound_seconds_count", source="typed") - 1,
        moved.by("tertulia_llm_first_sentence_seconds_count", engine="openai") - 1,
        moved.by("tertulia_llm_tokens_total", kind="completion") - 1,
        moved.by("tertulia_claims_total", stage="llm") - 2,
        moved.by("tertulia_hop_seconds_count", hop="sentences") - 1,
        moved.by("tertulia_hop_seconds_count", hop="audio") - 1,
        moved.by("tertulia_hop_seconds_count", hop="events") - 8,
        moved.by("tertulia_tts_first_chunk_seconds_count", engine="espeak") - 1,
        moved.by("tertulia_tts_real_time_ratio_count", engine="espeak") - 1,
        moved.by("tertulia_tts_audio_seconds_total", engine="espeak") - 0.5,
        moved.by("tertulia_store_writes_total", way="direct") - 4,
    ]
    assert all(over >= 0 for over in at_least), at_least


async def test_metrics_count_a_spoken_turn(stack: Stack) -> None:
    before = await at_rest(stack)
    async with talk(*stack.urls) as client:
        await client.speak("hello_luna.wav")
        accepted = await client.until_event("turn_accepted")
        await client.until_done(accepted["turn_id"])
        await client.until_event("listening_stopped")
        stack.unsaid |= client.record.words()
    moved = MetricChanges(before, await at_rest(stack))
    assert moved.by("tertulia_work_ended_total", stage="stt", ending="finished") == 1
    assert moved.by("tertulia_stt_utterances_total", result="turn") == 1
    assert moved.by("tertulia_stt_transcript_seconds_count", engine="pocketsphinx") == 1
    assert moved.by("tertulia_turns_total", source="spoken") == 1
    assert moved.by("tertulia_turn_first_text_seconds_count", source="spoken") == 1
    assert moved.by("tertulia_hop_seconds_count", hop="mic") >= 1
    assert moved.by("tertulia_hop_seconds_count", hop="work_stt") == 1


async def test_metrics_count_replaced_and_refused_connections(stack: Stack) -> None:
    before = await at_rest(stack)
    async with talk(*stack.urls) as first:
        await first.hears("Sage?", new_id())
        first.drop()
        # wait for it; otherwise the gateway may accept the other client first
        await first.until_event("conversation_started", 2)
        async with talk(f"{stack.urls[0]}?conversation_id={first.record.conversation_id}"):
            assert await first.until_closed() == 4001
        stack.unsaid |= first.record.words()
    async with connect(stack.urls[0], proxy=None, origin="https://elsewhere.example") as stranger:  # pyright: ignore[reportArgumentType] - a NewType of str
        with pytest.raises(ConnectionClosed):
            await stranger.recv()
    moved = MetricChanges(before, await at_rest(stack))
    assert moved.by("tertulia_connections_accepted_total") == 3
    assert moved.by("tertulia_connections_refused_total", reason="access") == 1
    assert moved.by("tertulia_resumes_total") == 2
    assert moved.by("tertulia_replaced_clients_total") == 1


async def test_metrics_have_the_open_work_in_redis(stack: Stack) -> None:
    (gateway,), (tts,) = stack.of("gateway"), stack.of("tts")

    def of_tts(*names: str) -> float:
        shown = scrape(gateway.metrics_port)
        return sum(shown.of(name, stage="tts") for name in names)

    await at_rest(stack)
    await eventually(lambda: of_tts("tertulia_work_waiting", "tertulia_work_held") == 0, "the end of earlier work")
    tts.send(signal.SIGSTOP)  # a claim that waits may still get this work; otherwise it stays unclaimed
    try:
        async with talk(*stack.urls) as client:
            turn_id = await client.say("Luna?", new_id())
            await eventually(lambda: of_tts("tertulia_work_waiting", "tertulia_work_held") == 1, "open work")
            assert of_tts("tertulia_work_oldest_waiting_seconds", "tertulia_work_oldest_held_seconds") > 0
            tts.send(signal.SIGCONT)
            await client.until_done(turn_id)
            await eventually(lambda: of_tts("tertulia_work_waiting", "tertulia_work_held") == 0, "the work's end")
            stack.unsaid |= client.record.words()
    finally:
        tts.send(signal.SIGCONT)


def test_every_process_reports_its_health(stack: Stack) -> None:
    for process in processes(stack):
        with urllib.request.urlopen(f"http://127.0.0.1:{process.metrics_port}/healthz", timeout=PATIENCE_S) as response:
            assert response.read() == b"ok\n"
        shown = scrape(process.metrics_port)
        assert shown.of("tertulia_healthy") == 1
        assert any(("service", process.service) in labels for name, labels in shown.values if name.endswith("_info"))


def test_metric_series_are_few_and_contain_no_ids(stack: Stack) -> None:
    for process in processes(stack):
        values = scrape(process.metrics_port).values
        assert 50 < len(values) < MOST_SERIES, process.name
        for name, labels in values:
            for label, value in labels:
                assert value != "other", f"{name}: the values of {label} lack one"
                assert label == "le" or not AN_ID.search(value), f"{name}: {label}={value}"


def test_gateway_serves_its_metrics_at_its_own_address(stack: Stack) -> None:
    (gateway,) = stack.of("gateway")
    port = stack.of("gateway")[0].port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as response:
        shown = parsed(response.read().decode())
    assert {name for name, _ in shown.values} == {name for name, _ in scrape(gateway.metrics_port).values}


def test_gateway_metrics_require_a_token(stack: Stack) -> None:
    asking = http.client.HTTPConnection("127.0.0.1", stack.of("gateway")[0].port, timeout=PATIENCE_S)
    with contextlib.closing(asking):
        asking.request("GET", "/metrics", headers={"Host": "tertulia.example"})
        assert asking.getresponse().status == 403
