"""The metrics of turns: latencies, results, failures, tokens."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.metrics import Metrics
from tests.harness.llm import BreakAfter, LLMBench
from tests.harness.scrape import scraped
from tests.harness.virtual_time import virtual_time


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def results(metrics: Metrics) -> dict[str, float]:
    seen = scraped(metrics)
    counts = {name: seen.of("tertulia_llm_turns_total", result=name) for name in ("complete", "interrupted", "failed")}
    return {name: count for name, count in counts.items() if count}


def test_timer_measures_the_time_to_the_first_token_the_first_sentence_and_the_end_of_the_turn() -> None:
    metrics, clock = Metrics(), Clock()
    timer = LLMMetrics(metrics, "openai", clock).start_turn("turn")
    clock.now += 0.5
    timer.token()
    clock.now += 1
    timer.token()
    timer.sentence()
    clock.now += 1
    timer.sentence()
    timer.finish()
    seen = scraped(metrics)
    measured = {
        name: (
            seen.of(f"tertulia_llm_{name}_seconds_count", engine="openai"),
            seen.of(f"tertulia_llm_{name}_seconds_sum", engine="openai"),
        )
        for name in ("first_token", "first_sentence", "turn")
    }
    assert measured == {"first_token": (1, 0.5), "first_sentence": (1, 1.5), "turn": (1, 2.5)}
    assert results(metrics) == {"complete": 1}


@pytest.mark.parametrize("result", ["interrupted", "failed"])
def test_duration_is_not_measured_if_a_turn_does_not_complete(result: str) -> None:
    metrics = Metrics()
    timer = LLMMetrics(metrics, "openai").start_turn("turn")
    timer.set_result("failed" if result == "failed" else "interrupted")
    timer.finish()
    assert results(metrics) == {result: 1}
    assert scraped(metrics).of("tertulia_llm_turn_seconds_count", engine="openai") == 0


def test_token_counts_of_requests_are_added_up() -> None:
    metrics = Metrics()
    stage = LLMMetrics(metrics, "openai")
    stage.count_tokens({"prompt_tokens": 100, "completion_tokens": 7, "cost": 0.1})
    stage.count_tokens({"prompt_tokens": 20})
    stage.count_tokens({"completion_tokens": -5})
    seen = scraped(metrics)
    assert seen.of("tertulia_llm_tokens_total", kind="prompt") == 120
    assert seen.of("tertulia_llm_tokens_total", kind="completion") == 7


@virtual_time
async def test_turn_with_two_replies_counts_as_one_turn() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex")
    await bench.say("Hello, Luna and Rex")
    await bench.work()
    seen = scraped(bench.metrics)
    for name in ("first_token", "first_sentence", "turn"):
        assert seen.of(f"tertulia_llm_{name}_seconds_count", engine="scripted") == 1
    assert results(bench.metrics) == {"complete": 1}
    assert seen.of("tertulia_hop_seconds_count", hop="turns") == 1
    assert seen.total("tertulia_llm_failures_total") == 0


@virtual_time
async def test_request_that_is_repeated_counts_as_a_failed_request_but_not_as_a_failed_turn() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    bench.model.acts = [BreakAfter(0)]
    await bench.say("Hello, Luna")
    await bench.work()
    assert results(bench.metrics) == {"complete": 1}
    assert scraped(bench.metrics).of("tertulia_llm_failures_total", code="llm_unavailable") == 1


@virtual_time
async def test_turn_whose_model_request_is_refused_counts_as_failed() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    bench.model.acts = [BreakAfter(0, ModelFailed("llm_auth", "The key was refused.", retryable=False))]
    await bench.say("Hello, Luna")
    await bench.work()
    assert results(bench.metrics) == {"failed": 1}
    assert scraped(bench.metrics).of("tertulia_llm_failures_total", code="llm_auth") == 1


@virtual_time
async def test_turn_that_the_user_interrupts_counts_as_interrupted() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    await bench.say("Hello, Luna")
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(bench.work())
        while not bench.model.requests:  # noqa: ASYNC110 - on virtual time
            await asyncio.sleep(0.01)
        await bench.interrupt()
        await working
    assert results(bench.metrics) == {"interrupted": 1}


@virtual_time
async def test_turn_that_is_given_up_counts_as_failed() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    await bench.say("Hello, Luna")
    await (await bench.worker()).give_up(await bench.claimed(), "no luck")
    assert results(bench.metrics) == {"failed": 1}
