"""A turn is one trace across real processes: the spans that a collector receives from each service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.tracing import root_of
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack
from tests.servers.otlp_collector import Collector, collecting

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    env = {
        "TERTULIA_TTS_ENGINE": "espeak",
        "TERTULIA_STT_ENGINE": "pocketsphinx",
        "TERTULIA_DEMO_TOKENS_PER_SECOND": "200",
        "TERTULIA_OTLP_ENDPOINT": collector.url,
    }
    with Stack(tmp_path_factory.mktemp("traced") / "stack", env=env, metrics=True) as running:
        yield running


async def trace_of(collector: Collector, turn_id: str, *names: str) -> list[dict[str, Any]]:
    """The spans of a turn, once spans of these names have arrived."""
    trace_id = turn_id.replace("-", "")
    wanted = set(names)

    def found() -> list[dict[str, Any]]:
        spans = collector.of_trace(trace_id)
        return spans if wanted <= {span["name"] for span in spans} else []

    return await eventually(found, f"the spans {names}")


def events_of(span: dict[str, Any]) -> list[str]:
    return [event["name"] for event in span["events"]]


def attributes_of(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


async def test_typed_turn_is_one_trace_of_gateway_llm_and_tts(traced: Stack, collector: Collector) -> None:
    turn_id = new_id()
    async with talk(*traced.urls) as client:
        await client.hears("Luna, how are you?", turn_id)
        spans = await trace_of(collector, turn_id, "turn", "answer", "model request", "speak", "sentence")
        traced.unsaid |= client.record.words()
        said = client.record.words()
    by_id = {span["spanId"]: span for span in spans}
    named = {span["name"]: span for span in spans}
    services = {name: span["service"] for name, span in named.items()}
    assert services == {
        "turn": "tertulia-gateway", "answer": "tertulia-llm", "model request": "tertulia-llm",
        "speak": "tertulia-tts", "sentence": "tertulia-tts",
    }  # fmt: skip
    assert (named["turn"]["spanId"], named["turn"]["parentSpanId"]) == (root_of(turn_id), "")
    parents = {span["name"]: by_id[span["parentSpanId"]]["name"] for span in spans if span["parentSpanId"]}
    assert parents == {"answer": "turn", "model request": "answer", "speak": "turn", "sentence": "speak"}
    assert events_of(named["turn"]) == ["first text", "first sound"]
    assert events_of(named["answer"]) == ["first token", "first sentence"]
    assert events_of(named["model request"]) == ["first token"]
    assert events_of(named["sentence"]) == ["first sound"]
    assert attributes_of(named["turn"]) == {"source": "typed", "result": "complete"}
    for span in spans:
        assert int(named["turn"]["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert not [word for word in said if word in str(spans)], "no span holds what was said"


async def test_interrupted_turn_ends_its_trace_as_interrupted(traced: Stack, collector: Collector) -> None:
    turn_id = new_id()
    async with talk(*traced.urls) as client:
        await client.say("Luna, tell me a long story.", turn_id)
        await client.until_event("audio")
        await client.send("interrupt")
        await client.until_event("interrupted")
        traced.unsaid |= client.record.words()
        spans = await trace_of(collector, turn_id, "turn", "answer", "speak")
    (root,) = [span for span in spans if span["name"] == "turn"]
    assert attributes_of(root)["result"] == "interrupted"


async def test_trace_of_a_spoken_turn_shows_the_end_of_speech(traced: Stack, collector: Collector) -> None:
    async with talk(*traced.urls) as client:
        await client.speak("hello_luna.wav")
        accepted = await client.until_event("turn_accepted")
        await client.until_done(accepted["turn_id"])
        traced.unsaid |= client.record.words()
        spans = await trace_of(collector, accepted["turn_id"], "turn", "end of speech", "answer", "speak")
    (heard,) = [span for span in spans if span["name"] == "end of speech"]
    assert heard["service"] == "tertulia-stt"
    assert float(attributes_of(heard)["silence_s"]) > 0
