"""Which processes `tertulia run` starts, and what it tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertulia_cli.exits import MISUSED, Failure
from tertulia_cli.run import plan
from tertulia_cli.settings import RunSettings
from tests.harness.settings_of import settings_of


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunSettings:
    monkeypatch.chdir(tmp_path)  # no .env
    for name in ("OPENROUTER_API_KEY", "TERTULIA_LLM_BASE_URL", "TERTULIA_DRAIN_S", "TERTULIA_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return settings_of(RunSettings, data_dir=tmp_path)


def test_one_of_each_unless_asked_otherwise() -> None:
    assert plan.parse_workers("") == {"stt": 1, "llm": 1, "tts": 1}
    assert plan.parse_workers("tts=2, llm=3") == {"stt": 1, "llm": 3, "tts": 2}


@pytest.mark.parametrize("asked", ["tts", "tts=", "tts=0", "tts=-1", "tts=x", "gateway=2", "tts=65", "tts=2;llm=2"])
def test_what_is_no_number_of_workers_is_refused_with_what_is_allowed(asked: str) -> None:
    with pytest.raises(Failure, match="--workers tts=2,llm=2") as failure:
        plan.parse_workers(asked)
    assert failure.value.code == MISUSED


def test_workers_of_a_stage_have_names_of_their_own(settings: RunSettings) -> None:
    made = plan.workers(settings, plan.parse_workers("tts=2"), {})
    assert [(worker.stage, worker.spec.name) for worker in made] == [
        ("stt", "stt"),
        ("llm", "llm"),
        ("tts", "tts"),
        ("tts", "tts-2"),
    ]
    assert list(made[-1].spec.command[1:]) == ["-m", "tertulia_tts.main"]


def test_services_learn_where_things_are(settings: RunSettings) -> None:
    told = plan.environment(settings, {"PATH": "/bin"}, "unix:///x.sock?db=0")
    assert told["PATH"] == "/bin"
    assert told["TERTULIA_REDIS_URL"] == "unix:///x.sock?db=0"
    assert told["TERTULIA_DATA_DIR"] == str(settings.data_dir)
    assert told["TERTULIA_PORT"] == "8000"


def test_a_server_of_ones_own_means_no_demo(settings: RunSettings) -> None:
    assert not settings.model_copy(update={"llm_base_url": "http://127.0.0.1:11434/v1"}).demo


def test_a_key_means_no_demo(monkeypatch: pytest.MonkeyPatch, settings: RunSettings) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-test")
    assert settings.demo
    assert not settings_of(RunSettings).demo


def test_services_stop_faster_for_a_person_who_waits_unless_a_time_was_set(
    monkeypatch: pytest.MonkeyPatch, settings: RunSettings
) -> None:
    assert plan.drain_s(settings) == plan.DRAIN_S
    monkeypatch.setenv("TERTULIA_DRAIN_S", "30")
    assert plan.drain_s(settings_of(RunSettings)) == 30
    assert plan.gateway(settings_of(RunSettings), {}).grace_s == 30 + plan.GRACE_S


def test_a_redis_that_was_named_is_not_our_own(monkeypatch: pytest.MonkeyPatch, settings: RunSettings) -> None:
    assert settings.own_redis
    monkeypatch.setenv("TERTULIA_REDIS_URL", "redis://127.0.0.1:6379/0")
    assert not settings_of(RunSettings).own_redis


def test_without_a_port_for_metrics_no_service_has_one(settings: RunSettings) -> None:
    assert plan.metrics_ports(settings, plan.parse_workers("")) == {}
    spec = plan.gateway(settings, {})
    assert plan.with_metrics(spec, {}) is spec


def test_services_serve_their_metrics_on_successive_ports_in_the_order_of_their_start(settings: RunSettings) -> None:
    settings = settings.model_copy(update={"metrics_port": 9100})
    counts = plan.parse_workers("tts=2")
    ports = plan.metrics_ports(settings, counts)
    assert ports == {"gateway": 9100, "stt": 9101, "llm": 9102, "tts": 9103, "tts-2": 9104}
    told = {"TERTULIA_METRICS_PORT": "9100", "PATH": "/bin"}
    specs = [plan.gateway(settings, told), *(worker.spec for worker in plan.workers(settings, counts, told))]
    assert {spec.name: spec.environment["TERTULIA_METRICS_PORT"] for spec in specs} == dict.fromkeys(ports, "9100")
    own = {spec.name: plan.with_metrics(spec, ports).environment for spec in specs}
    assert {name: int(each["TERTULIA_METRICS_PORT"]) for name, each in own.items()} == ports
    assert {each["PATH"] for each in own.values()} == {"/bin"}


def test_ports_for_metrics_that_do_not_exist_are_refused_with_what_is_allowed(settings: RunSettings) -> None:
    counts = plan.parse_workers("")
    plan.metrics_ports(settings.model_copy(update={"metrics_port": 65532}), counts)
    with pytest.raises(Failure, match="it can be 65532 at most") as failure:
        plan.metrics_ports(settings.model_copy(update={"metrics_port": 65533}), counts)
    assert failure.value.code == MISUSED


@pytest.mark.parametrize(
    ("host", "reached"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]")]
)
def test_what_listens_everywhere_is_reached_over_loopback(settings: RunSettings, host: str, reached: str) -> None:
    assert settings.model_copy(update={"host": host}).reachable_host == reached
