"""The metrics of a process: names as Prometheus requires, a bounded number of series, no sharing between processes."""

from __future__ import annotations

import re
import sys

import pytest

from tertulia_shared.codec import VERSION
from tertulia_shared.metrics import Health, Metrics, catalogue
from tertulia_shared.metrics.family import CounterFamily, Family, GaugeFamily, HistogramFamily
from tertulia_shared.metrics.health import SILENT_S
from tertulia_shared.metrics.heartbeat import Heartbeat
from tertulia_shared.metrics.hop import Hop
from tests.harness.scrape import scraped

FORBIDDEN = {"conversation", "conversation_id", "message_id", "turn_id", "session_id", "character", "text", "worker"}


def name_of(family: Family) -> str:
    return family.name


@pytest.mark.parametrize("family", catalogue.FAMILIES, ids=name_of)
def test_metric_names_follow_the_conventions_of_prometheus(family: Family) -> None:
    assert re.fullmatch(r"tertulia_[a-z_]+[a-z]", family.name)
    assert isinstance(family, CounterFamily) == family.name.endswith("_total")
    assert family.help.endswith(".")
    if isinstance(family, HistogramFamily):
        assert family.name.endswith(("_seconds", "_ratio"))
        assert list(family.buckets) == sorted(set(family.buckets))


@pytest.mark.parametrize("family", catalogue.FAMILIES, ids=name_of)
def test_metric_labels_never_identify_a_person_or_a_conversation(family: Family) -> None:
    assert not FORBIDDEN.intersection(family.labels)
    listed = [values for values in family.labels.values() if values is not None]
    series = 1
    for values in listed:
        assert len(set(values)) == len(values)
        series *= len(values) + 1
    assert series <= 28


def test_metric_names_are_unique() -> None:
    names = [family.name for family in catalogue.FAMILIES]
    assert len(set(names)) == len(names) > 30


def test_unlisted_label_value_is_counted_as_other() -> None:
    metrics = Metrics()
    for source in ("typed", "sung", "whistled", "typed"):
        metrics.of(catalogue.TURNS, source).inc()
    seen = scraped(metrics)
    assert seen.of("tertulia_turns_total", source="typed") == 2
    assert seen.of("tertulia_turns_total", source="other") == 2
    assert len([name for name, _ in seen.values if name == "tertulia_turns_total"]) == 2


@pytest.mark.parametrize("labels", [(), ("typed", "more")], ids=["none", "too many"])
def test_wrong_number_of_label_values_is_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tertulia_turns_total has the labels"):
        Metrics().of(catalogue.TURNS, *labels)


def test_process_exports_only_its_own_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.of(catalogue.RESUMES).inc(3)
    assert scraped(one).of("tertulia_resumes_total") == 3
    assert not scraped(other).values


def test_series_can_be_exported_from_zero() -> None:
    metrics = Metrics()
    metrics.from_zero(catalogue.TURNS, catalogue.RESUMES, catalogue.TURN_FIRST_TEXT)
    seen = scraped(metrics)
    assert [seen.of("tertulia_turns_total", source=source) for source in ("typed", "spoken")] == [0, 0]
    assert seen.of("tertulia_resumes_total") == 0
    assert seen.of("tertulia_turn_first_text_seconds_count", source="spoken") == 0
    with pytest.raises(ValueError, match="not listed"):
        metrics.from_zero(catalogue.TTS_RATIO)


def test_removed_metric_is_not_exported_until_it_is_used_again() -> None:
    metrics = Metrics()
    metrics.of(catalogue.WORK_WAITING, "tts").set(3)
    metrics.forget(catalogue.WORK_WAITING)
    metrics.forget(catalogue.WORK_WAITING)
    assert not scraped(metrics).has("tertulia_work_waiting")
    metrics.of(catalogue.WORK_WAITING, "tts").set(1)
    assert scraped(metrics).of("tertulia_work_waiting", stage="tts") == 1


def test_service_exports_its_build_and_process_metrics() -> None:
    seen = scraped(Metrics("tts"))
    ((labels, value),) = [(dict(each), value) for (name, each), value in seen.values.items() if name.endswith("_info")]
    assert (labels["service"], labels["schema_version"], value) == ("tts", str(VERSION), 1)
    assert labels["version"]
    assert seen.of("tertulia_healthy") == 0
    if sys.platform == "linux":
        assert seen.of("process_resident_memory_bytes") > 1e6
        assert seen.of("process_cpu_seconds_total") > 0


def test_metric_exports_one_series_without_a_created_timestamp() -> None:
    metrics = Metrics()
    metrics.of(catalogue.RESUMES).inc()
    assert {name for name, _ in scraped(metrics).values} == {"tertulia_resumes_total"}


# -- health


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_process_is_healthy_until_its_last_heartbeat_is_too_old() -> None:
    clock = Clock()
    health = Health(clock)
    health.waits_for("Redis has not answered yet")
    assert health.problem() == "not ready: Redis has not answered yet"
    health.beat()
    assert health.problem() == ""
    clock.now += SILENT_S
    assert health.problem() == ""
    clock.now += 3
    assert health.problem() == (
        "Redis has accepted no heartbeat for 8 s: Redis is unavailable or refuses writes, or this process is stuck"
    )
    health.beat()
    assert health.problem() == ""


# -- heartbeats, hops


async def test_heartbeat_records_health_and_the_round_trip_to_redis() -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(metrics)

    async def sign() -> None:
        return None

    await heartbeat.beat(sign())
    await heartbeat.rest(0)
    seen = scraped(metrics)
    assert metrics.health.problem() == ""
    assert seen.of("tertulia_redis_round_trip_seconds_count") == 1
    assert seen.of("tertulia_event_loop_delay_seconds_count") == 1
    assert seen.of("tertulia_redis_failures_total") == 0


async def test_failed_heartbeat_is_counted_and_does_not_count_as_healthy() -> None:
    metrics = Metrics()

    async def sign() -> None:
        raise ConnectionError("scripted")

    with pytest.raises(ConnectionError):
        await Heartbeat(metrics).beat(sign())
    seen = scraped(metrics)
    assert seen.of("tertulia_redis_failures_total") == 1
    assert seen.of("tertulia_redis_round_trip_seconds_count") == 0
    assert metrics.health.problem()


@pytest.mark.parametrize(
    ("ts", "since_ms", "seconds"),
    [(b"9750", 0, 0.25), (b"10100", 0, 0.0), (b"9000", 9990, 0.01), (b"9995", 9990, 0.005)],
    ids=["under way", "clocks that disagree", "it lay there before it was asked for", "asked for before it came"],
)
def test_hop_latency_is_the_time_from_writer_to_reader(ts: bytes, since_ms: int, seconds: float) -> None:
    metrics = Metrics()
    Hop(metrics, "audio", lambda: 10_000).taken({b"ts": ts}, since_ms=since_ms)
    seen = scraped(metrics)
    assert seen.of("tertulia_hop_seconds_sum", hop="audio") == pytest.approx(seconds)
    assert seen.of("tertulia_hop_seconds_count", hop="audio") == 1


@pytest.mark.parametrize("fields", [{}, {b"ts": b""}, {b"ts": b"soon"}], ids=["none", "empty", "words"])
def test_entry_without_a_time_has_no_hop_latency(fields: dict[bytes, bytes]) -> None:
    metrics = Metrics()
    Hop(metrics, "audio", lambda: 10_000).taken(fields)
    assert scraped(metrics).of("tertulia_hop_seconds_count", hop="audio") == 0


def test_gauge_can_be_increased_decreased_and_set() -> None:
    metrics = Metrics()
    jobs = metrics.of(GaugeFamily("tertulia_test", "A test."))
    jobs.inc(3)
    jobs.dec()
    assert scraped(metrics).of("tertulia_test") == 2
    jobs.set(7)
    assert scraped(metrics).of("tertulia_test") == 7
